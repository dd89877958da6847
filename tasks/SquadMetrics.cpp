// SPDX-License-Identifier: Apache-2.0
#include "tasks/SquadMetrics.h"

#include <algorithm>

#include <fmt/format.h>

#include "support/Json.h"
#include "tasks/PythonFormat.h"
#include "tasks/PythonText.h"
#include "tasks/SquadReader.h"
#include "text/Utf8.h"

namespace bertc {
namespace {

constexpr size_t mostIds = 10;

bool isAsciiPunctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') ||
         (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

bool isArticle(std::string_view word) {
  return word == "a" || word == "an" || word == "the";
}

/// `text` with a space in the place of each article, where a word is what \w
/// matches: an accent behind a letter, say, ends one.
std::string withoutArticles(std::string_view text) {
  std::string out;
  const auto *begin = reinterpret_cast<const uint8_t *>(text.data());
  const uint8_t *p = begin, *end = begin + text.size(), *word = begin;
  auto finish = [&](const uint8_t *at) {
    std::string_view run = text.substr(static_cast<size_t>(word - begin),
                                       static_cast<size_t>(at - word));
    out += isArticle(run) ? " " : run;
  };
  while (p != end) {
    const uint8_t *here = p;
    if (!isPythonWordCharacter(decodeUtf8(p))) {
      finish(here);
      out.append(here, p);
      word = p;
    }
  }
  finish(end);
  return out;
}

/// Adds up the scores of questions one by one, in the order of the data.
class Scorer {
public:
  explicit Scorer(const SquadPredictionMap &predictions)
      : predictions_(predictions) {}

  void add(const std::string &id, const std::vector<std::string> &gold) {
    if (gold.empty()) {
      ++scores_.withoutGold;
      return;
    }
    ++scores_.total;
    auto found = predictions_.find(id);
    if (found == predictions_.end()) {
      ++scores_.unanswered;
      if (scores_.unansweredIds.size() < mostIds) {
        scores_.unansweredIds.push_back(id);
      }
      return;
    }
    bool exact = false;
    double f1 = 0;
    for (const std::string &text : gold) {
      exact = exact || exactMatchScore(found->second, text);
      f1 = std::max(f1, f1Score(found->second, text));
    }
    exact_ += exact ? 1 : 0;
    f1_ += f1;
  }

  StatusOr<SquadScores> finish(const std::string &what) {
    if (scores_.total == 0) {
      return failedPrecondition(fmt::format(
          "{}no question has a gold answer to score against", what));
    }
    auto total = static_cast<double>(scores_.total);
    scores_.exactMatch = 100.0 * static_cast<double>(exact_) / total;
    scores_.f1 = 100.0 * f1_ / total;
    return std::move(scores_);
  }

private:
  const SquadPredictionMap &predictions_;
  SquadScores scores_;
  uint64_t exact_ = 0;
  double f1_ = 0;
};

StatusOr<SquadPredictionMap> loadPredictions(const std::string &path) {
  BERTC_ASSIGN_OR_RETURN(std::string text, readFile(path, 1ULL << 30));
  BERTC_ASSIGN_OR_RETURN(Json json, parseJson(text, path));
  if (!json.is_object()) {
    return corrupt(
        fmt::format("{}: expected an object of answers by question", path));
  }
  SquadPredictionMap predictions;
  for (const auto &[id, answer] : json.items()) {
    if (!answer.is_string()) {
      return corrupt(
          fmt::format("{}: question '{}': expected a string", path, id));
    }
    predictions.emplace(id, answer.get<std::string>());
  }
  return predictions;
}

} // namespace

std::string normalizeAnswer(std::string_view text) {
  std::string valid;
  appendValidUtf8(text, &valid);
  std::string lower = pythonLower(valid);
  lower.erase(std::remove_if(lower.begin(), lower.end(), isAsciiPunctuation),
              lower.end());
  return joinedWords(withoutArticles(lower));
}

bool exactMatchScore(std::string_view prediction, std::string_view gold) {
  return normalizeAnswer(prediction) == normalizeAnswer(gold);
}

double f1Score(std::string_view prediction, std::string_view gold) {
  std::string predictedText = normalizeAnswer(prediction);
  std::string goldText = normalizeAnswer(gold);
  std::vector<std::string_view> predicted = pythonSplit(predictedText);
  std::vector<std::string_view> expected = pythonSplit(goldText);
  std::sort(predicted.begin(), predicted.end());
  std::sort(expected.begin(), expected.end());
  std::vector<std::string_view> common;
  std::set_intersection(predicted.begin(), predicted.end(), expected.begin(),
                        expected.end(), std::back_inserter(common));
  if (common.empty()) {
    return 0;
  }
  auto same = static_cast<double>(common.size());
  double precision = same / static_cast<double>(predicted.size());
  double recall = same / static_cast<double>(expected.size());
  return (2 * precision * recall) / (precision + recall);
}

std::string SquadScores::json() const {
  return fmt::format("{{\"exact_match\": {}, \"f1\": {}}}",
                     pythonFloat(exactMatch), pythonFloat(f1));
}

SquadPredictionMap predictionMap(const std::vector<SquadAnswers> &answers) {
  SquadPredictionMap map;
  for (const SquadAnswers &answer : answers) {
    map.emplace(answer.id, answer.best.front().text);
  }
  return map;
}

StatusOr<SquadScores> scoreSquad(const SquadFeatures &features,
                                 const SquadPredictionMap &predictions) {
  Scorer scorer(predictions);
  for (const SquadExample &example : features.examples()) {
    scorer.add(example.id, example.goldAnswers);
  }
  return scorer.finish("");
}

StatusOr<SquadScores> scoreSquadFiles(const std::string &dataPath,
                                      const std::string &predictionsPath) {
  BERTC_ASSIGN_OR_RETURN(SquadPredictionMap predictions,
                         loadPredictions(predictionsPath));
  BERTC_ASSIGN_OR_RETURN(SquadReader reader, SquadReader::open(dataPath));
  Scorer scorer(predictions);
  for (;;) {
    BERTC_ASSIGN_OR_RETURN(std::optional<RawParagraph> raw, reader.next());
    if (!raw) {
      return scorer.finish(dataPath + ": ");
    }
    BERTC_ASSIGN_OR_RETURN(SquadParagraph paragraph,
                           parseSquadParagraph(dataPath, *raw));
    for (const SquadQuestion &question : paragraph.questions) {
      std::vector<std::string> gold;
      for (const SquadAnswer &answer : question.answers) {
        gold.push_back(answer.text);
      }
      scorer.add(question.id,
                 question.impossible ? std::vector<std::string>() : gold);
    }
  }
}

} // namespace bertc
