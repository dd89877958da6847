// SPDX-License-Identifier: Apache-2.0
//
// The ways to make a packing plan from a histogram of lengths.
#pragma once

#include <cstdint>

#include "bertc/status.h"
#include "data/packing/PackingPlan.h"

namespace bertc {

enum class PackingMethod : uint8_t {
  /// Sequences from long to short, each into the fullest pack it fits ("longest
  /// pack first").
  LongestFirst,
  /// The same into the emptiest pack ("shortest pack first").
  ShortestFirst,
  /// The reference's: non-negative least squares over all partitions of S into
  /// at most K lengths, rounded, again for what is left.
  LeastSquares,
};

inline constexpr PackingMethod packingMethods[] = {PackingMethod::LongestFirst,
                                                   PackingMethod::ShortestFirst,
                                                   PackingMethod::LeastSquares};

/// Most sequences that a pack may be asked to hold.
constexpr int maxSequencesPerPackLimit = 16;

/// Least squares takes time and memory with the number of partitions, which
/// grows with S^(K-1); more than this is InvalidArgument.
constexpr uint64_t maxPartitions = 4U << 20;

/// Packs every sequence of `histogram` (S = size - 1) once, at most
/// `maxSequencesPerPack` to a pack.
StatusOr<PackingPlan> planPacking(const LengthHistogram &histogram,
                                  int maxSequencesPerPack,
                                  PackingMethod method);

/// The methods one by one; planPacking() checks arguments and result.
PackingPlan planLongestFirst(const LengthHistogram &histogram,
                             int maxSequencesPerPack);
PackingPlan planShortestFirst(const LengthHistogram &histogram,
                              int maxSequencesPerPack);
PackingPlan planLeastSquares(const LengthHistogram &histogram,
                             int maxSequencesPerPack);

} // namespace bertc
