// SPDX-License-Identifier: Apache-2.0
#include "text/Vocabulary.h"

#include <fmt/format.h>

#include "io/Files.h"
#include "text/Utf8.h"

namespace bertc {
namespace {

// Larger than any vocabulary in use by three orders of magnitude.
constexpr uint64_t sizeLimit = 1ULL << 30;

std::string_view withoutTrailingSpace(std::string_view line) {
  size_t end = line.find_last_not_of(" \t\r\n\v\f");
  return line.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

} // namespace

const std::vector<std::string> &specialTokenNames() {
  static const std::vector<std::string> names = {"[PAD]", "[UNK]", "[CLS]",
                                                 "[SEP]", "[MASK]"};
  return names;
}

StatusOr<Vocabulary> Vocabulary::load(const std::string &path) {
  BERTC_ASSIGN_OR_RETURN(std::string text, readFile(path, sizeLimit));
  const std::string suffix = ".json";
  bool isJson =
      path.size() > suffix.size() &&
      path.compare(path.size() - suffix.size(), suffix.size(), suffix) == 0;
  return isJson ? parseTokenizerJson(text, path) : parse(text, path);
}

StatusOr<Vocabulary> Vocabulary::parse(std::string_view text,
                                       const std::string &name) {
  Vocabulary vocabulary;
  if (text.empty()) {
    return corrupt(name + ": the vocabulary is empty");
  }
  bool firstEndsInCr = false;
  size_t lineNumber = 0;
  while (!text.empty()) {
    ++lineNumber;
    size_t newline = text.find('\n');
    std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size()
                                                         : newline + 1);
    bool endsInCr = !line.empty() && line.back() == '\r';
    if (lineNumber == 1) {
      firstEndsInCr = endsInCr;
    } else if (endsInCr != firstEndsInCr && newline != std::string_view::npos) {
      return corrupt(fmt::format(
          "{}: line {} ends in {} but line 1 in {}; the file was edited by "
          "programs that disagree, make all line ends the same",
          name, lineNumber, endsInCr ? "CR LF" : "LF",
          firstEndsInCr ? "CR LF" : "LF"));
    }
    BERTC_RETURN_IF_ERROR(vocabulary.add(line, lineNumber, name));
  }
  BERTC_RETURN_IF_ERROR(vocabulary.findSpecialTokens(name));
  return vocabulary;
}

Status Vocabulary::add(std::string_view line, size_t lineNumber,
                       const std::string &name) {
  if (!isValidUtf8(line)) {
    return corrupt(fmt::format("{}: line {} is not valid UTF-8 (byte {})", name,
                               lineNumber, validUtf8Prefix(line) + 1));
  }
  std::string_view token = withoutTrailingSpace(line);
  if (token.empty()) {
    return corrupt(fmt::format("{}: line {} is empty; every line is a token, "
                               "the last one too",
                               name, lineNumber));
  }
  auto id = static_cast<int32_t>(tokens_.size());
  auto [known, isNew] = ids_.emplace(token, id);
  if (!isNew) {
    return corrupt(fmt::format("{}: line {} repeats the token '{}' of line {}",
                               name, lineNumber, token, known->second + 1));
  }
  tokens_.emplace_back(token);
  return Status();
}

Status Vocabulary::findSpecialTokens(const std::string &name) {
  int32_t *targets[] = {&pad_, &unknown_, &cls_, &sep_, &mask_};
  for (size_t i = 0; i < specialTokenNames().size(); ++i) {
    const std::string &token = specialTokenNames()[i];
    *targets[i] = id(token);
    if (*targets[i] < 0) {
      return corrupt(fmt::format("{}: special token {} is missing from the {} "
                                 "tokens of this vocabulary",
                                 name, token, tokens_.size()));
    }
  }
  return Status();
}

int32_t Vocabulary::id(std::string_view token) const {
  auto found = ids_.find(std::string(token));
  return found == ids_.end() ? -1 : found->second;
}

bool Vocabulary::continuesWord(int32_t id) const {
  const std::string &text = token(id);
  return text.size() >= 2 && text[0] == '#' && text[1] == '#';
}

} // namespace bertc
