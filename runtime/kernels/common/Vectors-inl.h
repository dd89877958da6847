// SPDX-License-Identifier: Apache-2.0
//
// Loops over runs of f32 or bf16 whose last vector may be a part, for kernels
// that keep everything in registers.

#if defined(BERTC_RUNTIME_KERNELS_COMMON_VECTORS_INL_H_) ==                    \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_COMMON_VECTORS_INL_H_
#undef BERTC_RUNTIME_KERNELS_COMMON_VECTORS_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_COMMON_VECTORS_INL_H_
#endif

#include "runtime/kernels/common/Simd-inl.h"

#ifndef BERTC_STEP
#define BERTC_STEP HWY_ATTR __attribute__((always_inline))
#endif

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

// Calls step(j, i, n) for vectors of n elements at i: n is kLanes, which the
// compiler knows where step is a lambda marked with BERTC_STEP, and less at the
// end; j selects one of four running sums, which hide the latency of additions.
template <typename Step> HWY_INLINE void forVectors(int64_t n, const Step &s) {
  const int64_t lanes = static_cast<int64_t>(kLanes);
  int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    s(0, i, kLanes);
    s(1, i + lanes, kLanes);
    s(2, i + 2 * lanes, kLanes);
    s(3, i + 3 * lanes, kLanes);
  }
  for (; i + lanes <= n; i += lanes) {
    s(0, i, kLanes);
  }
  if (i < n) {
    s(0, i, static_cast<size_t>(n - i));
  }
}

HWY_INLINE VF loadHalves(const uint16_t *p, size_t n) {
  return n == kLanes ? bf16Load(p) : loadHalvesTail(p, n);
}

HWY_INLINE VF loadFloats(const float *p, size_t n) {
  return n == kLanes ? hn::LoadU(DF(), p) : loadTail(p, n);
}

HWY_INLINE void storeFloats(VF v, float *p, size_t n) {
  return n == kLanes ? hn::StoreU(v, DF(), p) : storeTail(v, p, n);
}

template <class Rounding>
HWY_INLINE void storeHalves(Rounding rounding, VF v, uint16_t *p, size_t n) {
  return n == kLanes ? Rounding::store(v, p)
                     : storeHalvesTail(rounding, v, p, n);
}

struct FourSums {
  VF v[4];

  HWY_INLINE FourSums() { v[0] = v[1] = v[2] = v[3] = hn::Zero(DF()); }
  HWY_INLINE float total() const {
    VF sum = hn::Add(hn::Add(v[0], v[1]), hn::Add(v[2], v[3]));
    return hn::GetLane(hn::SumOfLanes(DF(), sum));
  }
};

// The first n lanes of v, the others of `rest`.
HWY_INLINE VF replaceRest(VF v, size_t n, VF rest) {
#if HWY_TARGET == HWY_SCALAR
  return v;
#else
  return hn::IfThenElse(hn::FirstN(DF(), n), v, rest);
#endif
}

// Elements past the end must not count.
HWY_INLINE VF firstOf(VF v, size_t n) {
#if HWY_TARGET == HWY_SCALAR
  return v;
#else
  return n == kLanes ? v : hn::IfThenElseZero(hn::FirstN(DF(), n), v);
#endif
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
