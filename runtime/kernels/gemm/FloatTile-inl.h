// SPDX-License-Identifier: Apache-2.0
//
// The inner product of the f32 kernels: a few rows of A times one panel of B,
// all sums in registers.

#if defined(BERTC_RUNTIME_KERNELS_GEMM_FLOATTILE_INL_H_) ==                    \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_GEMM_FLOATTILE_INL_H_
#undef BERTC_RUNTIME_KERNELS_GEMM_FLOATTILE_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_GEMM_FLOATTILE_INL_H_
#endif

#include "runtime/kernels/common/Simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

constexpr int64_t kVector = static_cast<int64_t>(kLanes);
// Sums of 14 rows and 2 vectors fill 28 of 32 registers, of 6 rows 12 of 16.
constexpr int kTileRows = HWY_TARGET <= HWY_AVX3 ? 14 : 6;
constexpr int64_t kTileCols = 2 * kVector;
// Rows of packed A lie this far apart.
constexpr int64_t kPackedPitch = HWY_TARGET <= HWY_AVX3 ? 16 : 8;
// Steps of k that a panel of B is fetched ahead into the first cache.
constexpr int64_t kAhead = 8;

// Lines to bring into the second cache while a tile is computed: `count`
// stretches `stride` apart, each walked in steps of `step`, spread evenly.
struct Prefetches {
  const float *first;
  int64_t stride, count, step;
};

// One tile: c = start + a b + add.
struct TileTask {
  // Rows `row` apart, or packed.
  const float *a;
  int64_t row;
  // [k][kTileCols]
  const float *b;
  int64_t k;
  float *c;
  int64_t pitch;
  // kTileCols numbers for every row, and what is added to each; or null.
  const float *bias;
  const float *add;
  int64_t addPitch;
};

// Steps of k, unrolled.
template <int Rows, bool Packed, int Steps>
HWY_INLINE void multiplySteps(const float *HWY_RESTRICT a, int64_t row,
                              const float *HWY_RESTRICT b, VF (&sum)[Rows][2]) {
  const DF df;
  HWY_UNROLL(4)
  for (int u = 0; u < Steps; ++u) {
    VF b0 = hn::Load(df, b + u * kTileCols);
    VF b1 = hn::Load(df, b + u * kTileCols + kVector);
    __builtin_prefetch(b + (u + kAhead) * kTileCols, 0, 3);
    __builtin_prefetch(b + (u + kAhead) * kTileCols + kVector, 0, 3);
    HWY_UNROLL(16)
    for (int i = 0; i < Rows; ++i) {
      VF x = splat(Packed ? a[i + u * kPackedPitch] : a[i * row + u]);
      sum[i][0] = hn::MulAdd(x, b0, sum[i][0]);
      sum[i][1] = hn::MulAdd(x, b1, sum[i][1]);
    }
  }
}

template <int Rows, bool Packed>
HWY_NOINLINE void computeTile(const TileTask &t, const Prefetches &next) {
  const DF df;
  constexpr int64_t kStep = Packed ? kPackedPitch : 1;
  VF sum[Rows][2];
  VF first0 = t.bias != nullptr ? hn::LoadU(df, t.bias) : hn::Zero(df);
  VF first1 =
      t.bias != nullptr ? hn::LoadU(df, t.bias + kVector) : hn::Zero(df);
  HWY_UNROLL(16)
  for (int i = 0; i < Rows; ++i) {
    sum[i][0] = first0;
    sum[i][1] = first1;
  }
  if (t.add != nullptr) {
    for (int i = 0; i < Rows; ++i) {
      __builtin_prefetch(t.add + i * t.addPitch, 0, 3);
      __builtin_prefetch(t.add + i * t.addPitch + kVector, 0, 3);
    }
  }
  const float *HWY_RESTRICT a = t.a;
  const float *HWY_RESTRICT b = t.b;
  int64_t left = t.k / 4;
  int64_t each = (left + next.count - 1) / next.count;
  for (const float *from = next.first; left > 0; from += next.stride) {
    int64_t now = each < left ? each : left;
    left -= now;
    for (const float *line = from; now > 0; --now, line += next.step) {
      __builtin_prefetch(line, 0, 2);
      multiplySteps<Rows, Packed, 4>(a, t.row, b, sum);
      a += 4 * kStep;
      b += 4 * kTileCols;
    }
  }
  for (int64_t rest = t.k % 4; rest > 0; --rest) {
    multiplySteps<Rows, Packed, 1>(a, t.row, b, sum);
    a += kStep;
    b += kTileCols;
  }
  if (t.add != nullptr) {
    HWY_UNROLL(16)
    for (int i = 0; i < Rows; ++i) {
      const float *add = t.add + i * t.addPitch;
      sum[i][0] = hn::Add(sum[i][0], hn::LoadU(df, add));
      sum[i][1] = hn::Add(sum[i][1], hn::LoadU(df, add + kVector));
    }
  }
  HWY_UNROLL(16)
  for (int i = 0; i < Rows; ++i) {
    hn::StoreU(sum[i][0], df, t.c + i * t.pitch);
    hn::StoreU(sum[i][1], df, t.c + i * t.pitch + kVector);
  }
}

// Any number of rows up to kTileRows, in the sizes there are kernels for.
template <bool Packed>
HWY_INLINE void computeTiles(int64_t rows, TileTask t, const Prefetches &next) {
  while (rows > 0) {
    int64_t done;
    if (rows >= kTileRows) {
      computeTile<kTileRows, Packed>(t, next);
      done = kTileRows;
    } else if (kTileRows > 8 && rows >= 8) {
      computeTile < kTileRows<8 ? 4 : 8, Packed>(t, next);
      done = 8;
    } else if (rows >= 4) {
      computeTile<4, Packed>(t, next);
      done = 4;
    } else if (rows >= 2) {
      computeTile<2, Packed>(t, next);
      done = 2;
    } else {
      computeTile<1, Packed>(t, next);
      done = 1;
    }
    rows -= done;
    t.a += done * (Packed ? 1 : t.row);
    t.c += done * t.pitch;
    t.add += t.add != nullptr ? done * t.addPitch : 0;
  }
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
