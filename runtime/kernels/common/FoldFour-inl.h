// SPDX-License-Identifier: Apache-2.0
//
// Four vectors, each folded into one number: together they take less than half
// of the shuffles that one after the other would.

#if defined(BERTC_RUNTIME_KERNELS_COMMON_FOLDFOUR_INL_H_) ==                   \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_COMMON_FOLDFOUR_INL_H_
#undef BERTC_RUNTIME_KERNELS_COMMON_FOLDFOUR_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_COMMON_FOLDFOUR_INL_H_
#endif

#include "runtime/kernels/common/Simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

struct AddFold {
  HWY_INLINE VF operator()(VF x, VF y) const { return hn::Add(x, y); }
};

struct MaxFold {
  HWY_INLINE VF operator()(VF x, VF y) const { return hn::Max(x, y); }
};

// to[i] = all lanes of v[i] under `fold`, which neither order nor grouping of
// its operands matters to but for rounding.
template <class Fold>
HWY_INLINE void foldFour(const VF (&v)[4], Fold fold, float *HWY_RESTRICT to) {
#if HWY_TARGET == HWY_SCALAR
  for (int i = 0; i < 4; ++i) {
    to[i] = hn::GetLane(v[i]);
  }
#else
  const DF df;
  const hn::Repartition<double, DF> pairs;
  auto a = hn::BitCast(pairs, fold(hn::InterleaveLower(df, v[0], v[1]),
                                   hn::InterleaveUpper(df, v[0], v[1])));
  auto b = hn::BitCast(pairs, fold(hn::InterleaveLower(df, v[2], v[3]),
                                   hn::InterleaveUpper(df, v[2], v[3])));
  // Lane i of every block of four belongs to v[i] from here on.
  VF x = fold(hn::BitCast(df, hn::InterleaveLower(pairs, a, b)),
              hn::BitCast(df, hn::InterleaveUpper(pairs, a, b)));
  if (kLanes > 4) {
    x = fold(x, hn::ReverseBlocks(df, x));
  }
#if HWY_TARGET <= HWY_AVX3
  x = fold(x, hn::SwapAdjacentBlocks(x));
#endif
  HWY_ALIGN float lanes[kLanes];
  hn::Store(x, df, lanes);
  __builtin_memcpy(to, lanes, 4 * sizeof(float));
#endif
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
