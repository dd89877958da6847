// SPDX-License-Identifier: Apache-2.0
//
// From logits to answers: the best spans of all windows of a question, their
// text as it stands in the context, their probabilities, and the reference's
// two files.
//
//   SquadPredictor predictor(features, tokenizer, {});
//   predictor.add(feature, startLogits, endLogits, S);   // every feature
//   BERTC_ASSIGN_OR_RETURN(auto answers, predictor.finish(jobs));
//   BERTC_RETURN_IF_ERROR(writePredictions(dir + "/predictions.json", ...));
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bertc/status.h"
#include "tasks/SquadFeatures.h"
#include "text/WordPieceTokenizer.h"

namespace bertc {

struct SquadPredictionOptions {
  /// Answers of a question, and starts and ends looked at in a window.
  int nBest = 20;
  /// Pieces.
  int maxAnswerLength = 30;
};

struct SquadPrediction {
  std::string text;
  double probability = 0;
  double startLogit = 0;
  double endLogit = 0;
};

/// The answers to a question, best first; at least one, which is "empty" when
/// no span is possible.
struct SquadAnswers {
  std::string id;
  std::vector<SquadPrediction> best;
};

/// Collects the results of every window; keeps the nBest starts and ends of
/// each.
class SquadPredictor {
public:
  /// `features` and `tokenizer` must outlive it.
  SquadPredictor(const SquadFeatures &features,
                 const WordPieceTokenizer &tokenizer,
                 const SquadPredictionOptions &options);

  /// Logits of `count` positions from the window's [CLS] on: all S, padding
  /// included, as the reference has it, or those of the window alone (packed
  /// rows). Error: a value that is not finite, fewer positions than tokens.
  /// Features may come in any order and from several threads, each once.
  Status add(size_t feature, const float *startLogits, const float *endLogits,
             size_t count);

  /// The answers to all questions in the order of the file. Error: a feature
  /// was not added.
  StatusOr<std::vector<SquadAnswers>> finish(int jobs) const;

private:
  struct Candidate {
    uint32_t position;
    float logit;
  };
  struct Result {
    std::vector<Candidate> starts, ends;
  };
  struct Span;

  std::vector<Candidate> best(const float *logits, size_t count) const;
  std::vector<Span> spans(const SquadExample &example) const;
  std::string spanText(const SquadExample &example, const Span &span) const;
  SquadAnswers answer(const SquadExample &example) const;

  const SquadFeatures *features_;
  const WordPieceTokenizer *tokenizer_;
  SquadPredictionOptions options_;
  std::vector<Result> results_;
};

/// The part of `original` that `predicted` (pieces put together) stands for, by
/// aligning both without spaces; `original` when that cannot be done
/// (get_final_text).
std::string recoverText(const CodePointMap &map, std::string_view predicted,
                        const std::string &original);

/// predictions.json: {"id": "text"}.
Status writePredictions(const std::string &path,
                        const std::vector<SquadAnswers> &answers);
/// nbest_predictions.json: {"id": [{"text", "probability", "start_logit",
/// "end_logit"}]}.
Status writeNbestPredictions(const std::string &path,
                             const std::vector<SquadAnswers> &answers);

} // namespace bertc
