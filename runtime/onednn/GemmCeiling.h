// SPDX-License-Identifier: Apache-2.0
//
// The GEMM-only ceiling of an entry: what its matmuls alone cost in oneDNN,
// each in the layout it likes best, on random data. A step cannot be faster by
// much than this on the same machine at the same time, so the ratio of the two
// is an honest figure anywhere.
#pragma once

#include "bertc/runtime.h"
#include "runtime/onednn/Products.h"

#include <string>
#include <vector>

namespace bertc::rt {

/// A distinct product of an entry, alone.
struct GemmTime {
  GemmShape shape;
  /// Times one run of the entry makes it.
  int count = 0;
  /// Seconds of one: the median of seven runs in the best of all layouts.
  double seconds = 0;
  /// That layout, of a and b: "n" row-major, "t" column-major, "p" packed as
  /// the library likes it.
  std::string layout;
  std::string implementation;
};

/// Times each distinct product of `entry` alone, on `threads` OpenMP threads
/// (0: as sessions do); `rows` as for productsOfStep(). Errors: NotFound,
/// ResourceExhausted.
StatusOr<std::vector<GemmTime>> timeProducts(const Plan &plan,
                                             const std::string &entry,
                                             int threads = 0,
                                             const RowLengths &rows = {});

/// Seconds of all products of one run.
double ceilingSeconds(const std::vector<GemmTime> &times);

} // namespace bertc::rt
