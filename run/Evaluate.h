// SPDX-License-Identifier: Apache-2.0
//
// Evaluation of pre-training: the metrics of the reference over all records of
// a set (or the first batches of it). The last batch is padded with rows of
// weight 0 and every total is a sum divided once, so that the result does not
// depend on the batch size.
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "run/RecordSet.h"
#include "run/Workers.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bertc {

/// Sums over examples (f64) of what the entry `evaluate` returns for a batch.
struct EvaluationSums {
  double maskedLmLoss = 0;
  double maskedLmCorrect = 0;
  double maskedLmWeight = 0;
  double nextSentenceLoss = 0;
  double nextSentenceCorrect = 0;
  double nextSentenceCount = 0;
  /// total_loss of each batch times its examples.
  double loss = 0;
  int64_t examples = 0;
  /// Sequences in the examples: more when they are packs.
  int64_t sequences = 0;
};

struct EvaluationResult {
  int64_t globalStep = 0;
  double loss = 0;
  double maskedLmAccuracy = 0;
  double maskedLmLoss = 0;
  double nextSentenceAccuracy = 0;
  double nextSentenceLoss = 0;
  /// Records, and sequences in them.
  int64_t examples = 0;
  int64_t sequences = 0;
  double sequencesPerSecond = 0;
  /// Some rank was asked to stop: the result covers what was done till then.
  bool stopped = false;

  /// (name, value) in the order of eval_results.txt: sorted by name.
  std::vector<std::pair<std::string, std::string>> lines() const;
};

EvaluationResult summarise(const EvaluationSums &sums, int64_t globalStep);

/// Checks that the plan can evaluate these records; done before training, so
/// that hours of it do not end in a usage error.
Status checkEvaluation(const rt::Plan &plan, const RecordSet &records);

/// Runs `evaluate` over the set. maxSteps 0 means all of it. Batches go round
/// the ranks, and every rank gets the result, which has the same bits at any
/// number of them. `stop` is asked before every batch.
StatusOr<EvaluationResult>
evaluate(rt::Session &session, std::shared_ptr<const RecordSet> records,
         int64_t maxSteps, int64_t globalStep, const Workers &workers,
         const std::function<bool()> &stop,
         const std::function<void(int64_t done)> &onBatch);

/// Writes `name = value` lines, atomically.
Status writeEvaluation(const std::string &path, const EvaluationResult &result);

} // namespace bertc
