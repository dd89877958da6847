// SPDX-License-Identifier: Apache-2.0
//
// Layer normalisation of rows that are bf16 on every side, and its gradient:
// conversions happen in registers, what a later pass over the row needs stays
// in the L1 cache as f32. A matrix may lie in blocks (amx/Panels.h): the rows
// of a row of blocks are taken one by one from the L2 cache, to which it is
// brought as it lies in memory.

#if defined(BERTC_RUNTIME_KERNELS_LAYERNORM_HALFROWS_INL_H_) ==                \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_LAYERNORM_HALFROWS_INL_H_
#undef BERTC_RUNTIME_KERNELS_LAYERNORM_HALFROWS_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_LAYERNORM_HALFROWS_INL_H_
#endif

#include "runtime/kernels/amx/Panels.h"
#include "runtime/kernels/common/Vectors-inl.h"
#include "runtime/kernels/dropout/Dropout-inl.h"
#include "runtime/kernels/layernorm/LayerNorm.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

// What tasks need beside their operands; a row and a half fit in the L1 cache
// at the sizes of BERT.
struct HalfRowSpace {
  HWY_ALIGN float a[kLayerNormMaxColumns];
  HWY_ALIGN float b[kLayerNormMaxColumns];
  HWY_ALIGN float gamma[kLayerNormMaxColumns];
  HWY_ALIGN float beta[kLayerNormMaxColumns];
  HWY_ALIGN uint32_t keep[kLayerNormMaxColumns + 2 * philox::kGroup];
};

HWY_INLINE const float *vectorOf(Buffer v, int64_t columns, float *space) {
  return loadBlock(v.data, v.dtype, 0, 1, static_cast<size_t>(columns), space);
}

template <typename Args>
HWY_INLINE const uint32_t *keepRow(const Args &args, int64_t number,
                                   HalfRowSpace &space) {
  if (!args.dropout.active) {
    return nullptr;
  }
  return keepBlock(args.dropout, number, static_cast<size_t>(args.columns),
                   space.keep);
}

HWY_INLINE VF dropped(VF v, VF factor, const uint32_t *keep) {
  // A tail reads on: there is more space than a row's.
  VF kept = hn::BitCast(DF(), hn::LoadU(DU(), keep));
  return hn::And(kept, hn::Mul(v, factor));
}

// A row of a matrix of bf16, in runs of 32 elements that lie `pitch` apart.
struct HalfLine {
  uint16_t *data = nullptr;
  int64_t pitch = amx::kPanel;
  // Of what lies one behind the other and follows what is used now, as much as
  // a row: the next row, or a part of the next row of blocks. The CPU would
  // begin to fetch it when it gets there only.
  const uint16_t *ahead = nullptr;

  HWY_INLINE bool present() const { return data != nullptr; }
  HWY_INLINE uint16_t *at(int64_t i) const {
    const auto run = static_cast<int64_t>(static_cast<uint64_t>(i) /
                                          static_cast<uint64_t>(amx::kPanel));
    return data + run * pitch + i % amx::kPanel;
  }
  // Once for each line of the cache. Past the last row it does no harm.
  HWY_INLINE void bringAhead(int64_t i) const {
    if (i % amx::kPanel != 0) {
      return;
    }
    if (pitch == amx::kPanel) {
      __builtin_prefetch(ahead + i, 0, 3);
    } else {
      // A row of blocks is more than the L1 cache has room for.
      __builtin_prefetch(ahead + i, 0, 2);
    }
  }
};

HWY_INLINE HalfLine lineOf(Buffer b, bool blocked, int64_t r, int64_t columns) {
  HalfLine line;
  if (b.data == nullptr) {
    return line;
  }
  auto *data = static_cast<uint16_t *>(b.data);
  const int64_t inBlock = blocked ? r % amx::kPanel : 0;
  line.ahead = data + (r + (blocked ? amx::kPanel : 1)) * columns;
  line.data = data + (r - inBlock) * columns + inBlock * amx::kPanel;
  line.pitch = blocked ? amx::kPanel * amx::kPanel : amx::kPanel;
  return line;
}

// Writes dropout(x) + residual to `row`, and returns its mean.
HWY_INLINE float halfRowSum(const LayerNormArgs &args, int64_t r,
                            const uint32_t *keep, float *row) {
  const HalfLine x = lineOf(args.x, args.xBlocked, r, args.columns);
  const HalfLine residual =
      lineOf(args.residual, args.residualBlocked, r, args.columns);
  const VF factor = splat(args.dropout.scale.factor);
  FourSums sums;
  forVectors(args.columns, [&](int j, int64_t i, size_t n) BERTC_STEP {
    x.bringAhead(i);
    VF v = loadHalves(x.at(i), n);
    if (keep != nullptr) {
      v = firstOf(dropped(v, factor, keep + i), n);
    }
    if (residual.present()) {
      residual.bringAhead(i);
      v = hn::Add(v, loadHalves(residual.at(i), n));
    }
    storeFloats(v, row + i, n);
    sums.v[j] = hn::Add(sums.v[j], v);
  });
  return sums.total() / static_cast<float>(args.columns);
}

// Mean of (x - mean)^2. Writes z on the way: beside reads of blocks, which are
// half a page apart as its own lines are, it would delay those.
template <class Rounding>
HWY_INLINE float halfRowVariance(Rounding rounding, const float *row,
                                 float mean, const HalfLine &z,
                                 int64_t columns) {
  const VF centre = splat(mean);
  FourSums sums;
  forVectors(columns, [&](int j, int64_t i, size_t n) BERTC_STEP {
    VF v = loadFloats(row + i, n);
    if (z.present()) {
      z.bringAhead(i);
      storeHalves(rounding, v, z.at(i), n);
    }
    VF d = firstOf(hn::Sub(v, centre), n);
    sums.v[j] = hn::MulAdd(d, d, sums.v[j]);
  });
  return sums.total() / static_cast<float>(columns);
}

template <class Rounding>
HWY_INLINE void halfRow(Rounding rounding, const LayerNormArgs &args, int64_t r,
                        int64_t number, const float *gamma, const float *beta,
                        HalfRowSpace &space) {
  const int64_t h = args.columns;
  float *row = space.a;
  const uint32_t *keep = keepRow(args, number, space);
  float mean = halfRowSum(args, r, keep, row);
  const HalfLine z = lineOf(args.z, args.zBlocked, r, h);
  float variance = halfRowVariance(rounding, row, mean, z, h);
  float rstd = 1.0f / __builtin_sqrtf(variance + args.eps);
  args.mean[r] = mean;
  args.rstd[r] = rstd;
  const HalfLine y = lineOf(args.y, args.yBlocked, r, h);
  const VF centre = splat(mean), scale = splat(rstd);
  forVectors(h, [&](int, int64_t i, size_t n) BERTC_STEP {
    VF u = hn::Mul(hn::Sub(loadFloats(row + i, n), centre), scale);
    VF v = hn::MulAdd(u, loadFloats(gamma + i, n), loadFloats(beta + i, n));
    y.bringAhead(i);
    storeHalves(rounding, v, y.at(i), n);
  });
}

// First pass of a row of the gradient: g = gamma * dy and u = (z - mean) * rstd
// to space.a and space.b, their means to c1 and c2, the row's share to dgamma
// and dbeta.
HWY_INLINE void halfGradSums(const LayerNormGradArgs &args, int64_t r,
                             const float *gamma, HalfRowSpace &space,
                             float *dgamma, float *dbeta, float &c1,
                             float &c2) {
  const HalfLine dy = lineOf(args.dy, args.dyBlocked, r, args.columns);
  const HalfLine z = lineOf(args.z, args.zBlocked, r, args.columns);
  const VF centre = splat(args.mean[r]), scale = splat(args.rstd[r]);
  FourSums sumG, sumGu;
  forVectors(args.columns, [&](int j, int64_t i, size_t n) BERTC_STEP {
    dy.bringAhead(i);
    z.bringAhead(i);
    VF d = loadHalves(dy.at(i), n);
    VF u = hn::Mul(hn::Sub(loadHalves(z.at(i), n), centre), scale);
    VF g = hn::Mul(d, loadFloats(gamma + i, n));
    storeFloats(g, space.a + i, n);
    storeFloats(u, space.b + i, n);
    // Past the end d is zero.
    sumG.v[j] = hn::Add(sumG.v[j], g);
    sumGu.v[j] = hn::MulAdd(g, u, sumGu.v[j]);
    VF share = hn::MulAdd(d, u, loadFloats(dgamma + i, n));
    storeFloats(share, dgamma + i, n);
    storeFloats(hn::Add(d, loadFloats(dbeta + i, n)), dbeta + i, n);
  });
  c1 = sumG.total() / static_cast<float>(args.columns);
  c2 = sumGu.total() / static_cast<float>(args.columns);
}

template <class Rounding>
HWY_INLINE void halfGradRow(Rounding rounding, const LayerNormGradArgs &args,
                            int64_t r, int64_t number, const float *gamma,
                            HalfRowSpace &space, float *dgamma, float *dbeta) {
  const int64_t h = args.columns;
  float c1, c2;
  halfGradSums(args, r, gamma, space, dgamma, dbeta, c1, c2);
  const HalfLine dz = lineOf(args.dz, args.dzBlocked, r, h);
  const HalfLine dx = lineOf(args.dx, args.dxBlocked, r, h);
  const uint32_t *keep = dx.present() ? keepRow(args, number, space) : nullptr;
  const VF v1 = splat(c1), v2 = splat(c2), scale = splat(args.rstd[r]);
  const VF factor = splat(args.dropout.scale.factor);
  forVectors(h, [&](int, int64_t i, size_t n) BERTC_STEP {
    VF g = hn::Sub(loadFloats(space.a + i, n), v1);
    VF v = hn::NegMulAdd(loadFloats(space.b + i, n), v2, g);
    v = hn::Mul(v, scale);
    dz.bringAhead(i);
    storeHalves(rounding, v, dz.at(i), n);
    if (dx.present()) {
      v = keep == nullptr ? v : dropped(v, factor, keep + i);
      dx.bringAhead(i);
      storeHalves(rounding, v, dx.at(i), n);
    }
  });
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
