// SPDX-License-Identifier: Apache-2.0
//
// Ways to fill a pack exactly: the partitions of S into at most K parts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bertc {

/// All ascending lists of 1 to `maxParts` lengths whose sum is `sum`, in
/// lexicographic order, which is the order in which the reference numbers its
/// strategies.
class Partitions {
public:
  Partitions(int sum, int maxParts);

  size_t size() const { return starts_.size() - 1; }
  /// Partition `index` as [begin, end).
  const uint16_t *begin(size_t index) const {
    return parts_.data() + starts_[index];
  }
  const uint16_t *end(size_t index) const {
    return parts_.data() + starts_[index + 1];
  }

  /// The number of a partition; `lengths` ascending. size() when it is none.
  size_t find(const std::vector<uint16_t> &lengths) const;

  /// size() without making them; stops counting beyond `limit`.
  static uint64_t count(int sum, int maxParts, uint64_t limit);

private:
  void extend(int previous, int left, int partsLeft);

  std::vector<uint16_t> parts_;
  std::vector<uint32_t> starts_;
  std::vector<uint16_t> open_;
};

} // namespace bertc
