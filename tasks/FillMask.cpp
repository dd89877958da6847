// SPDX-License-Identifier: Apache-2.0
#include "tasks/FillMask.h"

#include <fmt/format.h>

namespace bertc {

StatusOr<MaskBatch>
makeMaskBatch(const RowBatch &batch, size_t batchSize, size_t perRow,
              const std::vector<std::vector<uint32_t>> &positions) {
  MaskBatch masks;
  masks.positions.name = "masked_lm_positions";
  masks.positions.shape = {static_cast<int64_t>(batchSize),
                           static_cast<int64_t>(perRow)};
  masks.positions.ints.resize(batchSize * perRow);
  std::vector<size_t> used(batchSize);
  for (const BatchSequence &sequence : batch.sequences()) {
    const std::vector<uint32_t> &own = positions[sequence.feature];
    size_t &count = used[sequence.row];
    if (count + own.size() > perRow) {
      return failedPrecondition(fmt::format(
          "text {} has {} masks, the plan has room for {} in a row; compile it "
          "with a larger --max-predictions-per-seq",
          sequence.feature + 1, own.size(), perRow - count));
    }
    for (size_t i = 0; i < own.size(); ++i) {
      size_t outputRow = sequence.row * perRow + count++;
      masks.positions.ints[outputRow] =
          static_cast<int32_t>(sequence.offset + own[i]);
      masks.slots.push_back({sequence.feature, i, outputRow});
    }
  }
  return masks;
}

} // namespace bertc
