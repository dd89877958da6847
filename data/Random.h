// SPDX-License-Identifier: Apache-2.0
//
// Random numbers of the data jobs. A generator is made for each piece of work
// from the seed and the piece's coordinates (split, copy, document), so results
// do not depend on which thread does which piece, or when.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace bertc {

/// xoshiro256** (Blackman and Vigna), seeded by SplitMix64 from a list of
/// coordinates.
class Random {
public:
  Random(std::initializer_list<uint64_t> coordinates) {
    uint64_t state = 0x243f6a8885a308d3ULL;
    for (uint64_t coordinate : coordinates) {
      state = splitMix(state) ^ coordinate;
    }
    for (uint64_t &word : state_) {
      word = splitMix(state);
    }
  }

  uint64_t next() {
    uint64_t result = rotate(state_[1] * 5, 7) * 9;
    uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  /// Uniform in [0, 1), 53 bits.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  /// Uniform in [0, bound), bound > 0, without bias (Lemire's method).
  uint64_t below(uint64_t bound) {
    auto product = static_cast<unsigned __int128>(next()) * bound;
    auto low = static_cast<uint64_t>(product);
    if (low < bound) {
      uint64_t threshold = (0 - bound) % bound;
      while (low < threshold) {
        product = static_cast<unsigned __int128>(next()) * bound;
        low = static_cast<uint64_t>(product);
      }
    }
    return static_cast<uint64_t>(product >> 64);
  }

  /// Uniform in [first, last].
  uint64_t between(uint64_t first, uint64_t last) {
    return first + below(last - first + 1);
  }

private:
  static uint64_t splitMix(uint64_t &state) {
    state += 0x9e3779b97f4a7c15ULL;
    uint64_t z = state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
  }
  static uint64_t rotate(uint64_t x, int by) {
    return x << by | x >> (64 - by);
  }

  uint64_t state_[4];
};

} // namespace bertc
