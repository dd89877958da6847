// SPDX-License-Identifier: Apache-2.0
//
// Where a batch has [MASK]: the input masked_lm_positions of a pre-training
// plan's `predict`, and which row of masked_lm_log_probs belongs to which mask.
#pragma once

#include <cstdint>
#include <vector>

#include "bertc/status.h"
#include "tasks/RowBatch.h"

namespace bertc {

/// One [MASK] of a batch.
struct MaskSlot {
  size_t feature = 0;
  /// Which mask of the feature, from 0.
  size_t which = 0;
  /// Row of masked_lm_log_probs [B*P,V].
  size_t outputRow = 0;
};

/// The masks of a batch.
struct MaskBatch {
  /// masked_lm_positions [B,P] i32; unused places are 0.
  BatchTensor positions;
  std::vector<MaskSlot> slots;
};

/// Collects the masks of the batch's sequences; `positions` are those of all
/// features (maskPositions()). P is `perRow`. Error: a row with more masks than
/// that, naming the feature that is too much.
StatusOr<MaskBatch>
makeMaskBatch(const RowBatch &batch, size_t batchSize, size_t perRow,
              const std::vector<std::vector<uint32_t>> &positions);

} // namespace bertc
