// SPDX-License-Identifier: Apache-2.0
//
// Where to put buffers whose lifetimes are known, so that those alive at the
// same time do not overlap and the whole is small. A plain library: no IR, no
// I/O.
//
//   std::vector<ArenaRequest> requests = {{256, 0, 3}, {64, 2, 5}};
//   ArenaPlan plan = planArena(requests);
//   // plan.offsets[i] is the byte offset of requests[i]
#pragma once

#include <cstdint>
#include <vector>

namespace bertc {

/// Bytes of a buffer and the positions from the first to the last (inclusive)
/// at which it must keep its content; first <= last.
struct ArenaRequest {
  int64_t bytes = 0;
  uint32_t first = 0;
  uint32_t last = 0;
};

struct ArenaPlan {
  /// Byte offset of each request, a multiple of the alignment.
  std::vector<int64_t> offsets;
  /// Bytes from 0 to the end of the last buffer.
  int64_t bytes = 0;
};

/// Every buffer starts at a multiple of this, a cache line.
constexpr int64_t kArenaAlignment = 64;

/// Places all buffers: largest first, each into the gap that fits best among
/// the buffers alive at the same time; of several orders of placing, the one
/// that needs least, improved by some moves. Deterministic.
ArenaPlan planArena(const std::vector<ArenaRequest> &requests);

/// Largest sum of (aligned) bytes alive at one position: no plan needs less.
int64_t arenaLowerBound(const std::vector<ArenaRequest> &requests);

} // namespace bertc
