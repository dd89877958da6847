// SPDX-License-Identifier: Apache-2.0
//
// Packed sequences: the keys that each query may attend to, and the mask that
// says the same to kernels that know no ranges. B rows of S positions.
#pragma once

#include "bertc/status.h"

#include <cstdint>

namespace bertc::rt::kernels {

/// ranges[b, s] = {first, last + 1} of the positions of row b whose number is
/// numbers[b, s], {0, 0} where that is 0. InvalidArgument when a sequence is
/// not in one piece; the ranges are then undefined.
Status keyRanges(int64_t rows, int64_t positions, const int32_t *numbers,
                 int32_t *ranges);

/// mask[b, s, t] = 0 where ranges[b, s, 0] <= t < ranges[b, s, 1], else
/// -10000. Any ranges will do.
void rangeMask(int64_t rows, int64_t positions, const int32_t *ranges,
               float *mask);

} // namespace bertc::rt::kernels
