// SPDX-License-Identifier: Apache-2.0
//
// Greedy offset assignment. The idea is that of Pisarchyk and Lee, "Efficient
// Memory Management for Deep Neural Net Inference" (2020): buffers are placed
// one by one, and each looks only at those placed before it that are alive at
// the same time.

#include "passes/memory/ArenaPlanner.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace bertc {

namespace {

int64_t aligned(int64_t bytes) {
  return (bytes + kArenaAlignment - 1) / kArenaAlignment * kArenaAlignment;
}

bool overlap(const ArenaRequest &a, const ArenaRequest &b) {
  return a.first <= b.last && b.first <= a.last;
}

/// Places requests in the given order.
ArenaPlan place(const std::vector<ArenaRequest> &requests,
                const std::vector<uint32_t> &order) {
  ArenaPlan plan;
  plan.offsets.assign(requests.size(), 0);
  // Indices of placed requests by ascending offset.
  std::vector<uint32_t> placed;
  placed.reserve(requests.size());
  for (uint32_t index : order) {
    const ArenaRequest &request = requests[index];
    int64_t size = aligned(request.bytes);
    int64_t end = 0, best = -1, bestGap = 0;
    for (uint32_t other : placed) {
      if (!overlap(request, requests[other])) {
        continue;
      }
      int64_t gap = plan.offsets[other] - end;
      if (gap >= size && (best < 0 || gap < bestGap)) {
        best = end;
        bestGap = gap;
      }
      end = std::max(end, plan.offsets[other] + aligned(requests[other].bytes));
    }
    plan.offsets[index] = best < 0 ? end : best;
    plan.bytes = std::max(plan.bytes, plan.offsets[index] + size);
    auto position = std::upper_bound(placed.begin(), placed.end(), index,
                                     [&](uint32_t a, uint32_t b) {
                                       return plan.offsets[a] < plan.offsets[b];
                                     });
    placed.insert(position, index);
  }
  return plan;
}

/// Moves a request that ends at the top of `plan`, which places them in
/// `order`, before one that is alive at the same time, as `state` draws them.
/// False when there is none such.
bool moveTopForward(const std::vector<ArenaRequest> &requests,
                    const ArenaPlan &plan, uint64_t &state,
                    std::vector<uint32_t> &order) {
  auto draw = [&](size_t count) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<size_t>(state >> 33) % count;
  };
  std::vector<size_t> tops, earlier;
  for (size_t i = 0; i < order.size(); ++i) {
    int64_t end = plan.offsets[order[i]] + aligned(requests[order[i]].bytes);
    if (end == plan.bytes) {
      tops.push_back(i);
    }
  }
  size_t top = tops[draw(tops.size())];
  for (size_t i = 0; i < top; ++i) {
    if (overlap(requests[order[i]], requests[order[top]])) {
      earlier.push_back(i);
    }
  }
  if (earlier.empty()) {
    return false;
  }
  auto from = order.begin() + static_cast<ptrdiff_t>(top);
  auto to =
      order.begin() + static_cast<ptrdiff_t>(earlier[draw(earlier.size())]);
  std::rotate(to, from, from + 1);
  return true;
}

/// Tries some changes of `order`, keeps those that do no harm.
ArenaPlan improve(const std::vector<ArenaRequest> &requests,
                  std::vector<uint32_t> order, int64_t bound) {
  // Plans of BERT gain nothing after the eighth.
  constexpr int kTries = 12;
  uint64_t state = 1;
  ArenaPlan best = place(requests, order);
  for (int i = 0; i < kTries && best.bytes > bound; ++i) {
    std::vector<uint32_t> changed = order;
    if (!moveTopForward(requests, best, state, changed)) {
      break;
    }
    ArenaPlan plan = place(requests, changed);
    if (plan.bytes <= best.bytes) {
      best = std::move(plan);
      order = std::move(changed);
    }
  }
  return best;
}

} // namespace

int64_t arenaLowerBound(const std::vector<ArenaRequest> &requests) {
  std::vector<std::pair<uint64_t, int64_t>> events;
  events.reserve(2 * requests.size());
  for (const ArenaRequest &request : requests) {
    // Ends sort after starts of the same position: both are alive there.
    events.emplace_back(2 * uint64_t{request.first}, aligned(request.bytes));
    events.emplace_back(2 * uint64_t{request.last} + 1,
                        -aligned(request.bytes));
  }
  std::sort(events.begin(), events.end());
  int64_t live = 0, peak = 0;
  for (const auto &[position, bytes] : events) {
    live += bytes;
    peak = std::max(peak, live);
  }
  return peak;
}

ArenaPlan planArena(const std::vector<ArenaRequest> &requests) {
  std::vector<uint32_t> order(requests.size());
  std::iota(order.begin(), order.end(), 0);
  auto span = [&](uint32_t i) { return requests[i].last - requests[i].first; };
  auto bySize = [&](uint32_t a, uint32_t b) {
    return requests[a].bytes != requests[b].bytes
               ? requests[a].bytes > requests[b].bytes
               : span(a) > span(b);
  };
  auto byLifetime = [&](uint32_t a, uint32_t b) {
    return span(a) != span(b) ? span(a) > span(b)
                              : requests[a].bytes > requests[b].bytes;
  };
  auto byStart = [&](uint32_t a, uint32_t b) {
    return requests[a].first != requests[b].first
               ? requests[a].first < requests[b].first
               : requests[a].bytes > requests[b].bytes;
  };
  int64_t bound = arenaLowerBound(requests);
  std::stable_sort(order.begin(), order.end(), bySize);
  ArenaPlan best = place(requests, order);
  auto attempt = [&](auto less) {
    if (best.bytes == bound) {
      return;
    }
    std::stable_sort(order.begin(), order.end(), less);
    ArenaPlan plan = place(requests, order);
    if (plan.bytes < best.bytes) {
      best = std::move(plan);
    }
  };
  attempt(byLifetime);
  attempt(byStart);
  if (best.bytes > bound) {
    // In the order of starts, as the last attempt left it.
    ArenaPlan plan = improve(requests, order, bound);
    best = plan.bytes < best.bytes ? std::move(plan) : best;
  }
  return best;
}

} // namespace bertc
