// SPDX-License-Identifier: Apache-2.0
//
// The linear program behind packing: with how few packs can places for all
// sequences be made, when fractions of packs are allowed? Solved by generating
// patterns as they are needed (Gilmore and Gomory, "A linear programming
// approach to the cutting-stock problem", 1961).
#pragma once

#include <cstdint>
#include <vector>

#include <Eigen/Core>

namespace bertc {

/// How much of a pattern, a list of ascending lengths, to use.
struct PatternUse {
  std::vector<uint16_t> lengths;
  double packs = 0;
};

struct CuttingStockSolution {
  std::vector<PatternUse> patterns;
  /// No packing takes fewer packs.
  double lowerBound = 0;
};

/// `lengths` ascending and different, `counts` of each > 0. A place for a
/// length may hold a shorter sequence. Deterministic.
CuttingStockSolution solveCuttingStock(const std::vector<int> &lengths,
                                       const std::vector<double> &counts,
                                       int packLength, int maxParts);

} // namespace bertc
