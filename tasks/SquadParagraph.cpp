// SPDX-License-Identifier: Apache-2.0
//
// One paragraph of SQuAD's JSON, parsed and checked.
#include <fmt/format.h>

#include "support/Json.h"
#include "tasks/SquadReader.h"

namespace bertc {
namespace {

/// Reads one paragraph; every error says where it begins.
class ParagraphParser {
public:
  ParagraphParser(const std::string &path, const RawParagraph &raw)
      : where_(fmt::format("{}:{}:{}", path, raw.line, raw.column)) {}

  StatusOr<SquadParagraph> parse(std::string_view text) {
    BERTC_ASSIGN_OR_RETURN(
        Json json,
        parseJson(text, where_ + ": the paragraph that begins here"));
    SquadParagraph paragraph;
    BERTC_ASSIGN_OR_RETURN(paragraph.context,
                           jsonString(json, "context", where_));
    BERTC_ASSIGN_OR_RETURN(const Json *questions, array(json, "qas", true));
    for (const Json &question : *questions) {
      BERTC_ASSIGN_OR_RETURN(SquadQuestion parsed, parseQuestion(question));
      paragraph.questions.push_back(std::move(parsed));
    }
    return paragraph;
  }

private:
  /// The array of a key; an empty one when it is missing and need not be there.
  StatusOr<const Json *> array(const Json &object, const char *key,
                               bool required) {
    static const Json empty = Json::array();
    if (!object.contains(key) && !required) {
      return &empty;
    }
    if (!object.contains(key) || !object.at(key).is_array()) {
      return corrupt(
          fmt::format("{}: key \"{}\": expected an array", where_, key));
    }
    return &object.at(key);
  }

  StatusOr<SquadQuestion> parseQuestion(const Json &json) {
    SquadQuestion question;
    BERTC_ASSIGN_OR_RETURN(question.id, jsonString(json, "id", where_));
    std::string paragraph = where_;
    where_ += fmt::format(": question '{}'", question.id);
    BERTC_ASSIGN_OR_RETURN(question.text, jsonString(json, "question", where_));
    BERTC_ASSIGN_OR_RETURN(const Json *answers, array(json, "answers", false));
    for (const Json &answer : *answers) {
      BERTC_ASSIGN_OR_RETURN(SquadAnswer parsed, parseAnswer(answer));
      question.answers.push_back(std::move(parsed));
    }
    if (json.contains("is_impossible")) {
      if (!json.at("is_impossible").is_boolean()) {
        return corrupt(fmt::format(
            "{}: key \"is_impossible\": expected true or false", where_));
      }
      question.impossible = json.at("is_impossible").get<bool>();
    }
    where_ = paragraph;
    return question;
  }

  StatusOr<SquadAnswer> parseAnswer(const Json &json) {
    SquadAnswer answer;
    BERTC_ASSIGN_OR_RETURN(answer.text, jsonString(json, "text", where_));
    if (json.contains("answer_start")) {
      BERTC_ASSIGN_OR_RETURN(answer.start,
                             jsonInteger(json, "answer_start", where_));
      if (answer.start < 0) {
        return corrupt(fmt::format("{}: answer_start is {}, expected 0 or more",
                                   where_, answer.start));
      }
    }
    return answer;
  }

  std::string where_;
};

} // namespace

StatusOr<SquadParagraph> parseSquadParagraph(const std::string &path,
                                             const RawParagraph &raw) {
  return ParagraphParser(path, raw).parse(raw.json);
}

} // namespace bertc
