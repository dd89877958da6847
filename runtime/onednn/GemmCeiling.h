// SPDX-License-Identifier: Apache-2.0
//
// The GEMM-only ceiling of an entry: what its matmuls alone cost in oneDNN,
// each in the layout it likes best, on random data. A step cannot be faster by
// much than this on the same machine at the same time, so the ratio of the two
// is an honest figure anywhere.
#pragma once

#include "bertc/runtime.h"

#include <string>

namespace bertc::rt {

/// Seconds that the matmuls of one run of `entry` take alone: for each distinct
/// shape the median of seven runs in the best of all layouts, times the number
/// of steps of that shape. Uses `threads` OpenMP threads (0: as sessions do).
/// Errors: NotFound, ResourceExhausted.
StatusOr<double> gemmCeilingSeconds(const Plan &plan, const std::string &entry,
                                    int threads = 0);

} // namespace bertc::rt
