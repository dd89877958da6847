// SPDX-License-Identifier: Apache-2.0
//
// All windows of a file through the entry `predict` of a plan, packed or not.
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "tasks/SquadPredictions.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace bertc {

/// What it took.
struct SquadPass {
  uint64_t rows = 0;
  uint64_t batches = 0;
  double seconds = 0;
  /// `stop` ended it before the last window.
  bool stopped = false;
};

/// Checks that `plan` puts out start_logits and end_logits for each of its
/// sequences.
Status checkSquadPlan(const rt::Plan &plan);

/// Runs every window and adds its logits to `predictor`, which was made for
/// `features`. The rows of a packed plan are packs of up to K windows. `stop`
/// is asked before every batch; `onWindows` hears how many were done in each.
StatusOr<SquadPass>
predictWindows(rt::Session &session, const SquadFeatures &features,
               SquadPredictor *predictor, const std::function<bool()> &stop,
               const std::function<void(size_t windows)> &onWindows);

} // namespace bertc
