// SPDX-License-Identifier: Apache-2.0
//
// Layer normalisation of rows that are bf16 on every side, and its gradient:
// conversions happen in registers, what a later pass over the row needs stays
// in the L1 cache as f32.

#if defined(BERTC_RUNTIME_KERNELS_LAYERNORM_HALFROWS_INL_H_) ==                \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_LAYERNORM_HALFROWS_INL_H_
#undef BERTC_RUNTIME_KERNELS_LAYERNORM_HALFROWS_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_LAYERNORM_HALFROWS_INL_H_
#endif

#include "runtime/kernels/common/Vectors-inl.h"
#include "runtime/kernels/dropout/Dropout-inl.h"
#include "runtime/kernels/layernorm/LayerNorm.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

template <typename T> HWY_INLINE T *rowOf(Buffer b, int64_t base) {
  return b.data == nullptr ? nullptr : static_cast<T *>(b.data) + base;
}

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

// The same place in the row behind this one, which the CPU would begin to fetch
// when it gets there only. Past the last row it does no harm.
HWY_INLINE void bringRead(const uint16_t *next) {
  __builtin_prefetch(next, 0, 3);
}
HWY_INLINE void bringWritten(const uint16_t *next) {
  __builtin_prefetch(next, 1, 3);
}

// Writes dropout(x) + residual to `row` and z, and returns its mean.
template <class Rounding>
HWY_INLINE float halfRowSum(Rounding rounding, const LayerNormArgs &args,
                            int64_t base, const uint32_t *keep, float *row) {
  const uint16_t *x = rowOf<const uint16_t>(args.x, base);
  const uint16_t *residual = rowOf<const uint16_t>(args.residual, base);
  uint16_t *z = rowOf<uint16_t>(args.z, base);
  const VF factor = splat(args.dropout.scale.factor);
  FourSums sums;
  forVectors(args.columns, [&](int j, int64_t i, size_t n) BERTC_STEP {
    bringRead(x + args.columns + i);
    VF v = loadHalves(x + i, n);
    if (keep != nullptr) {
      v = firstOf(dropped(v, factor, keep + i), n);
    }
    if (residual != nullptr) {
      bringRead(residual + args.columns + i);
      v = hn::Add(v, loadHalves(residual + i, n));
    }
    if (z != nullptr) {
      bringWritten(z + args.columns + i);
      storeHalves(rounding, v, z + i, n);
    }
    storeFloats(v, row + i, n);
    sums.v[j] = hn::Add(sums.v[j], v);
  });
  return sums.total() / static_cast<float>(args.columns);
}

// Mean of (x - mean)^2.
HWY_INLINE float halfRowVariance(const float *row, float mean,
                                 int64_t columns) {
  const VF centre = splat(mean);
  FourSums sums;
  forVectors(columns, [&](int j, int64_t i, size_t n) BERTC_STEP {
    VF d = firstOf(hn::Sub(loadFloats(row + i, n), centre), n);
    sums.v[j] = hn::MulAdd(d, d, sums.v[j]);
  });
  return sums.total() / static_cast<float>(columns);
}

template <class Rounding>
HWY_INLINE void halfRow(Rounding rounding, const LayerNormArgs &args, int64_t r,
                        int64_t number, const float *gamma, const float *beta,
                        HalfRowSpace &space) {
  const int64_t h = args.columns, base = r * h;
  float *row = space.a;
  const uint32_t *keep = keepRow(args, number, space);
  float mean = halfRowSum(rounding, args, base, keep, row);
  float variance = halfRowVariance(row, mean, h);
  float rstd = 1.0f / __builtin_sqrtf(variance + args.eps);
  args.mean[r] = mean;
  args.rstd[r] = rstd;
  uint16_t *y = rowOf<uint16_t>(args.y, base);
  const VF centre = splat(mean), scale = splat(rstd);
  forVectors(h, [&](int, int64_t i, size_t n) BERTC_STEP {
    VF u = hn::Mul(hn::Sub(loadFloats(row + i, n), centre), scale);
    VF v = hn::MulAdd(u, loadFloats(gamma + i, n), loadFloats(beta + i, n));
    bringWritten(y + h + i);
    storeHalves(rounding, v, y + i, n);
  });
}

// First pass of a row of the gradient: g = gamma * dy and u = (z - mean) * rstd
// to space.a and space.b, their means to c1 and c2, the row's share to dgamma
// and dbeta.
HWY_INLINE void halfGradSums(const LayerNormGradArgs &args, int64_t r,
                             const float *gamma, HalfRowSpace &space,
                             float *dgamma, float *dbeta, float &c1,
                             float &c2) {
  const uint16_t *dy = rowOf<const uint16_t>(args.dy, r * args.columns);
  const uint16_t *z = rowOf<const uint16_t>(args.z, r * args.columns);
  const VF centre = splat(args.mean[r]), scale = splat(args.rstd[r]);
  FourSums sumG, sumGu;
  forVectors(args.columns, [&](int j, int64_t i, size_t n) BERTC_STEP {
    bringRead(dy + args.columns + i);
    bringRead(z + args.columns + i);
    VF d = loadHalves(dy + i, n);
    VF u = hn::Mul(hn::Sub(loadHalves(z + i, n), centre), scale);
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
  uint16_t *dz = rowOf<uint16_t>(args.dz, r * h);
  uint16_t *dx = rowOf<uint16_t>(args.dx, r * h);
  const uint32_t *keep = dx == nullptr ? nullptr : keepRow(args, number, space);
  const VF v1 = splat(c1), v2 = splat(c2), scale = splat(args.rstd[r]);
  const VF factor = splat(args.dropout.scale.factor);
  forVectors(h, [&](int, int64_t i, size_t n) BERTC_STEP {
    VF g = hn::Sub(loadFloats(space.a + i, n), v1);
    VF v = hn::NegMulAdd(loadFloats(space.b + i, n), v2, g);
    v = hn::Mul(v, scale);
    bringWritten(dz + h + i);
    storeHalves(rounding, v, dz + i, n);
    if (dx != nullptr) {
      v = keep == nullptr ? v : dropped(v, factor, keep + i);
      bringWritten(dx + h + i);
      storeHalves(rounding, v, dx + i, n);
    }
  });
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
