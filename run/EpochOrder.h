// SPDX-License-Identifier: Apache-2.0
//
// The order in which training visits its records. Each epoch is a different
// pseudo-random permutation that can be evaluated at any index without being
// stored, so a position in the data is one number and resuming is exact.
#pragma once

#include <array>
#include <cstdint>

namespace bertc {

/// The permutation of [0, size) that belongs to (seed, epoch): a Feistel
/// network over the next even power of two, walked until it lands in range
/// (four steps at most on average). Same numbers on any machine.
class EpochOrder {
public:
  EpochOrder(uint64_t size, uint64_t seed, uint64_t epoch);

  /// Record at `index` of the epoch; index < size.
  uint64_t at(uint64_t index) const;

private:
  static constexpr int numRounds = 8;

  uint64_t encrypt(uint64_t value) const;

  uint64_t size_;
  unsigned halfBits_ = 1;
  std::array<uint64_t, numRounds> keys_;
};

} // namespace bertc
