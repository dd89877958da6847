// SPDX-License-Identifier: Apache-2.0
//
// The keep masks of dropout as the transposed scores want them: of a key, one
// bit a query.

#if defined(BERTC_RUNTIME_KERNELS_ATTENTION_TILEKEEPS_INL_H_) ==               \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_ATTENTION_TILEKEEPS_INL_H_
#undef BERTC_RUNTIME_KERNELS_ATTENTION_TILEKEEPS_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_ATTENTION_TILEKEEPS_INL_H_
#endif

#include "runtime/kernels/attention/TileHeads-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

// Queries whose bits are in one word, and words of a panel for `keys` keys,
// which may begin and end inside a group.
constexpr int64_t kKeepBits = 16;

// Bit i of halves[h][key]: dropout leaves query 16 h + i of a panel that key.
struct KeepBits {
  const uint16_t *halves[2];

  // Whether the vector of queries from `lane` on is left this key.
  HWY_INLINE hn::Mask<DF> of(int64_t key, int64_t lane) const {
    auto bits = static_cast<uint16_t>(halves[lane / kKeepBits][key] >>
                                      lane % kKeepBits);
    uint8_t bytes[2];
    __builtin_memcpy(bytes, &bits, 2);
    return hn::LoadMaskBits(DF(), bytes);
  }
};

// Vectors of one word hold no pairs of numbers.
#if HWY_TARGET != HWY_SCALAR
// 32-bit lanes with two 16-bit marks each become the words of keys `lane` on
// of two slots.
HWY_INLINE void storeSlots(VU marks, uint16_t *HWY_RESTRICT to) {
  VI low = hn::BitCast(DI(), hn::And(marks, hn::Set(DU(), 0xffff)));
  VI high = hn::BitCast(DI(), hn::ShiftRight<16>(marks));
  hn::StoreU(hn::DemoteTo(DU16(), low), DU16(), to);
  hn::StoreU(hn::DemoteTo(DU16(), high), DU16(), to + philox::kGroupBlocks);
}

// Bits of one group of keys for `rows` rows, at most 16, the blocks of which
// begin `first` + i * `stride`. The generator's vectors are compared where they
// are: as masks of words they would go through memory sixteen times as large.
HWY_INLINE void keepColumns(const DropoutState &state,
                            const PhiloxSecond &second, uint64_t first,
                            uint64_t stride, int64_t rows,
                            uint16_t *HWY_RESTRICT to) {
  const hn::Repartition<uint16_t, DF> du16;
  const DU du;
  const DU64 du64;
  const VU64 evens = hn::ShiftLeft<1>(hn::Iota(du64, 0));
  const auto limit =
      hn::Set(du16, static_cast<uint16_t>(state.scale.threshold - 1));
  for (size_t lane = 0; lane < philox::kGroupBlocks; lane += kLanes) {
    VU marks[4] = {hn::Zero(du), hn::Zero(du), hn::Zero(du), hn::Zero(du)};
    for (int64_t i = 0; i < rows; i += 2) {
      VU64 low[4];
      PhiloxLanes c[4];
      for (int j = 0; j < 2; ++j) {
        uint64_t block = first + static_cast<uint64_t>(i + j) * stride + lane;
        low[2 * j] = hn::Add(hn::Set(du64, block), evens);
        low[2 * j + 1] = hn::Add(low[2 * j], hn::Set(du64, 1));
      }
      philoxRounds<4>(state.schedule, second, low, c);
      HWY_UNROLL(2)
      for (int j = 0; j < 2; ++j) {
        const auto bit = hn::Set(du16, static_cast<uint16_t>(1u << (i + j)));
        auto mark = [&](VU64 even, VU64 odd, VU &sum) HWY_ATTR {
          auto kept =
              hn::Gt(hn::BitCast(du16, interleaveLow(even, odd)), limit);
          sum = hn::Or(sum, hn::BitCast(du, hn::IfThenElseZero(kept, bit)));
        };
        const PhiloxLanes &even = c[2 * j], &odd = c[2 * j + 1];
        mark(even.c0, odd.c0, marks[0]);
        mark(even.c1, odd.c1, marks[1]);
        mark(even.c2, odd.c2, marks[2]);
        mark(even.c3, odd.c3, marks[3]);
      }
    }
    for (int64_t word = 0; word < 4; ++word) {
      storeSlots(marks[word], to + 2 * word * philox::kGroupBlocks +
                                  static_cast<int64_t>(lane));
    }
  }
}

#endif

// Where rows begin inside a group differently, or their blocks do not have the
// same upper half of their numbers: out of masks of words.
[[maybe_unused]] static HWY_NOINLINE KeepBits
keepBitsOfWords(const AttentionProblem &p, const Head &head,
                const QueryBlock &b, const KeepMemory &m) {
  const DU du;
  constexpr int64_t kStep = static_cast<int64_t>(kLanes);
  KeepRows keeps(p, head, b, m.words);
  int64_t pitch = KeepMemory::pitch(p.keys);
  for (int64_t half = 0; half < 2; ++half) {
    __builtin_memset(m.marks, 0, static_cast<size_t>(padded(b.keys)) * 4);
    int64_t first = half * kKeepBits;
    for (int64_t i = first; i < first + kKeepBits && i < b.queries; ++i) {
      const uint32_t *keep = keeps.next();
      VU bit = hn::Set(du, 1u << (i - first));
      for (int64_t key = 0; key < b.keys; key += kStep) {
        VU now = hn::And(hn::LoadU(du, keep + key), bit);
        hn::StoreU(hn::Or(now, hn::Load(du, m.marks + key)), du, m.marks + key);
      }
    }
    for (int64_t key = 0; key < padded(b.keys); key += kStep) {
      VI marks = hn::BitCast(DI(), hn::Load(du, m.marks + key));
      hn::StoreU(hn::DemoteTo(DU16(), marks), DU16(),
                 m.halves + half * pitch + key);
    }
  }
  return {{m.halves, m.halves + pitch}};
}

// Bits of a panel of queries, which has keys.
HWY_INLINE KeepBits keepBits(const AttentionProblem &p, const Head &head,
                             const QueryBlock &b, const KeepMemory &m) {
#if HWY_TARGET != HWY_SCALAR
  auto groupOf = [](int64_t element) {
    return static_cast<uint64_t>(element) / philox::kGroup;
  };
  auto highOf = [](uint64_t group) {
    return group * philox::kGroupBlocks >> 32;
  };
  int64_t begin = elementNumber(p, head, b.query, b.first);
  uint64_t group = groupOf(begin), high = highOf(group);
  // The last row that is made may be one behind the last that is there.
  uint64_t last = highOf(groupOf(begin + (kPanel + 1) * p.keys));
  if (p.keys % philox::kGroup == 0 && last == high) {
    const PhiloxSecond second = philoxSecond(p.dropout.schedule, high);
    int64_t offset = begin % philox::kGroup, pitch = KeepMemory::pitch(p.keys);
    int64_t stride = p.keys / philox::kGroup * philox::kGroupBlocks;
    for (int64_t row = 0; row < b.queries; row += kKeepBits) {
      int64_t left = b.queries - row;
      uint16_t *to = m.halves + row / kKeepBits * pitch;
      for (int64_t i = 0; i < offset + b.keys; i += philox::kGroup) {
        uint64_t block = (group + groupOf(i)) * philox::kGroupBlocks +
                         static_cast<uint64_t>(row * stride);
        keepColumns(p.dropout, second, block & 0xffffffffu,
                    static_cast<uint64_t>(stride),
                    left < kKeepBits ? left : kKeepBits, to + i);
      }
    }
    return {{m.halves + offset, m.halves + pitch + offset}};
  }
#endif
  return keepBitsOfWords(p, head, b, m);
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
