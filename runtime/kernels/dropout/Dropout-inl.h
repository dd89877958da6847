// SPDX-License-Identifier: Apache-2.0
//
// Philox and the keep masks of dropout on vectors, for this kernel and for
// those that have dropout fused in. Equal to runtime/kernels/philox/Philox.h
// on every instruction set, bit for bit.

#if defined(BERTC_RUNTIME_KERNELS_DROPOUT_DROPOUT_INL_H_) ==                   \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_DROPOUT_DROPOUT_INL_H_
#undef BERTC_RUNTIME_KERNELS_DROPOUT_DROPOUT_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_DROPOUT_DROPOUT_INL_H_
#endif

#include "runtime/kernels/common/Simd-inl.h"
#include "runtime/kernels/dropout/Dropout.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

using DU64 = hn::Repartition<uint64_t, DF>;
using VU64 = hn::Vec<DU64>;

// Words of memory keepBlock() needs for a block of kBlock elements: a block
// may begin and end inside a group.
constexpr size_t kKeepWords = kBlock + 2 * philox::kGroup;

// One Philox block for each 64-bit lane. Only the low half of a lane counts:
// the widening multiplication ignores the upper one, so that garbage may stay
// there and a round is two multiplications, two shuffles and four xors.
struct PhiloxLanes {
  VU64 c0, c1, c2, c3;
};

// The keys of all rounds, spread over the lanes.
struct PhiloxKeys {
  VU64 k0[philox::kRounds], k1[philox::kRounds];
};

HWY_INLINE PhiloxKeys philoxKeys(uint32_t key0, uint32_t key1) {
  PhiloxKeys keys;
  for (int round = 0; round < philox::kRounds; ++round) {
    keys.k0[round] = hn::Set(DU64(), key0);
    keys.k1[round] = hn::Set(DU64(), key1);
    key0 += philox::kWeyl0;
    key1 += philox::kWeyl1;
  }
  return keys;
}

// Halves of lanes change places; a shuffle, since shifts compete with the
// multiplications for a port of the CPU.
HWY_INLINE VU64 swapHalves(VU64 v) {
#if HWY_TARGET == HWY_SCALAR
  return hn::RotateRight<32>(v);
#else
  return hn::BitCast(DU64(), hn::Shuffle2301(hn::BitCast(DU(), v)));
#endif
}

HWY_INLINE void philoxRounds(PhiloxLanes &c, const PhiloxKeys &keys) {
  const DU du;
  const VU m0 = hn::Set(du, philox::kMultiplier0);
  const VU m1 = hn::Set(du, philox::kMultiplier1);
  for (int round = 0; round < philox::kRounds; ++round) {
    VU64 p0 = hn::MulEven(hn::BitCast(du, c.c0), m0);
    VU64 p1 = hn::MulEven(hn::BitCast(du, c.c2), m1);
    c.c0 = hn::Xor3(swapHalves(p1), c.c1, keys.k0[round]);
    c.c1 = p1;
    c.c2 = hn::Xor3(swapHalves(p0), c.c3, keys.k1[round]);
    c.c3 = p0;
  }
}

// Low halves of two lane vectors, interleaved: even, odd, even, odd...
HWY_INLINE VU interleaveLow(VU64 even, VU64 odd) {
  const DU du;
  return hn::OddEven(hn::BitCast(du, swapHalves(odd)), hn::BitCast(du, even));
}

// Stores the keep masks of sixteen-element slots 2 * word and 2 * word + 1.
HWY_INLINE void storeKeep(VU bits, VI limit, int word, size_t lane,
                          uint32_t *HWY_RESTRICT masks) {
  const DU du;
  const DI di;
  VI low = hn::BitCast(di, hn::And(bits, hn::Set(du, 0xffff)));
  VI high = hn::BitCast(di, hn::ShiftRight<16>(bits));
  uint32_t *p = masks + 2 * word * philox::kGroupBlocks + lane;
  hn::StoreU(hn::BitCast(du, hn::VecFromMask(di, hn::Gt(low, limit))), du, p);
  hn::StoreU(hn::BitCast(du, hn::VecFromMask(di, hn::Gt(high, limit))), du,
             p + philox::kGroupBlocks);
}

// Keep masks (all ones or zero) of `groups` groups of 128 elements.
[[maybe_unused]] static HWY_NOINLINE void
keepGroups(const DropoutState &state, uint64_t group, size_t groups,
           uint32_t *HWY_RESTRICT masks) {
  const DU64 du64;
  const VI limit =
      hn::Set(DI(), static_cast<int32_t>(state.scale.threshold) - 1);
  const PhiloxKeys keys = philoxKeys(state.key.seedLo, state.key.seedHi);
  const VU64 evens = hn::ShiftLeft<1>(hn::Iota(du64, 0));
  for (size_t g = 0; g < groups; ++g, ++group, masks += philox::kGroup) {
    uint64_t first = group * philox::kGroupBlocks;
    const VU64 high = hn::Set(du64, first >> 32);
    const VU64 op = hn::Set(du64, state.key.opId);
    const VU64 step = hn::Set(du64, state.key.step);
    for (size_t lane = 0; lane < philox::kGroupBlocks; lane += kLanes) {
      VU64 blocks = hn::Add(hn::Set(du64, first + lane), evens);
      PhiloxLanes even = {blocks, high, op, step};
      PhiloxLanes odd = {hn::Add(blocks, hn::Set(du64, 1)), high, op, step};
      philoxRounds(even, keys);
      philoxRounds(odd, keys);
      storeKeep(interleaveLow(even.c0, odd.c0), limit, 0, lane, masks);
      storeKeep(interleaveLow(even.c1, odd.c1), limit, 1, lane, masks);
      storeKeep(interleaveLow(even.c2, odd.c2), limit, 2, lane, masks);
      storeKeep(interleaveLow(even.c3, odd.c3), limit, 3, lane, masks);
    }
  }
}

// Keep masks of elements [begin, begin + n), n <= kBlock; `words` has
// kKeepWords.
HWY_INLINE const uint32_t *keepBlock(const DropoutState &state, int64_t begin,
                                     size_t n, uint32_t *HWY_RESTRICT words) {
  int64_t group = begin / philox::kGroup;
  int64_t end = begin + static_cast<int64_t>(n);
  int64_t groups = (end + philox::kGroup - 1) / philox::kGroup - group;
  keepGroups(state, static_cast<uint64_t>(group), static_cast<size_t>(groups),
             words);
  return words + (begin - group * philox::kGroup);
}

// y[i] = keep[i] ? x[i] * factor : 0 for dense f32; y may be x.
HWY_INLINE void dropBlock(const float *x, const uint32_t *keep, float factor,
                          float *y, size_t n) {
  const DU du;
  const DF df;
  const VF scale = splat(factor);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    VF kept = hn::BitCast(df, hn::LoadU(du, keep + i));
    hn::StoreU(hn::And(kept, hn::Mul(hn::LoadU(df, x + i), scale)), df, y + i);
  }
  for (; i < n; ++i) {
    y[i] = keep[i] != 0 ? x[i] * factor : 0.0f;
  }
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
