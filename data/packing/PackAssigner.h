// SPDX-License-Identifier: Apache-2.0
//
// Which sequence goes into which pack: sequences of one length fill the places
// for that length in a random order that is computed, not stored.
#pragma once

#include <cstdint>
#include <vector>

#include "data/packing/PackingPlan.h"

namespace bertc {

/// A pseudo-random permutation of [0, size) by a keyed Feistel network, walking
/// on while outside. Needs no memory.
class KeyedPermutation {
public:
  KeyedPermutation() = default;
  KeyedPermutation(uint64_t size, uint64_t key);

  uint64_t operator()(uint64_t index) const;

private:
  uint64_t size_ = 0;
  uint64_t key_ = 0;
  int halfBits_ = 1;
};

/// Hands out the places of a plan. Packs are numbered from 0 on by kind.
class PackAssigner {
public:
  PackAssigner(const PackingPlan &plan, uint64_t seed);

  /// The pack of the next sequence of `length` tokens; packs() when the plan
  /// has no place for one more.
  uint64_t next(size_t length);

  /// A key that puts packs into a random order; different for each pack.
  uint64_t orderKey(uint64_t pack) const;

  uint64_t packs() const { return packs_; }
  /// Whether every place was handed out.
  bool complete() const;

private:
  /// Places for one length in one kind of packs.
  struct Places {
    /// Place number within the length at which they begin.
    uint64_t first;
    uint64_t firstPack;
    /// How many each pack has.
    uint64_t perPack;
  };
  struct Length {
    std::vector<Places> places;
    uint64_t total = 0;
    uint64_t used = 0;
    KeyedPermutation order;
  };

  std::vector<Length> lengths_;
  uint64_t packs_ = 0;
  uint64_t seed_ = 0;
};

} // namespace bertc
