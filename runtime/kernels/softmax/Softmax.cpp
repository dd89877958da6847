// SPDX-License-Identifier: Apache-2.0
//
// Softmax and its gradient, a row at a time. A row of up to kBlock columns
// stays in the L1 cache between its sweeps; longer rows are walked in blocks
// whose terms are computed again in each sweep.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/softmax/Softmax.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/softmax/Softmax.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/common/Math-inl.h"
#include "runtime/kernels/dropout/Dropout-inl.h"

#ifndef BERTC_RUNTIME_KERNELS_SOFTMAX_SHARED_
#define BERTC_RUNTIME_KERNELS_SOFTMAX_SHARED_
namespace bertc::rt::kernels {

// A call and whether its outputs bypass the caches.
struct SoftmaxTask : SoftmaxArgs {
  bool stream;
};
struct SoftmaxGradTask : SoftmaxGradArgs {
  bool stream;
};

} // namespace bertc::rt::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

// Writes scale * x + mask to out and returns the larger of `largest` and its
// maximum.
HWY_INLINE float termsBlock(const float *x, const float *mask, float scale,
                            float largest, float *HWY_RESTRICT out, size_t n) {
  const DF df;
  const VF s = splat(scale);
  VF top = splat(largest);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    VF m = mask == nullptr ? hn::Zero(df) : hn::LoadU(df, mask + i);
    VF t = hn::MulAdd(hn::LoadU(df, x + i), s, m);
    hn::StoreU(t, df, out + i);
    top = hn::Max(top, t);
  }
  float result = hn::GetLane(hn::MaxOfLanes(df, top));
  for (; i < n; ++i) {
    out[i] = x[i] * scale + (mask == nullptr ? 0.0f : mask[i]);
    result = out[i] > result ? out[i] : result;
  }
  return result;
}

// Replaces t by e^(t - largest) and returns the sum.
HWY_INLINE float expBlock(float *HWY_RESTRICT t, float largest, size_t n) {
  const DF df;
  const VF top = splat(largest);
  VF sum = hn::Zero(df);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    VF e = expV(hn::Sub(hn::LoadU(df, t + i), top));
    hn::StoreU(e, df, t + i);
    sum = hn::Add(sum, e);
  }
  float result = hn::GetLane(hn::SumOfLanes(df, sum));
  if (i < n) {
    storeTail(expV(hn::Sub(loadTail(t + i, n - i), top)), t + i, n - i);
    for (; i < n; ++i) {
      result += t[i];
    }
  }
  return result;
}

HWY_INLINE void scaleBlock(const float *x, float factor, float *y, size_t n) {
  const DF df;
  const VF f = splat(factor);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    hn::StoreU(hn::Mul(hn::LoadU(df, x + i), f), df, y + i);
  }
  for (; i < n; ++i) {
    y[i] = x[i] * factor;
  }
}

// Sum of a * b.
HWY_INLINE float dotBlock(const float *a, const float *b, size_t n) {
  const DF df;
  VF sum = hn::Zero(df);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    sum = hn::MulAdd(hn::LoadU(df, a + i), hn::LoadU(df, b + i), sum);
  }
  float result = hn::GetLane(hn::SumOfLanes(df, sum));
  for (; i < n; ++i) {
    result += a[i] * b[i];
  }
  return result;
}

// Memory one row needs while it is worked on.
struct SoftmaxBlock {
  HWY_ALIGN float in[kBlock];
  HWY_ALIGN float other[kBlock];
  HWY_ALIGN float out[kBlock];
  HWY_ALIGN float dropped[kBlock];
  HWY_ALIGN uint32_t keep[kKeepWords];
};

// Writes e * factor as y, and the dropout of it, for a block at `offset`.
HWY_INLINE void finishBlock(const SoftmaxTask &args, const float *e,
                            float factor, int64_t offset, size_t n,
                            SoftmaxBlock &block) {
  float *y =
      outBlock(args.y.data, args.y.dtype, offset, 1, block.out, args.stream);
  scaleBlock(e, factor, y, n);
  storeBlock(y, args.y.data, args.y.dtype, offset, 1, n, args.stream);
  if (args.dropped.data == nullptr) {
    return;
  }
  float *d =
      outBlock(args.dropped.data, args.dropped.dtype, offset, 1, block.dropped);
  if (args.dropout.active) {
    const uint32_t *keep = keepBlock(args.dropout, offset, n, block.keep);
    dropBlock(y, keep, args.dropout.scale.factor, d, n);
  } else {
    scaleBlock(y, 1.0f, d, n);
  }
  storeBlock(d, args.dropped.data, args.dropped.dtype, offset, 1, n,
             args.stream);
}

HWY_INLINE size_t blockLength(int64_t begin, int64_t columns) {
  int64_t left = columns - begin;
  return static_cast<size_t>(left < kBlock ? left : kBlock);
}

HWY_INLINE float termsAt(const SoftmaxArgs &args, const float *mask,
                         int64_t row, int64_t column, size_t n, float largest,
                         SoftmaxBlock &block, float *out) {
  const float *x = loadBlock(args.x.data, args.x.dtype,
                             row * args.columns + column, 1, n, block.in);
  return termsBlock(x, mask == nullptr ? nullptr : mask + column, args.scale,
                    largest, out, n);
}

HWY_INLINE void softmaxRow(const SoftmaxTask &args, const float *mask,
                           int64_t row, SoftmaxBlock &block) {
  const float lowest = -__builtin_inff();
  int64_t base = row * args.columns;
  float *t = block.other;
  if (args.columns <= kBlock) {
    size_t n = static_cast<size_t>(args.columns);
    float largest = termsAt(args, mask, row, 0, n, lowest, block, t);
    float sum = expBlock(t, largest, n);
    finishBlock(args, t, 1.0f / sum, base, n, block);
    return;
  }
  float largest = lowest;
  for (int64_t c = 0; c < args.columns; c += kBlock) {
    size_t n = blockLength(c, args.columns);
    largest = termsAt(args, mask, row, c, n, largest, block, t);
  }
  float sum = 0.0f;
  for (int64_t c = 0; c < args.columns; c += kBlock) {
    size_t n = blockLength(c, args.columns);
    termsAt(args, mask, row, c, n, lowest, block, t);
    sum += expBlock(t, largest, n);
  }
  for (int64_t c = 0; c < args.columns; c += kBlock) {
    size_t n = blockLength(c, args.columns);
    termsAt(args, mask, row, c, n, lowest, block, t);
    expBlock(t, largest, n);
    finishBlock(args, t, 1.0f / sum, base + c, n, block);
  }
}

void softmaxRows(const SoftmaxTask &args, int64_t first, int64_t last) {
  SoftmaxBlock block;
  for (int64_t row = first; row < last; ++row) {
    const float *mask = args.mask;
    if (mask != nullptr) {
      int64_t s = row % args.rows;
      int64_t a = row / args.rows % args.heads;
      int64_t b = row / args.rows / args.heads;
      mask += b * args.maskStrides[0] + a * args.maskStrides[1] +
              s * args.maskStrides[2];
    }
    softmaxRow(args, mask, row, block);
  }
  finishStreams(args.stream);
}

// dy after the gradient of dropout, for the block at `offset`.
HWY_INLINE const float *gradientAt(const SoftmaxGradArgs &args, int64_t offset,
                                   size_t n, SoftmaxBlock &block) {
  const float *dy =
      loadBlock(args.dy.data, args.dy.dtype, offset, 1, n, block.in);
  if (!args.dropout.active) {
    return dy;
  }
  const uint32_t *keep = keepBlock(args.dropout, offset, n, block.keep);
  dropBlock(dy, keep, args.dropout.scale.factor, block.dropped, n);
  return block.dropped;
}

// scale * y * (g - dot).
HWY_INLINE void gradientBlock(const float *g, const float *y, float dot,
                              float scale, float *dx, size_t n) {
  const DF df;
  const VF d = splat(dot);
  const VF s = splat(scale);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    VF centred = hn::Sub(hn::LoadU(df, g + i), d);
    VF r = hn::Mul(hn::Mul(hn::LoadU(df, y + i), s), centred);
    hn::StoreU(r, df, dx + i);
  }
  for (; i < n; ++i) {
    dx[i] = y[i] * scale * (g[i] - dot);
  }
}

void softmaxGradRows(const SoftmaxGradTask &args, int64_t first, int64_t last) {
  SoftmaxBlock block;
  bool once = args.columns <= kBlock;
  for (int64_t row = first; row < last; ++row) {
    float dot = 0.0f;
    const float *g = nullptr;
    const float *y = nullptr;
    for (int64_t c = 0; c < args.columns; c += kBlock) {
      size_t n = blockLength(c, args.columns);
      int64_t offset = row * args.columns + c;
      g = gradientAt(args, offset, n, block);
      y = loadBlock(args.y.data, args.y.dtype, offset, 1, n, block.other);
      dot += dotBlock(g, y, n);
    }
    for (int64_t c = 0; c < args.columns; c += kBlock) {
      size_t n = blockLength(c, args.columns);
      int64_t offset = row * args.columns + c;
      if (!once) {
        g = gradientAt(args, offset, n, block);
        y = loadBlock(args.y.data, args.y.dtype, offset, 1, n, block.other);
      }
      float *dx = outBlock(args.dx.data, args.dx.dtype, offset, 1, block.out,
                           args.stream);
      gradientBlock(g, y, dot, args.scale, dx, n);
      storeBlock(dx, args.dx.data, args.dx.dtype, offset, 1, n, args.stream);
    }
  }
  finishStreams(args.stream);
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(softmaxRows);
HWY_EXPORT(softmaxGradRows);

int64_t rowsPerTask(int64_t columns) {
  return std::max<int64_t>(1, kTaskElements / std::max<int64_t>(1, columns));
}
} // namespace

void softmax(const SoftmaxArgs &args) {
  int64_t rows = args.batch * args.heads * args.rows;
  SoftmaxTask call = {args,
                      streams(args.y, rows * args.columns, {args.x.data})};
  parallelRanges(rows, rowsPerTask(args.columns),
                 [&](int64_t first, int64_t last) {
                   HWY_DYNAMIC_DISPATCH(softmaxRows)(call, first, last);
                 });
}

void softmaxGrad(const SoftmaxGradArgs &args) {
  SoftmaxGradTask call = {args, streams(args.dx, args.rows * args.columns,
                                        {args.dy.data, args.y.data})};
  parallelRanges(args.rows, rowsPerTask(args.columns),
                 [&](int64_t first, int64_t last) {
                   HWY_DYNAMIC_DISPATCH(softmaxGradRows)(call, first, last);
                 });
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
