// SPDX-License-Identifier: Apache-2.0
#include "tools/synapse-stand-in/Workspace.h"
#include "tools/synapse-stand-in/DeviceMemory.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace bertc::standin {

namespace {

/// The lowest offset where `bytes` fit between the live blocks.
uint64_t lowestGap(const std::map<uint64_t, uint64_t> &live, uint64_t bytes) {
  uint64_t start = 0;
  for (const auto &[offset, end] : live) {
    if (offset - start >= bytes) {
      break;
    }
    start = end;
  }
  return start;
}

} // namespace

uint64_t planWorkspace(std::vector<Lifetime> &lifetimes) {
  std::vector<size_t> order(lifetimes.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return lifetimes[a].first < lifetimes[b].first;
  });
  // Live blocks by offset, and by the step after which they end.
  std::map<uint64_t, uint64_t> live;
  std::multimap<uint32_t, uint64_t> ends;
  uint64_t total = 0;
  for (size_t index : order) {
    Lifetime &lifetime = lifetimes[index];
    while (!ends.empty() && ends.begin()->first < lifetime.first) {
      live.erase(ends.begin()->second);
      ends.erase(ends.begin());
    }
    uint64_t bytes = (lifetime.bytes + deviceAlignment - 1) / deviceAlignment *
                     deviceAlignment;
    lifetime.offset = lowestGap(live, bytes);
    live[lifetime.offset] = lifetime.offset + bytes;
    ends.emplace(lifetime.last, lifetime.offset);
    total = std::max(total, lifetime.offset + bytes);
  }
  return total;
}

} // namespace bertc::standin
