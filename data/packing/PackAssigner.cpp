// SPDX-License-Identifier: Apache-2.0
#include "data/packing/PackAssigner.h"

#include <algorithm>

namespace bertc {
namespace {

constexpr int rounds = 4;

/// The finaliser of SplitMix64: a bijection of 64-bit numbers.
uint64_t mix(uint64_t z) {
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
  return z ^ z >> 31;
}

} // namespace

KeyedPermutation::KeyedPermutation(uint64_t size, uint64_t key)
    : size_(size), key_(key) {
  while (halfBits_ < 32 && (uint64_t{1} << (2 * halfBits_)) < size) {
    ++halfBits_;
  }
}

uint64_t KeyedPermutation::operator()(uint64_t index) const {
  const uint64_t mask = (uint64_t{1} << halfBits_) - 1;
  do {
    uint64_t left = index >> halfBits_, right = index & mask;
    for (uint64_t round = 0; round < rounds; ++round) {
      uint64_t next = left ^ (mix(key_ + (right << 3 | round)) & mask);
      left = right;
      right = next;
    }
    index = left << halfBits_ | right;
  } while (index >= size_);
  return index;
}

PackAssigner::PackAssigner(const PackingPlan &plan, uint64_t seed)
    : lengths_(static_cast<size_t>(plan.maxSequenceLength) + 1),
      seed_(mix(seed ^ 0x5bd1e9955bd1e995ULL)) {
  for (const PackKind &kind : plan.kinds) {
    for (auto at = kind.lengths.begin(); at != kind.lengths.end();) {
      auto end = std::upper_bound(at, kind.lengths.end(), *at);
      auto perPack = static_cast<uint64_t>(end - at);
      Length &length = lengths_[*at];
      length.places.push_back({length.total, packs_, perPack});
      length.total += perPack * kind.count;
      at = end;
    }
    packs_ += kind.count;
  }
  for (size_t i = 0; i < lengths_.size(); ++i) {
    lengths_[i].order = KeyedPermutation(lengths_[i].total, mix(seed_ + i));
  }
}

uint64_t PackAssigner::next(size_t length) {
  if (length >= lengths_.size() ||
      lengths_[length].used == lengths_[length].total) {
    return packs_;
  }
  Length &of = lengths_[length];
  uint64_t place = of.order(of.used++);
  auto after = std::upper_bound(
      of.places.begin(), of.places.end(), place,
      [](uint64_t value, const Places &p) { return value < p.first; });
  const Places &places = *(after - 1);
  return places.firstPack + (place - places.first) / places.perPack;
}

uint64_t PackAssigner::orderKey(uint64_t pack) const {
  return mix(pack + seed_);
}

bool PackAssigner::complete() const {
  return std::all_of(lengths_.begin(), lengths_.end(),
                     [](const Length &l) { return l.used == l.total; });
}

} // namespace bertc
