// SPDX-License-Identifier: Apache-2.0
//
// Reading typed features of records, with errors that name them.
#pragma once

#include <cstdint>
#include <vector>

#include "bertc/status.h"
#include "io/Example.h"

namespace bertc {

/// The values of feature `name`; Corrupt when it is missing or of another type.
StatusOr<std::vector<int64_t>> readInts(const ExampleView &example,
                                        const char *name);
StatusOr<std::vector<float>> readFloats(const ExampleView &example,
                                        const char *name);

/// Corrupt unless feature `a` has as many values as feature `b`.
Status sameLength(const char *a, size_t aSize, const char *b, size_t bSize);

/// The same for what plain and packed records have one of for each token and
/// each prediction.
template <typename Record> Status sameTokenLengths(const Record &record) {
  size_t tokens = record.inputIds.size();
  size_t predictions = record.maskedPositions.size();
  BERTC_RETURN_IF_ERROR(
      sameLength("input_mask", record.inputMask.size(), "input_ids", tokens));
  BERTC_RETURN_IF_ERROR(
      sameLength("segment_ids", record.segmentIds.size(), "input_ids", tokens));
  BERTC_RETURN_IF_ERROR(sameLength("masked_lm_ids", record.maskedIds.size(),
                                   "masked_lm_positions", predictions));
  return sameLength("masked_lm_weights", record.maskedWeights.size(),
                    "masked_lm_positions", predictions);
}

} // namespace bertc
