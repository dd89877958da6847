// SPDX-License-Identifier: Apache-2.0
//
// Exact match and F1 by the rules of SQuAD's official evaluation script.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bertc/status.h"
#include "tasks/SquadPredictions.h"

namespace bertc {

/// Lower case, without ASCII punctuation and the articles a, an, the, words
/// separated by one space; text that is not UTF-8 loses the invalid bytes.
std::string normalizeAnswer(std::string_view text);

/// Whether both are the same after normalizeAnswer().
bool exactMatchScore(std::string_view prediction, std::string_view gold);
/// Harmonic mean of precision and recall over words, in [0, 1].
double f1Score(std::string_view prediction, std::string_view gold);

/// What the official script prints, and what it was made from.
struct SquadScores {
  /// Percent.
  double exactMatch = 0;
  double f1 = 0;
  /// Questions that count.
  uint64_t total = 0;
  /// Questions without a prediction: they score 0; the first ten ids.
  uint64_t unanswered = 0;
  std::vector<std::string> unansweredIds;
  /// Questions without a gold answer: they do not count (the official script
  /// stops at them).
  uint64_t withoutGold = 0;

  /// {"exact_match": 81.2, "f1": 88.5} as the official script prints it.
  std::string json() const;
};

/// Predicted text by question.
using SquadPredictionMap = std::unordered_map<std::string, std::string>;
SquadPredictionMap predictionMap(const std::vector<SquadAnswers> &answers);

/// Scores predictions against the gold answers of features that were read
/// without `training`. Error: no question has a gold answer.
StatusOr<SquadScores> scoreSquad(const SquadFeatures &features,
                                 const SquadPredictionMap &predictions);

/// The official script: data set and predictions.json.
StatusOr<SquadScores> scoreSquadFiles(const std::string &dataPath,
                                      const std::string &predictionsPath);

} // namespace bertc
