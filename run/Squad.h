// SPDX-License-Identifier: Apache-2.0
//
// `bert-run squad`: questions in the JSON of SQuAD, answered from their
// contexts, as the reference's run_squad.py has it. Training, prediction and
// scoring in one run or several.
#pragma once

#include "bertc/status.h"
#include "run/FineTune.h"
#include "tasks/SquadMetrics.h"
#include "tasks/SquadPredictions.h"

#include <cstdint>
#include <optional>
#include <string>

namespace bertc {

struct SquadRunOptions {
  FineTuneOptions tuning;
  bool doPredict = false;
  /// Also predicts, then scores.
  bool doEval = false;
  std::string trainFile, predictFile;
  int docStride = 128;
  int maxQueryLength = 64;
  SquadPredictionOptions prediction;
};

/// What became of the predict file.
struct SquadAnswered {
  uint64_t questions = 0;
  /// Questions that the file has no answer to.
  uint64_t withoutAnswer = 0;
  uint64_t windows = 0;
  double windowsPerSecond = 0;
  /// Of the model that answered.
  int64_t globalStep = 0;
  /// The files that were written.
  std::string predictions, nbestPredictions;
  std::optional<SquadScores> scores;
};

struct SquadRunResult {
  TrainResult training;
  /// Absent when nothing was to be answered, or a signal came first.
  std::optional<SquadAnswered> answered;
};

/// Does what `options` say, in the order train, predict, score. All files are
/// read and judged before anything starts. Writes checkpoints,
/// predictions.json, nbest_predictions.json and eval_results.txt to the output
/// folder. Errors: flags that do not go together or disagree with the plan,
/// what FineTune and readSquad refuse, doEval with a file that has no answers,
/// a logit that is not finite.
StatusOr<SquadRunResult> runSquad(const SquadRunOptions &options);

} // namespace bertc
