// SPDX-License-Identifier: Apache-2.0
//
// What the model of scaling (Scaling.h) takes from measurements: the result of
// `bert-run bench --json`, a training run's log (bert_dllog.json), and the
// result of bertc-allreduce-bench.
//
//   BERTC_ASSIGN_OR_RETURN(MeasuredStep step, readMeasuredStep("bench.json"));
#pragma once

#include "bertc/status.h"
#include "compiler/inspect/Scaling.h"

#include <cstdint>
#include <optional>
#include <string>

namespace bertc {

/// The times of one rank.
struct MeasuredStep {
  double stepSeconds = 0;
  /// apply_gradients, and how much slower the step after it is; 0 when they are
  /// in stepSeconds already, as in a log.
  double updateSeconds = 0;
  /// Of a step.
  double sequences = 0;
  int64_t threads = 0;
  /// Of a log only: the run's accumulation, and its plan.
  std::optional<int64_t> accumulation;
  std::string planSha256;
};

/// Reads a bench result or a log, whichever it is. Of a log the throughput at
/// the end counts, else the mean of all displayed updates but the first.
/// Errors: Corrupt; FailedPrecondition when the bench timed another entry than
/// train_step, or the log is of several ranks, of packed records or without a
/// finished update.
StatusOr<MeasuredStep> readMeasuredStep(const std::string &path);

/// Links as bertc-allreduce-bench found them.
struct MeasuredLinks {
  ScalingLink link;
  int64_t hosts = 1;
  std::string precision;
};

StatusOr<MeasuredLinks> readMeasuredLinks(const std::string &path);

} // namespace bertc
