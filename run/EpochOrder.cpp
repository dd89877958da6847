// SPDX-License-Identifier: Apache-2.0
#include "run/EpochOrder.h"

namespace bertc {

namespace {

/// The finaliser of the SplitMix64 generator (Steele, Lea and Flood, 2014).
uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

} // namespace

EpochOrder::EpochOrder(uint64_t size, uint64_t seed, uint64_t epoch)
    : size_(size) {
  while (halfBits_ < 31 && (uint64_t{1} << (2 * halfBits_)) < size) {
    ++halfBits_;
  }
  uint64_t state = mix(seed) ^ mix(epoch + 0x6c62272e07bb0142ull);
  for (uint64_t &key : keys_) {
    state = mix(state);
    key = state;
  }
}

uint64_t EpochOrder::encrypt(uint64_t value) const {
  uint64_t mask = (uint64_t{1} << halfBits_) - 1;
  uint64_t left = value >> halfBits_;
  uint64_t right = value & mask;
  for (uint64_t key : keys_) {
    uint64_t next = left ^ (mix(right ^ key) & mask);
    left = right;
    right = next;
  }
  return (left << halfBits_) | right;
}

uint64_t EpochOrder::at(uint64_t index) const {
  // Walking the cycle of a permutation of the larger range gives a permutation
  // of the smaller one.
  uint64_t value = index;
  do {
    value = encrypt(value);
  } while (value >= size_);
  return value;
}

} // namespace bertc
