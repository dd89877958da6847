// SPDX-License-Identifier: Apache-2.0
//
// The random numbers of dropout, in scalar form: the Philox4x32-10 counter
// based generator (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as
// easy as 1, 2, 3", SC 2011) and the mapping from an element of a tensor to its
// keep decision. No state and no dependencies: the reference interpreter and
// the SIMD kernels share this definition, so that a plan drops the same
// elements in either, at any number of threads and on any CPU.
//
//   DropoutKey key{seedLo, seedHi, step, opId};
//   DropoutScale scale = dropoutScale(0.1f);
//   y[i] = dropoutKeeps(key, scale, i) ? x[i] * scale.factor : 0;
#pragma once

#include <array>
#include <cstdint>

namespace bertc::philox {

inline constexpr uint32_t kMultiplier0 = 0xD2511F53u;
inline constexpr uint32_t kMultiplier1 = 0xCD9E8D57u;
inline constexpr uint32_t kWeyl0 = 0x9E3779B9u;
inline constexpr uint32_t kWeyl1 = 0xBB67AE85u;
inline constexpr int kRounds = 10;

/// Elements of a tensor that share one group of sixteen Philox blocks.
inline constexpr int64_t kGroup = 128;
/// Philox blocks of a group: element e takes block e % 16, slot e / 16.
inline constexpr int64_t kGroupBlocks = 16;

/// Bit of rng[3] that turns dropout off.
inline constexpr uint32_t kFlagDropoutOff = 1;

using Block = std::array<uint32_t, 4>;

/// The 128 random bits of `counter` under `key`.
inline Block philox4x32(Block counter, uint32_t key0, uint32_t key1) {
  for (int round = 0; round < kRounds; ++round) {
    uint64_t product0 = uint64_t{kMultiplier0} * counter[0];
    uint64_t product1 = uint64_t{kMultiplier1} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key0,
               static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key1,
               static_cast<uint32_t>(product0)};
    key0 += kWeyl0;
    key1 += kWeyl1;
  }
  return counter;
}

/// What identifies the random stream of one dropout operation at one step.
struct DropoutKey {
  uint32_t seedLo = 0;
  uint32_t seedHi = 0;
  uint32_t step = 0;
  uint32_t opId = 0;
};

/// A dropout rate as the generator applies it: elements whose 16-bit number is
/// below `threshold` are dropped, the others are multiplied by `factor`.
struct DropoutScale {
  uint32_t threshold = 0;
  float factor = 1.0f;
};

/// Threshold and factor of a rate in [0, 1). threshold = round(rate * 2^16);
/// factor = 1 / (1 - threshold / 2^16), computed in double. Threshold 0 means
/// that dropout is the identity.
inline DropoutScale dropoutScale(float rate) {
  DropoutScale scale;
  scale.threshold =
      static_cast<uint32_t>(static_cast<double>(rate) * 65536.0 + 0.5);
  if (scale.threshold >= 65536) {
    scale.threshold = 65535;
  }
  scale.factor = static_cast<float>(1.0 / (1.0 - scale.threshold / 65536.0));
  return scale;
}

/// The 16-bit number of the element at row-major position `index`.
inline uint32_t dropoutBits(const DropoutKey &key, uint64_t index) {
  uint64_t group = index / kGroup;
  uint32_t element = static_cast<uint32_t>(index % kGroup);
  uint32_t slot = element / kGroupBlocks;
  uint64_t block = group * kGroupBlocks + element % kGroupBlocks;
  Block out =
      philox4x32({static_cast<uint32_t>(block),
                  static_cast<uint32_t>(block >> 32), key.opId, key.step},
                 key.seedLo, key.seedHi);
  uint32_t word = out[slot / 2];
  return (slot & 1) != 0 ? word >> 16 : word & 0xffffu;
}

/// True when the element at row-major position `index` is kept.
inline bool dropoutKeeps(const DropoutKey &key, const DropoutScale &scale,
                         uint64_t index) {
  return dropoutBits(key, index) >= scale.threshold;
}

} // namespace bertc::philox
