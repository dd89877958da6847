// SPDX-License-Identifier: Apache-2.0
//
// What the backward pass of a dense layer with gelu needs between its two
// products: gelu again, the gradient before it, and the sums of that over rows,
// which are the gradient of the bias. Rows are summed in groups whose size
// depends on the shape only, then over the groups in order.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/elementwise/Elementwise.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/elementwise/GeluBackward.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/common/Math-inl.h"

#ifndef BERTC_RUNTIME_KERNELS_GELU_BACKWARD_SHARED_
#define BERTC_RUNTIME_KERNELS_GELU_BACKWARD_SHARED_
namespace bertc::rt::kernels {

// A call and which of its outputs bypass the caches.
struct GeluBackwardTask : GeluBackwardArgs {
  bool streamY, streamDx;
};

} // namespace bertc::rt::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

// y may be x and dx may be dy.
template <typename Op>
HWY_INLINE void backwardBlock(const Op &op, const float *dy, const float *x,
                              float *y, float *dx, float *HWY_RESTRICT sums,
                              size_t n) {
  const DF df;
  size_t i = 0;
  VF value = hn::Zero(df), slope = value;
  for (; i + kLanes <= n; i += kLanes) {
    op(hn::LoadU(df, x + i), value, slope);
    VF d = hn::Mul(hn::LoadU(df, dy + i), slope);
    hn::StoreU(value, df, y + i);
    hn::StoreU(d, df, dx + i);
    hn::StoreU(hn::Add(hn::LoadU(df, sums + i), d), df, sums + i);
  }
  if (i < n) {
    op(loadTail(x + i, n - i), value, slope);
    VF d = hn::Mul(loadTail(dy + i, n - i), slope);
    storeTail(value, y + i, n - i);
    storeTail(d, dx + i, n - i);
    storeTail(hn::Add(loadTail(sums + i, n - i), d), sums + i, n - i);
  }
}

// Rows [first, last); their sums go to sums [C].
void geluBackwardRows(const GeluBackwardTask &t, int64_t first, int64_t last,
                      float *sums) {
  HWY_ALIGN float inDy[kBlock];
  HWY_ALIGN float inX[kBlock];
  HWY_ALIGN float outY[kBlock];
  HWY_ALIGN float outDx[kBlock];
  for (int64_t c = 0; c < t.columns; ++c) {
    sums[c] = 0.0f;
  }
  for (int64_t r = first; r < last; ++r) {
    for (int64_t c = 0; c < t.columns; c += kBlock) {
      int64_t left = t.columns - c, at = r * t.columns + c;
      size_t n = static_cast<size_t>(left < kBlock ? left : kBlock);
      const float *dy = loadBlock(t.dy.data, t.dy.dtype, at, 1, n, inDy);
      const float *x = loadBlock(t.x.data, t.x.dtype, at, 1, n, inX);
      float *y = outBlock(t.y.data, t.y.dtype, at, 1, outY, t.streamY);
      float *dx = outBlock(t.dx.data, t.dx.dtype, at, 1, outDx, t.streamDx);
      if (t.kind == UnaryKind::GeluTanh) {
        backwardBlock(GeluTanhAndSlope(), dy, x, y, dx, sums + c, n);
      } else {
        backwardBlock(GeluErfAndSlope(), dy, x, y, dx, sums + c, n);
      }
      storeBlock(y, t.y.data, t.y.dtype, at, 1, n, t.streamY);
      storeBlock(dx, t.dx.data, t.dx.dtype, at, 1, n, t.streamDx);
    }
  }
  finishStreams(t.streamY || t.streamDx);
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(geluBackwardRows);

// At most 64 groups, each worth a task.
int64_t groupRows(int64_t rows, int64_t columns) {
  int64_t enough = kTaskElements / std::max<int64_t>(1, columns);
  return std::max<int64_t>({1, enough, (rows + 63) / 64});
}

int64_t groupCount(const GeluBackwardArgs &args) {
  int64_t size = groupRows(args.rows, args.columns);
  return (args.rows + size - 1) / size;
}

} // namespace

size_t geluBackwardScratchBytes(const GeluBackwardArgs &args) {
  return static_cast<size_t>(groupCount(args) * args.columns) * sizeof(float);
}

void geluBackward(const GeluBackwardArgs &args, void *scratch) {
  int64_t elements = args.rows * args.columns;
  GeluBackwardTask task = {
      args, streams(args.y, elements, {args.x.data, args.dy.data}),
      streams(args.dx, elements, {args.x.data, args.dy.data})};
  auto *partials = static_cast<float *>(scratch);
  int64_t size = groupRows(args.rows, args.columns);
  int64_t groups = groupCount(args);
  parallelTasks(groups, [&](int64_t g) {
    int64_t first = g * size;
    HWY_DYNAMIC_DISPATCH(geluBackwardRows)
    (task, first, std::min(first + size, args.rows),
     partials + g * args.columns);
  });
  for (int64_t c = 0; c < args.columns; ++c) {
    args.dbias[c] = 0.0f;
  }
  for (int64_t g = 0; g < groups; ++g) {
    const float *partial = partials + g * args.columns;
    for (int64_t c = 0; c < args.columns; ++c) {
      args.dbias[c] += partial[c];
    }
  }
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
