// SPDX-License-Identifier: Apache-2.0
//
// Gelu and its derivative at once: both need the same exponential.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/elementwise/Elementwise.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/elementwise/GeluWithDerivative.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/common/HalvesMath-inl.h"

#ifndef BERTC_RUNTIME_KERNELS_GELU_SHARED_
#define BERTC_RUNTIME_KERNELS_GELU_SHARED_
namespace bertc::rt::kernels {

// A call and whether its outputs bypass the caches.
struct GeluTask {
  UnaryKind kind;
  Buffer y, derivative, x;
  bool streamY, streamDerivative;
};

} // namespace bertc::rt::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

// y and slope may be x.
template <typename Op>
HWY_INLINE void geluBlock(const Op &op, const float *x, float *y, float *slope,
                          size_t n) {
  const DF df;
  size_t i = 0;
  VF value = hn::Zero(df), d = value;
  for (; i + kLanes <= n; i += kLanes) {
    op(hn::LoadU(df, x + i), value, d);
    hn::StoreU(value, df, y + i);
    hn::StoreU(d, df, slope + i);
  }
  if (i < n) {
    op(loadTail(x + i, n - i), value, d);
    storeTail(value, y + i, n - i);
    storeTail(d, slope + i, n - i);
  }
}

// The same from bf16 to bf16 without blocks of f32 between.
template <class Rounding, typename Op>
HWY_INLINE void geluHalves(Rounding rounding, const Op &op, const uint16_t *x,
                           uint16_t *y, uint16_t *slope, size_t n) {
  size_t i = 0;
  VF value = hn::Zero(DF()), d = value;
  for (; i + kLanes <= n; i += kLanes) {
    __builtin_prefetch(x + i + kHalvesAhead, 0, 3);
    __builtin_prefetch(y + i + kHalvesAhead, 1, 3);
    __builtin_prefetch(slope + i + kHalvesAhead, 1, 3);
    op(bf16Load(x + i), value, d);
    rounding.store(value, y + i);
    rounding.store(d, slope + i);
  }
  if (i < n) {
    op(loadHalvesTail(x + i, n - i), value, d);
    storeHalvesTail(rounding, value, y + i, n - i);
    storeHalvesTail(rounding, d, slope + i, n - i);
  }
}

void geluHalfElements(const GeluTask &t, int64_t first, int64_t last) {
  const uint16_t *x = static_cast<const uint16_t *>(t.x.data) + first;
  uint16_t *y = static_cast<uint16_t *>(t.y.data) + first;
  uint16_t *slope = static_cast<uint16_t *>(t.derivative.data) + first;
  const size_t n = static_cast<size_t>(last - first);
  withRounding([&](auto rounding) HWY_ATTR {
    if (t.kind == UnaryKind::GeluTanh) {
      geluHalves(rounding, GeluAndSlopeHalves<GeluTanhTail>(), x, y, slope, n);
    } else {
      geluHalves(rounding, GeluAndSlopeHalves<GeluErfTail>(), x, y, slope, n);
    }
  });
}

void geluElements(const GeluTask &t, int64_t first, int64_t last) {
  HWY_ALIGN float in[kBlock];
  HWY_ALIGN float out[kBlock];
  HWY_ALIGN float slopes[kBlock];
  for (int64_t i = first; i < last; i += kBlock) {
    size_t n = static_cast<size_t>(last - i < kBlock ? last - i : kBlock);
    const float *x = loadBlock(t.x.data, t.x.dtype, i, 1, n, in);
    float *y = outBlock(t.y.data, t.y.dtype, i, 1, out, t.streamY);
    float *slope = outBlock(t.derivative.data, t.derivative.dtype, i, 1, slopes,
                            t.streamDerivative);
    if (t.kind == UnaryKind::GeluTanh) {
      geluBlock(GeluTanhAndSlope(), x, y, slope, n);
    } else {
      geluBlock(GeluErfAndSlope(), x, y, slope, n);
    }
    storeBlock(y, t.y.data, t.y.dtype, i, 1, n, t.streamY);
    storeBlock(slope, t.derivative.data, t.derivative.dtype, i, 1, n,
               t.streamDerivative);
  }
  finishStreams(t.streamY || t.streamDerivative);
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(geluElements);
HWY_EXPORT(geluHalfElements);
} // namespace

void geluWithDerivative(UnaryKind kind, Buffer y, Buffer derivative, Buffer x,
                        int64_t elements) {
  GeluTask task = {kind,
                   y,
                   derivative,
                   x,
                   streams(y, elements, {x.data}),
                   streams(derivative, elements, {x.data})};
  const bool halves = areHalves({x, y, derivative});
  parallelRanges(elements, kTaskElements, [&](int64_t first, int64_t last) {
    if (halves) {
      HWY_DYNAMIC_DISPATCH(geluHalfElements)(task, first, last);
    } else {
      HWY_DYNAMIC_DISPATCH(geluElements)(task, first, last);
    }
  });
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
