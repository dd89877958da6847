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
// there and a round is two multiplications, two shuffles and two xors.
struct PhiloxLanes {
  VU64 c0, c1, c2, c3;
};

// What the second round adds for blocks with the same upper half of their
// number.
struct PhiloxSecond {
  uint64_t c2, c3;
};

HWY_INLINE PhiloxSecond philoxSecond(const PhiloxSchedule &s, uint64_t high) {
  uint64_t c0 = (s.firstProduct1 >> 32) ^ high ^ s.keys0[0];
  uint64_t product0 = uint64_t{philox::kMultiplier0} * c0;
  return {(product0 >> 32) ^ s.keys1[1], product0 & 0xffffffffu};
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

// All rounds of N vectors of blocks with these lower halves of their numbers,
// side by side: a round waits longer for its multiplications than one or two
// vectors keep the CPU busy.
template <int N>
HWY_INLINE void philoxRounds(const PhiloxSchedule &s,
                             const PhiloxSecond &second, const VU64 (&low)[N],
                             PhiloxLanes (&c)[N]) {
  const DU du;
  const DU64 du64;
  const VU m0 = hn::Set(du, philox::kMultiplier0);
  const VU m1 = hn::Set(du, philox::kMultiplier1);
  HWY_UNROLL(8)
  for (int i = 0; i < N; ++i) {
    VU64 p0 = hn::MulEven(hn::BitCast(du, low[i]), m0);
    VU64 c2 = hn::Xor(swapHalves(p0), hn::Set(du64, s.first2));
    VU64 p1 = hn::MulEven(hn::BitCast(du, c2), m1);
    c[i].c0 = hn::Xor(swapHalves(p1), hn::Set(du64, s.second0));
    c[i].c1 = p1;
    c[i].c2 = hn::Xor(p0, hn::Set(du64, second.c2));
    c[i].c3 = hn::Set(du64, second.c3);
  }
  for (int round = 2; round < philox::kRounds; ++round) {
    const VU64 k0 = hn::Set(du64, s.keys0[round]);
    const VU64 k1 = hn::Set(du64, s.keys1[round]);
    HWY_UNROLL(8)
    for (int i = 0; i < N; ++i) {
      VU64 p0 = hn::MulEven(hn::BitCast(du, c[i].c0), m0);
      VU64 p1 = hn::MulEven(hn::BitCast(du, c[i].c2), m1);
      c[i].c0 = hn::Xor3(swapHalves(p1), c[i].c1, k0);
      c[i].c1 = p1;
      c[i].c2 = hn::Xor3(swapHalves(p0), c[i].c3, k1);
      c[i].c3 = p0;
    }
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

// Keep masks (all ones or zero) of N groups of 128 elements; `first` is the
// lower half of the number of their first block.
template <int N>
HWY_INLINE void keepFewGroups(const PhiloxSchedule &s,
                              const PhiloxSecond &second, VI limit,
                              uint64_t first, uint32_t *HWY_RESTRICT masks) {
  const DU64 du64;
  const VU64 evens = hn::ShiftLeft<1>(hn::Iota(du64, 0));
  for (size_t lane = 0; lane < philox::kGroupBlocks; lane += kLanes) {
    VU64 low[2 * N];
    PhiloxLanes c[2 * N];
    HWY_UNROLL(4)
    for (int i = 0; i < N; ++i) {
      low[2 * i] = hn::Add(
          hn::Set(du64, first +
                            static_cast<uint64_t>(i * philox::kGroupBlocks) +
                            lane),
          evens);
      low[2 * i + 1] = hn::Add(low[2 * i], hn::Set(du64, 1));
    }
    philoxRounds<2 * N>(s, second, low, c);
    HWY_UNROLL(4)
    for (int i = 0; i < N; ++i) {
      const PhiloxLanes &even = c[2 * i], &odd = c[2 * i + 1];
      uint32_t *to = masks + i * philox::kGroup;
      storeKeep(interleaveLow(even.c0, odd.c0), limit, 0, lane, to);
      storeKeep(interleaveLow(even.c1, odd.c1), limit, 1, lane, to);
      storeKeep(interleaveLow(even.c2, odd.c2), limit, 2, lane, to);
      storeKeep(interleaveLow(even.c3, odd.c3), limit, 3, lane, to);
    }
  }
}

// Keep masks of `groups` groups whose blocks have the same upper half of their
// number; `first` as above.
HWY_INLINE void keepSame(const PhiloxSchedule &s, const PhiloxSecond &second,
                         VI limit, uint64_t first, size_t groups,
                         uint32_t *HWY_RESTRICT masks) {
  // As many as the registers hold.
  constexpr int kAtOnce = kLanes >= 16 ? 2 : 1;
  size_t g = 0;
  for (; g + kAtOnce <= groups; g += kAtOnce) {
    keepFewGroups<kAtOnce>(s, second, limit, first + g * philox::kGroupBlocks,
                           masks + g * philox::kGroup);
  }
  for (; g < groups; ++g) {
    keepFewGroups<1>(s, second, limit, first + g * philox::kGroupBlocks,
                     masks + g * philox::kGroup);
  }
}

HWY_INLINE VI keepLimit(const DropoutState &state) {
  return hn::Set(DI(), static_cast<int32_t>(state.scale.threshold) - 1);
}

// Keep masks of `groups` groups of 128 elements.
[[maybe_unused]] static HWY_NOINLINE void
keepGroups(const DropoutState &state, uint64_t group, size_t groups,
           uint32_t *HWY_RESTRICT masks) {
  const VI limit = keepLimit(state);
  while (groups > 0) {
    uint64_t block = group * philox::kGroupBlocks;
    uint64_t high = block >> 32, end = (high + 1) << 32;
    size_t same = static_cast<size_t>((end - block) / philox::kGroupBlocks);
    same = same < groups ? same : groups;
    PhiloxSecond second = philoxSecond(state.schedule, high);
    keepSame(state.schedule, second, limit, block & 0xffffffffu, same, masks);
    groups -= same;
    group += same;
    masks += same * philox::kGroup;
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

// Words of a run of keepRows(), which may begin and end inside a group.
HWY_INLINE size_t keepRowWords(size_t n) {
  return (n + philox::kGroup - 1) / philox::kGroup * philox::kGroup +
         philox::kGroup;
}

// The same of `rows` runs of n elements, the first at `begin`, each `stride`
// behind the one before: to[r] points to those of run r in `words`, which has
// keepRowWords(n) a run. What runs have in common is done once.
[[maybe_unused]] static HWY_NOINLINE void
keepRows(const DropoutState &state, int64_t begin, int64_t stride, size_t n,
         int64_t rows, uint32_t *HWY_RESTRICT words, const uint32_t **to) {
  auto groupOf = [](int64_t element) {
    return static_cast<uint64_t>(element) / philox::kGroup;
  };
  int64_t count = static_cast<int64_t>(n), last = begin + (rows - 1) * stride;
  uint64_t high = groupOf(begin) * philox::kGroupBlocks >> 32;
  bool same = groupOf(last + count) * philox::kGroupBlocks >> 32 == high;
  const PhiloxSecond second = philoxSecond(state.schedule, high);
  const VI limit = keepLimit(state);
  for (int64_t r = 0; r < rows; ++r, begin += stride) {
    uint64_t group = groupOf(begin);
    size_t groups = static_cast<size_t>(groupOf(begin + count - 1) + 1 - group);
    if (same) {
      uint64_t block = group * philox::kGroupBlocks;
      keepSame(state.schedule, second, limit, block & 0xffffffffu, groups,
               words);
    } else {
      keepGroups(state, group, groups, words);
    }
    to[r] = words + static_cast<uint64_t>(begin) % philox::kGroup;
    words += keepRowWords(n);
  }
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
