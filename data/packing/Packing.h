// SPDX-License-Identifier: Apache-2.0
//
// The ways to make a packing plan from a histogram of lengths.
#pragma once

#include <cstdint>

#include "bertc/status.h"
#include "data/packing/PackingPlan.h"

namespace bertc {

enum class PackingMethod : uint8_t {
  /// Whichever of the others takes the fewest packs.
  Fewest,
  /// Sequences from long to short, each into the fullest pack it fits ("longest
  /// pack first").
  LongestFirst,
  /// The same into the emptiest pack ("shortest pack first").
  ShortestFirst,
  /// The reference's: non-negative least squares over all partitions of S into
  /// at most K lengths, rounded, again for what is left.
  LeastSquares,
  /// The linear program of cutting stock, rounded down: within a few packs of
  /// the fewest that there can be.
  Linear,
};

inline constexpr PackingMethod packingMethods[] = {
    PackingMethod::Fewest, PackingMethod::LongestFirst,
    PackingMethod::ShortestFirst, PackingMethod::LeastSquares,
    PackingMethod::Linear};

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

/// No packing of `histogram` takes fewer packs than this: neither tokens nor
/// sequences nor those longer than half a pack would fit.
uint64_t fewestPacksPossible(const LengthHistogram &histogram,
                             int maxSequencesPerPack);

/// The methods one by one; planPacking() checks arguments and result.
PackingPlan planLongestFirst(const LengthHistogram &histogram,
                             int maxSequencesPerPack);
PackingPlan planShortestFirst(const LengthHistogram &histogram,
                              int maxSequencesPerPack);
PackingPlan planLeastSquares(const LengthHistogram &histogram,
                             int maxSequencesPerPack);
PackingPlan planLinear(const LengthHistogram &histogram,
                       int maxSequencesPerPack);

} // namespace bertc
