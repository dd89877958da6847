// SPDX-License-Identifier: Apache-2.0
//
// One optimizer update after another: its micro-batches through `train_step`,
// which add their clipped gradients to the accumulators, then
// `apply_gradients`. Knows nothing of files; run/TrainRun.h puts logs,
// checkpoints and signals around it.
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "run/BatchSource.h"
#include "run/RunState.h"
#include "run/Schedule.h"
#include "run/Trace.h"

#include <array>
#include <functional>
#include <map>
#include <string>

namespace bertc {

/// Bit of rng[3] that turns dropout off.
inline constexpr int32_t dropoutOffFlag = 1;

/// The `rng` input of an entry: {seed_lo, seed_hi, step, flags}.
std::array<int32_t, 4> rngInput(uint64_t seed, int64_t step,
                                bool deterministic);

/// What one update did.
struct UpdateReport {
  /// False when `stop` asked to leave before the update was complete; the
  /// variables are then those of the update before.
  bool complete = false;
  /// Means over its micro-batches by their shares, by output name (total_loss,
  /// ...).
  std::map<std::string, double> losses;
  float learningRate = 0;
  double seconds = 0;
  /// Records: rows of batches.
  int64_t examples = 0;
  /// Sequences in them: more when they are packs.
  int64_t sequences = 0;
};

class TrainLoop {
public:
  struct Settings {
    Schedule schedule;
    uint64_t seed = 0;
    bool deterministic = false;
  };

  /// `session` and `source` must outlive the loop; `state` is where it stands,
  /// and where `source` must stand.
  TrainLoop(rt::Session &session, BatchSource &source, Settings settings,
            const RunState &state);

  /// Checks that the plan has the two entries with the inputs they must have,
  /// and prepares them.
  Status prepare();

  /// Called after every micro-batch with its number in the update, from 1, and
  /// its total loss.
  using MicroHook = std::function<void(int64_t, double)>;

  /// Performs one update. `stop` is asked before every micro-batch but the
  /// first; `trace` may be null. A loss that is not finite is an error naming
  /// the step, before it can reach the variables.
  StatusOr<UpdateReport> update(const std::function<bool()> &stop,
                                const MicroHook &onMicro, Trace *trace);

  /// Counters after the last complete update.
  int64_t updateStep() const { return updateStep_; }
  int64_t microStep() const { return microStep_; }
  uint64_t examplesSeen() const { return examplesSeen_; }

private:
  Status microBatch(const MicroBatch &batch, int64_t index,
                    UpdateReport *report, double *loss);
  Status apply(float learningRate);

  rt::Session &session_;
  BatchSource &source_;
  Settings settings_;
  /// Scalar f32 outputs of train_step.
  std::vector<std::string> lossNames_;
  int64_t updateStep_;
  int64_t microStep_;
  uint64_t examplesSeen_;
};

} // namespace bertc
