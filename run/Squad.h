// SPDX-License-Identifier: Apache-2.0
//
// `bert-run squad`: questions in the JSON of SQuAD, answered from their
// contexts. Checks first (flags, plan, vocabulary, questions), then predicts,
// writes the reference's files and scores them.
#pragma once

#include "run/Pretrain.h"
#include "run/TextModel.h"
#include "tasks/SquadMetrics.h"
#include "tasks/SquadPredictions.h"

#include <cstdint>
#include <optional>
#include <string>

namespace bertc {

struct SquadRunOptions {
  /// Plan, vocabulary, tokenizer, threads; `weights` is --init-checkpoint, used
  /// when outputDir has no checkpoint.
  TextModelOptions model;
  PlanExpectations expected;
  bool doPredict = false;
  /// Also predicts, then scores.
  bool doEval = false;
  std::string predictFile;
  std::string outputDir;
  int docStride = 128;
  int maxQueryLength = 64;
  SquadPredictionOptions prediction;
};

struct SquadRunResult {
  uint64_t questions = 0;
  /// Questions that the predict file has no answer to.
  uint64_t withoutAnswer = 0;
  /// What the questions became, the rows these were put in, and batches.
  uint64_t windows = 0;
  uint64_t rows = 0;
  uint64_t batches = 0;
  /// From the first batch to the last logits.
  double seconds = 0;
  /// The files that were written; empty when a signal stopped the run.
  std::string predictions;
  std::string nbestPredictions;
  std::optional<SquadScores> scores;
  /// A signal asked to stop.
  bool stopped = false;
};

/// Does what `options` say. Errors: flags that do not go together or disagree
/// with the plan, what TextModel and readSquad refuse, doEval with a file that
/// has no answers, a logit that is not finite.
StatusOr<SquadRunResult> runSquad(const SquadRunOptions &options);

} // namespace bertc
