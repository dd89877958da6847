// SPDX-License-Identifier: Apache-2.0
//
// Layer normalisation and its gradient, a row at a time in blocks of columns
// that stay in the L1 cache. dgamma and dbeta are summed within groups of rows
// whose number depends on the shape only, then over the groups in order.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/layernorm/LayerNorm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/layernorm/LayerNorm.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/common/Math-inl.h"
#include "runtime/kernels/dropout/Dropout-inl.h"
#include "runtime/kernels/layernorm/HalfRows-inl.h"

#ifndef BERTC_RUNTIME_KERNELS_LAYERNORM_SHARED_
#define BERTC_RUNTIME_KERNELS_LAYERNORM_SHARED_
namespace bertc::rt::kernels {

// A call and which of its outputs bypass the caches.
struct LayerNormTask : LayerNormArgs {
  bool streamY, streamZ;
};
struct LayerNormGradTask : LayerNormGradArgs {
  bool streamDz, streamDx;
};

} // namespace bertc::rt::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

HWY_INLINE float sumBlock(const float *x, size_t n) {
  const DF df;
  VF sum = hn::Zero(df);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    sum = hn::Add(sum, hn::LoadU(df, x + i));
  }
  float result = hn::GetLane(hn::SumOfLanes(df, sum));
  for (; i < n; ++i) {
    result += x[i];
  }
  return result;
}

// Sum of (x - mean)^2.
HWY_INLINE float squaresBlock(const float *x, float mean, size_t n) {
  const DF df;
  const VF centre = splat(mean);
  VF sum = hn::Zero(df);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    VF d = hn::Sub(hn::LoadU(df, x + i), centre);
    sum = hn::MulAdd(d, d, sum);
  }
  float result = hn::GetLane(hn::SumOfLanes(df, sum));
  for (; i < n; ++i) {
    result += (x[i] - mean) * (x[i] - mean);
  }
  return result;
}

// y = gamma * ((z - mean) * rstd) + beta.
HWY_INLINE void normaliseBlock(const float *z, const float *gamma,
                               const float *beta, float mean, float rstd,
                               float *y, size_t n) {
  const DF df;
  const VF centre = splat(mean);
  const VF scale = splat(rstd);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    VF u = hn::Mul(hn::Sub(hn::LoadU(df, z + i), centre), scale);
    VF r = hn::MulAdd(u, hn::LoadU(df, gamma + i), hn::LoadU(df, beta + i));
    hn::StoreU(r, df, y + i);
  }
  for (; i < n; ++i) {
    y[i] = (z[i] - mean) * rstd * gamma[i] + beta[i];
  }
}

HWY_INLINE size_t blockLength(int64_t begin, int64_t columns) {
  int64_t left = columns - begin;
  return static_cast<size_t>(left < kBlock ? left : kBlock);
}

struct AddOp {
  HWY_INLINE VF operator()(VF x, VF y) const { return hn::Add(x, y); }
};

struct NormBlock {
  HWY_ALIGN float in0[kBlock];
  HWY_ALIGN float in1[kBlock];
  HWY_ALIGN float in2[kBlock];
  HWY_ALIGN float out[kBlock];
  HWY_ALIGN uint32_t keep[kKeepWords];
};

// The number of the first element of row r for dropout.
template <typename Args>
HWY_INLINE int64_t droppedFrom(const Args &args, int64_t r) {
  return args.dropoutRows == nullptr
             ? r * args.columns
             : dropoutRow(args.dropoutRows, r) * args.columns;
}

// dropout(x) + residual for a block at `offset`, whose elements are numbered
// from `number` on, in `out` or, where nothing is to be computed, x itself.
HWY_INLINE const float *sumAt(const LayerNormArgs &args, int64_t offset,
                              int64_t number, size_t n, NormBlock &block,
                              float *out) {
  const float *x =
      loadBlock(args.x.data, args.x.dtype, offset, 1, n, block.in0);
  if (args.dropout.active) {
    const uint32_t *keep = keepBlock(args.dropout, number, n, block.keep);
    // Not into `out`, which may be the residual's memory.
    dropBlock(x, keep, args.dropout.scale.factor, block.out, n);
    x = block.out;
  }
  if (args.residual.data != nullptr) {
    const float *r = loadBlock(args.residual.data, args.residual.dtype, offset,
                               1, n, block.in1);
    mapBlock(AddOp(), x, r, out, n);
    x = out;
  }
  return x;
}

HWY_INLINE void copyBlock(const float *x, float *y, size_t n) {
  for (size_t i = 0; i < n && x != y; ++i) {
    y[i] = x[i];
  }
}

// A row of up to kLayerNormMaxColumns as f32: z's own memory when that is f32,
// else `row`.
HWY_INLINE void layerNormRow(const LayerNormTask &args, int64_t r,
                             NormBlock &block, float *row) {
  const int64_t h = args.columns;
  const int64_t base = r * h, number = droppedFrom(args, r);
  bool direct =
      args.z.data != nullptr && args.z.dtype == DType::F32 && !args.streamZ;
  float *z = direct ? static_cast<float *>(args.z.data) + base : row;
  float sum = 0.0f;
  for (int64_t c = 0; c < h; c += kBlock) {
    size_t n = blockLength(c, h);
    copyBlock(sumAt(args, base + c, number + c, n, block, z + c), z + c, n);
    if (args.z.data != nullptr) {
      storeBlock(z + c, args.z.data, args.z.dtype, base + c, 1, n,
                 args.streamZ);
    }
    sum += sumBlock(z + c, n);
  }
  float mean = sum / static_cast<float>(h);
  float squares = 0.0f;
  for (int64_t c = 0; c < h; c += kBlock) {
    squares += squaresBlock(z + c, mean, blockLength(c, h));
  }
  float variance = squares / static_cast<float>(h);
  float rstd = 1.0f / __builtin_sqrtf(variance + args.eps);
  args.mean[r] = mean;
  args.rstd[r] = rstd;
  for (int64_t c = 0; c < h; c += kBlock) {
    size_t n = blockLength(c, h);
    const float *gamma =
        loadBlock(args.gamma.data, args.gamma.dtype, c, 1, n, block.in0);
    const float *beta =
        loadBlock(args.beta.data, args.beta.dtype, c, 1, n, block.in1);
    float *y = outBlock(args.y.data, args.y.dtype, base + c, 1, block.out,
                        args.streamY);
    normaliseBlock(z + c, gamma, beta, mean, rstd, y, n);
    storeBlock(y, args.y.data, args.y.dtype, base + c, 1, n, args.streamY);
  }
}

void layerNormRows(const LayerNormTask &args, int64_t first, int64_t last) {
  NormBlock block;
  HWY_ALIGN float row[kLayerNormMaxColumns];
  for (int64_t r = first; r < last; ++r) {
    layerNormRow(args, r, block, row);
  }
  finishStreams(args.streamY || args.streamZ);
}

void layerNormHalfRows(const LayerNormArgs &args, int64_t first, int64_t last) {
  HalfRowSpace space;
  const float *gamma = vectorOf(args.gamma, args.columns, space.gamma);
  const float *beta = vectorOf(args.beta, args.columns, space.beta);
  withRounding([&](auto rounding) HWY_ATTR {
    for (int64_t r = first; r < last; ++r) {
      halfRow(rounding, args, r, droppedFrom(args, r), gamma, beta, space);
    }
  });
}

// Sums of g and g * u, with g = gamma * dy and u = (z - mean) * rstd; adds
// dy * u to dgamma and dy to dbeta.
HWY_INLINE void gradSumsBlock(const float *dy, const float *z,
                              const float *gamma, float mean, float rstd,
                              float *HWY_RESTRICT dgamma,
                              float *HWY_RESTRICT dbeta, size_t n,
                              float *sums) {
  const DF df;
  const VF centre = splat(mean);
  const VF scale = splat(rstd);
  VF sumG = hn::Zero(df);
  VF sumGu = hn::Zero(df);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    VF d = hn::LoadU(df, dy + i);
    VF u = hn::Mul(hn::Sub(hn::LoadU(df, z + i), centre), scale);
    VF g = hn::Mul(d, hn::LoadU(df, gamma + i));
    sumG = hn::Add(sumG, g);
    sumGu = hn::MulAdd(g, u, sumGu);
    hn::StoreU(hn::MulAdd(d, u, hn::LoadU(df, dgamma + i)), df, dgamma + i);
    hn::StoreU(hn::Add(d, hn::LoadU(df, dbeta + i)), df, dbeta + i);
  }
  sums[0] += hn::GetLane(hn::SumOfLanes(df, sumG));
  sums[1] += hn::GetLane(hn::SumOfLanes(df, sumGu));
  for (; i < n; ++i) {
    float u = (z[i] - mean) * rstd;
    float g = dy[i] * gamma[i];
    sums[0] += g;
    sums[1] += g * u;
    dgamma[i] += dy[i] * u;
    dbeta[i] += dy[i];
  }
}

// dz = rstd * (g - c1 - u * c2).
HWY_INLINE void gradBlock(const float *dy, const float *z, const float *gamma,
                          float mean, float rstd, float c1, float c2, float *dz,
                          size_t n) {
  const DF df;
  const VF centre = splat(mean);
  const VF scale = splat(rstd);
  const VF v1 = splat(c1);
  const VF v2 = splat(c2);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    VF u = hn::Mul(hn::Sub(hn::LoadU(df, z + i), centre), scale);
    VF g = hn::MulSub(hn::LoadU(df, dy + i), hn::LoadU(df, gamma + i), v1);
    hn::StoreU(hn::Mul(scale, hn::NegMulAdd(u, v2, g)), df, dz + i);
  }
  for (; i < n; ++i) {
    float u = (z[i] - mean) * rstd;
    dz[i] = rstd * (dy[i] * gamma[i] - c1 - u * c2);
  }
}

// The operands of one block of the gradient as f32.
struct GradOperands {
  const float *dy, *z, *gamma;
};

HWY_INLINE GradOperands gradOperands(const LayerNormGradArgs &args,
                                     int64_t base, int64_t c, size_t n,
                                     NormBlock &block) {
  return {loadBlock(args.dy.data, args.dy.dtype, base + c, 1, n, block.in0),
          loadBlock(args.z.data, args.z.dtype, base + c, 1, n, block.in1),
          loadBlock(args.gamma.data, args.gamma.dtype, c, 1, n, block.in2)};
}

HWY_INLINE void layerNormGradRow(const LayerNormGradTask &args, int64_t r,
                                 NormBlock &block, float *dgamma,
                                 float *dbeta) {
  const int64_t h = args.columns;
  const int64_t base = r * h, number = droppedFrom(args, r);
  const float mean = args.mean[r];
  const float rstd = args.rstd[r];
  float sums[2] = {0.0f, 0.0f};
  for (int64_t c = 0; c < h; c += kBlock) {
    size_t n = blockLength(c, h);
    GradOperands in = gradOperands(args, base, c, n, block);
    gradSumsBlock(in.dy, in.z, in.gamma, mean, rstd, dgamma + c, dbeta + c, n,
                  sums);
  }
  float c1 = sums[0] / static_cast<float>(h);
  float c2 = sums[1] / static_cast<float>(h);
  for (int64_t c = 0; c < h; c += kBlock) {
    size_t n = blockLength(c, h);
    int64_t at = base + c;
    GradOperands in = gradOperands(args, base, c, n, block);
    float *dz =
        outBlock(args.dz.data, args.dz.dtype, at, 1, block.out, args.streamDz);
    gradBlock(in.dy, in.z, in.gamma, mean, rstd, c1, c2, dz, n);
    storeBlock(dz, args.dz.data, args.dz.dtype, at, 1, n, args.streamDz);
    if (args.dx.data == nullptr) {
      continue;
    }
    // in0 is free again: dy has been read.
    float *dx =
        outBlock(args.dx.data, args.dx.dtype, at, 1, block.in0, args.streamDx);
    if (args.dropout.active) {
      const uint32_t *keep = keepBlock(args.dropout, number + c, n, block.keep);
      dropBlock(dz, keep, args.dropout.scale.factor, dx, n);
    } else {
      copyBlock(dz, dx, n);
    }
    storeBlock(dx, args.dx.data, args.dx.dtype, at, 1, n, args.streamDx);
  }
}

// Rows [first, last); their sums of dgamma and dbeta go to `partial` [2, H].
void layerNormGradRows(const LayerNormGradTask &args, int64_t first,
                       int64_t last, float *partial) {
  NormBlock block;
  for (int64_t i = 0; i < 2 * args.columns; ++i) {
    partial[i] = 0.0f;
  }
  for (int64_t r = first; r < last; ++r) {
    layerNormGradRow(args, r, block, partial, partial + args.columns);
  }
  finishStreams(args.streamDz || args.streamDx);
}

void layerNormGradHalfRows(const LayerNormGradArgs &args, int64_t first,
                           int64_t last, float *partial) {
  HalfRowSpace space;
  const float *gamma = vectorOf(args.gamma, args.columns, space.gamma);
  for (int64_t i = 0; i < 2 * args.columns; ++i) {
    partial[i] = 0.0f;
  }
  withRounding([&](auto rounding) HWY_ATTR {
    for (int64_t r = first; r < last; ++r) {
      halfGradRow(rounding, args, r, droppedFrom(args, r), gamma, space,
                  partial, partial + args.columns);
    }
  });
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(layerNormRows);
HWY_EXPORT(layerNormGradRows);
HWY_EXPORT(layerNormHalfRows);
HWY_EXPORT(layerNormGradHalfRows);

// Rows of one partial sum: at most 64 partial sums, each worth a task.
int64_t groupRows(int64_t rows, int64_t columns) {
  int64_t enough = kTaskElements / 2 / std::max<int64_t>(1, columns);
  return std::max<int64_t>({8, enough, (rows + 63) / 64});
}

// Columns of the sums that are combined at a time.
constexpr int64_t kStrip = 256;

// Sums of columns [first, last) over all groups, at most kStrip of them.
void combineStrip(const LayerNormGradArgs &args, int64_t groups, int64_t first,
                  int64_t last) {
  const auto *partials = static_cast<const float *>(args.scratch);
  float sums[kStrip] = {};
  for (int64_t g = 0; g < groups; ++g) {
    const float *partial = partials + g * 2 * args.columns;
    for (int64_t c = first; c < last; ++c) {
      sums[c - first] += partial[c];
    }
  }
  for (int64_t c = first; c < last; ++c) {
    float &to =
        c < args.columns ? args.dgamma[c] : args.dbeta[c - args.columns];
    to = sums[c - first];
  }
}
} // namespace

void layerNorm(const LayerNormArgs &args) {
  int64_t n = args.rows * args.columns;
  LayerNormTask call = {args,
                        streams(args.y, n, {args.x.data, args.residual.data}),
                        streams(args.z, n, {args.x.data, args.residual.data})};
  int64_t grain =
      std::max<int64_t>(1, kTaskElements / std::max<int64_t>(1, args.columns));
  bool halves = areHalves({args.x, args.residual, args.y, args.z});
  parallelRanges(args.rows, grain, [&](int64_t first, int64_t last) {
    if (halves) {
      HWY_DYNAMIC_DISPATCH(layerNormHalfRows)(args, first, last);
    } else {
      HWY_DYNAMIC_DISPATCH(layerNormRows)(call, first, last);
    }
  });
}

int64_t layerNormGradScratch(int64_t rows, int64_t columns) {
  int64_t group = groupRows(rows, columns);
  return (rows + group - 1) / group * 2 * columns *
         static_cast<int64_t>(sizeof(float));
}

void layerNormGrad(const LayerNormGradArgs &args) {
  int64_t n = args.rows * args.columns;
  LayerNormGradTask call = {args,
                            streams(args.dz, n, {args.dy.data, args.z.data}),
                            streams(args.dx, n, {args.dy.data, args.z.data})};
  int64_t group = groupRows(args.rows, args.columns);
  int64_t groups = (args.rows + group - 1) / group;
  int64_t width = 2 * args.columns;
  auto *partials = static_cast<float *>(args.scratch);
  bool halves = areHalves({args.dy, args.z, args.dz, args.dx});
  parallelRanges(args.rows, group, [&](int64_t first, int64_t last) {
    float *partial = partials + first / group * width;
    if (halves) {
      HWY_DYNAMIC_DISPATCH(layerNormGradHalfRows)(args, first, last, partial);
    } else {
      HWY_DYNAMIC_DISPATCH(layerNormGradRows)(call, first, last, partial);
    }
  });
  int64_t grain = std::max(kStrip, kTaskElements / groups / kStrip * kStrip);
  parallelRanges(width, grain, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; c += kStrip) {
      combineStrip(args, groups, c, std::min(end, c + kStrip));
    }
  });
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
