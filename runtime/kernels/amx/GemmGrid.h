// SPDX-License-Identifier: Apache-2.0
//
// How a product is cut: into one part a thread, and a part into what the caches
// hold. Sizes were found on a core with 48 KiB L1 and 2 MiB L2 cache.
#pragma once

#include "runtime/core/PackedCopies.h"
#include "runtime/kernels/amx/Panels.h"

#include <algorithm>
#include <cstddef>

namespace bertc::rt::kernels::amx {

/// Up to here all of K is one pass and a block of A has 512 rows; above, K is
/// cut, and C is kept in f32 between the cuts.
inline constexpr int64_t kShallowSteps = 32;
inline constexpr int64_t kShallowPanels = 16;
inline constexpr int64_t kDeepPanels = 8;
/// Columns, in panels, whose sums a deep block keeps.
inline constexpr int64_t kDeepColumns = 32;
/// Steps of a panel that stay in the L1 cache.
inline constexpr int64_t kChunkSteps = 16;

/// `begin` to `end` of some panels.
struct PanelRange {
  int64_t begin = 0, end = 0;
  int64_t size() const { return end - begin; }
};

/// Part `index` of `parts` of the panels [0, count).
inline PanelRange partOf(int64_t count, int64_t parts, int64_t index) {
  return {count * index / parts, count * (index + 1) / parts};
}

/// Parts along rows and columns. Threads share rows, so that each reads mostly
/// what it wrote before; they share columns where B is so much larger than A
/// that only one of them should read any part of it, or rows are too few.
struct GemmGrid {
  int64_t rows = 1, cols = 1;

  GemmGrid(int64_t m, int64_t n, int threads) {
    int64_t all = std::max(threads, 1);
    int64_t rowPanels = panelsOf(m), colPanels = panelsOf(n);
    if (n > 4 * m) {
      cols = std::min(all, colPanels);
      rows = std::min(all / cols, rowPanels);
    } else {
      rows = std::min(all, ceilDiv(rowPanels, 4));
      cols = std::min(all / rows, colPanels);
    }
  }
  int64_t parts() const { return rows * cols; }
};

inline bool isShallow(int64_t k) { return stepsOf(k) <= kShallowSteps; }

/// Even chunks of at most kChunkSteps.
inline int64_t chunkOf(int64_t steps) {
  return ceilDiv(steps, ceilDiv(steps, kChunkSteps));
}

/// What of B [k, n] is turned at a time: all of it where kTurnedBytes have room
/// for that. Otherwise, of a shallow B, as many panels as they have; of a deep
/// one, a range of K that the L2 caches keep, so that a large A is brought into
/// tiles once. A range is of some chunks, at least two.
struct TurnedPart {
  int64_t panels, steps;

  TurnedPart(int64_t n, int64_t k) : panels(panelsOf(n)), steps(stepsOf(k)) {
    constexpr int64_t kRangeBytes = int64_t{2} << 20;
    constexpr int64_t kStepBytes = kStepHalves * 2;
    if (panels * steps * kStepBytes <= kTurnedBytes) {
      return;
    }
    if (isShallow(k)) {
      panels = std::max<int64_t>(kTurnedBytes / (steps * kStepBytes), 1);
    } else {
      int64_t chunks = kRangeBytes / (panels * kStepBytes * kChunkSteps);
      steps = std::min(steps, std::max<int64_t>(chunks, 2) * kChunkSteps);
    }
  }
  size_t bytes() const {
    return static_cast<size_t>(panels * steps * kStepHalves * 2);
  }
};

/// Bytes of the block of A and of the sums that one part keeps.
inline size_t blockBytesOfA(int64_t m, int64_t k) {
  int64_t panels =
      std::min(panelsOf(m), isShallow(k) ? kShallowPanels : kDeepPanels);
  int64_t steps = isShallow(k) ? stepsOf(k) : chunkOf(stepsOf(k));
  return static_cast<size_t>(2 * panels * steps * kTileBytes);
}
inline size_t sumBytes(int64_t m, int64_t n, int64_t k) {
  int64_t blocks =
      std::min(panelsOf(m), kDeepPanels) * std::min(panelsOf(n), kDeepColumns);
  return isShallow(k) ? 0 : static_cast<size_t>(blocks * kPanel * kPanel * 4);
}

} // namespace bertc::rt::kernels::amx
