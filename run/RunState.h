// SPDX-License-Identifier: Apache-2.0
//
// Everything besides weights and optimizer slots that a run needs to go on bit
// for bit. It travels inside the checkpoint as the uint8 tensor
// `bertc/run_state` (JSON text), which TensorFlow reads and ignores; there is
// no second file that could be of another age. Checkpoints are written between
// optimizer updates, when the gradient accumulators are zero, so those need
// not be kept.
#pragma once

#include "bertc/status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc {

/// Name of the tensor that holds the state.
inline constexpr char runStateName[] = "bertc/run_state";

/// What identifies a set of records.
struct DataIdentity {
  uint64_t records = 0;
  uint64_t bytes = 0;
  /// Hash of file names, sizes and record counts.
  std::string digest;
};

struct RunState {
  /// Optimizer updates done; equals `global_step`.
  int64_t updateStep = 0;
  /// Micro-batches done, by all ranks; the `step` of the dropout generator.
  int64_t microStep = 0;
  /// Records drawn from the endless shuffled stream.
  uint64_t examplesSeen = 0;
  uint64_t seed = 0;
  bool deterministic = false;
  int64_t accumulationSteps = 1;
  int64_t trainSteps = 0;
  int64_t warmupSteps = 0;
  double learningRate = 0;
  uint32_t batchSize = 0;
  int threads = 0;
  /// Ranks; each has accumulationSteps micro-batches of an update.
  int workers = 1;
  std::string planHash;
  DataIdentity data;

  std::string toJson() const;
  /// Corrupt, saying which key is at fault.
  static StatusOr<RunState> fromJson(const std::string &text);
};

/// Compares the state found in a checkpoint with what this run is about to do.
/// Refuses a change that would silently make it another run (seed, data,
/// batch size, accumulation); changes that a user makes on purpose
/// (longer schedule, another rate, a recompiled plan, another thread count) are
/// allowed and returned as notes, one sentence each. So is another number of
/// workers, with the same accumulation each, or the same together; where the
/// data end (`finite`), only the latter.
StatusOr<std::vector<std::string>>
checkResume(const RunState &saved, const RunState &planned, bool finite);

} // namespace bertc
