// SPDX-License-Identifier: Apache-2.0
//
// A plan small enough to be written by hand that has everything a training run
// touches: batches, dropout, accumulators, AdamW, evaluation sums. It learns to
// make a table's rows small.
#pragma once

#include "test/unit/runtime/PlanBuilder.h"

#include <cstdint>

namespace bertc::test {

struct TrainPlanShape {
  uint32_t batch = 4;
  uint32_t sequence = 8;
  int64_t rows = 64;
  int64_t width = 4;
  /// train_step also takes what test/unit/tasks/FakeFeatures.h asks for, and
  /// example_weights; it makes no use of them.
  bool features = false;
  /// The gradient of a micro-batch is clipped to this norm; 0: it is not.
  double clip = 0;
  /// There is train_step_last, which exchanges gradients as a plan compiled for
  /// several workers does. Needs a clip.
  bool exchange = false;
  bool microBatches = false;
};

/// Entries train_step, apply_gradients, evaluate and predict; variables
/// `bert/table` with slots. Takes input_ids [batch, sequence].
rt::test::PlanBuilder trainPlan(const TrainPlanShape &shape = {});

} // namespace bertc::test
