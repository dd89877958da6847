// SPDX-License-Identifier: Apache-2.0
//
// bf16 to f32 and back, a line at a time.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/elementwise/ConvertLine.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/elementwise/ConvertLine.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/common/Simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

void widen(const uint16_t *in, float *out, int64_t n, float scale) {
  const VF factor = splat(scale);
  int64_t i = 0;
  for (; i + static_cast<int64_t>(kLanes) <= n; i += kLanes) {
    hn::StoreU(hn::Mul(bf16Load(in + i), factor), DF(), out + i);
  }
  for (; i < n; ++i) {
    out[i] = bf16ToFloat(in[i]) * scale;
  }
}

void narrow(const float *in, uint16_t *out, int64_t n) {
  f32ToBf16(in, out, static_cast<size_t>(n));
}

VF rounded(VF x, VF factor) {
  VF grid = hn::BitCast(DF(), hn::ShiftLeft<16>(bf16Round(x)));
  return hn::Mul(grid, factor);
}

void round(const float *in, float *out, int64_t n, float scale) {
  const VF factor = splat(scale);
  int64_t i = 0;
  for (; i + static_cast<int64_t>(kLanes) <= n; i += kLanes) {
    hn::StoreU(rounded(hn::LoadU(DF(), in + i), factor), DF(), out + i);
  }
  if (i < n) {
    size_t rest = static_cast<size_t>(n - i);
    storeTail(rounded(loadTail(in + i, rest), factor), out + i, rest);
  }
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(widen);
HWY_EXPORT(narrow);
HWY_EXPORT(round);
} // namespace

void widenLine(const uint16_t *in, float *out, int64_t n, float scale) {
  HWY_DYNAMIC_DISPATCH(widen)(in, out, n, scale);
}

void narrowLine(const float *in, uint16_t *out, int64_t n) {
  HWY_DYNAMIC_DISPATCH(narrow)(in, out, n);
}

void roundLine(const float *in, float *out, int64_t n, float scale) {
  HWY_DYNAMIC_DISPATCH(round)(in, out, n, scale);
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
