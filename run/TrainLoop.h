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
#include "run/UpdateExchange.h"

#include <array>
#include <functional>
#include <string>
#include <vector>

namespace bertc {

/// Bit of rng[3] that turns dropout off.
inline constexpr int32_t dropoutOffFlag = 1;

/// The `rng` input of an entry: {seed_lo, seed_hi, step, flags}.
std::array<int32_t, 4> rngInput(uint64_t seed, int64_t step,
                                bool deterministic);

class TrainLoop {
public:
  struct Settings {
    Schedule schedule;
    uint64_t seed = 0;
    bool deterministic = false;
    /// Those that share the updates; every rank runs a loop like this one, with
    /// its own micro-batches.
    Workers workers;
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
  /// first; one rank that is asked to leave is enough for all. `trace` may be
  /// null. A loss that is not finite is an error naming
  /// the step, before it can reach the variables.
  StatusOr<UpdateReport> update(const std::function<bool()> &stop,
                                const MicroHook &onMicro, Trace *trace);

  /// Counters after the last complete update.
  int64_t updateStep() const { return updateStep_; }
  int64_t microStep() const { return microStep_; }
  uint64_t examplesSeen() const { return examplesSeen_; }

  const UpdateExchange &exchange() const { return exchange_; }

private:
  /// What a micro-batch was.
  struct MicroDone {
    /// The last one of its update.
    bool ended = false;
    /// All ranks have added up their gradients.
    bool exchanged = false;
    double loss = 0;
  };

  Status microBatch(const char *entry, const MicroBatch &batch,
                    UpdateReport *report, double *loss);
  StatusOr<bool> nextMicroBatch(Trace *trace, UpdateReport *report,
                                MicroDone *done);
  StatusOr<bool> accumulate(const std::function<bool()> &stop,
                            const MicroHook &onMicro, Trace *trace,
                            UpdateReport *report, bool *exchanged);
  StatusOr<bool> addUp(bool last, bool gradients, Trace *trace,
                       UpdateReport *report);
  Status apply(float learningRate);

  rt::Session &session_;
  BatchSource &source_;
  Settings settings_;
  UpdateExchange exchange_;
  /// Scalar f32 outputs of train_step.
  std::vector<std::string> lossNames_;
  int64_t updateStep_;
  int64_t microStep_;
  uint64_t examplesSeen_;
};

} // namespace bertc
