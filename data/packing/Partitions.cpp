// SPDX-License-Identifier: Apache-2.0
#include "data/packing/Partitions.h"

#include <algorithm>

namespace bertc {
namespace {

/// Partitions of `left` into at most `parts` parts of at least `least`.
uint64_t countFrom(int least, int left, int parts, uint64_t limit) {
  if (parts == 0) {
    return 0;
  }
  // One part is always a way; two or more begin with at most half.
  uint64_t total = left >= least ? 1 : 0;
  for (int first = least; first <= left / 2 && total <= limit; ++first) {
    total += countFrom(first, left - first, parts - 1, limit - total);
  }
  return total;
}

} // namespace

Partitions::Partitions(int sum, int maxParts) {
  starts_.push_back(0);
  extend(1, sum, maxParts);
}

/// Adds the partitions that begin with open_.
void Partitions::extend(int previous, int left, int partsLeft) {
  if (partsLeft == 0) {
    return;
  }
  if (partsLeft > 1) {
    for (int first = previous; first <= left / 2; ++first) {
      open_.push_back(static_cast<uint16_t>(first));
      extend(first, left - first, partsLeft - 1);
      open_.pop_back();
    }
  }
  if (left >= previous) {
    parts_.insert(parts_.end(), open_.begin(), open_.end());
    parts_.push_back(static_cast<uint16_t>(left));
    starts_.push_back(static_cast<uint32_t>(parts_.size()));
  }
}

size_t Partitions::find(const std::vector<uint16_t> &lengths) const {
  size_t low = 0, high = size();
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (std::lexicographical_compare(begin(middle), end(middle),
                                     lengths.begin(), lengths.end())) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  bool found = low < size() &&
               std::equal(begin(low), end(low), lengths.begin(), lengths.end());
  return found ? low : size();
}

uint64_t Partitions::count(int sum, int maxParts, uint64_t limit) {
  return countFrom(1, sum, maxParts, limit);
}

} // namespace bertc
