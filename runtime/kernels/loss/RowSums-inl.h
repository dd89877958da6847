// SPDX-License-Identifier: Apache-2.0
//
// The sums behind a softmax over a row as long as a vocabulary, in blocks.

#if defined(BERTC_RUNTIME_KERNELS_LOSS_ROWSUMS_INL_H_) ==                      \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_LOSS_ROWSUMS_INL_H_
#undef BERTC_RUNTIME_KERNELS_LOSS_ROWSUMS_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_LOSS_ROWSUMS_INL_H_
#endif

#include "runtime/kernels/common/Math-inl.h"
#include "runtime/kernels/loss/RowSums.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

HWY_INLINE float maxBlock(const float *x, float start, size_t n) {
  const DF df;
  VF top = splat(start);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    top = hn::Max(top, hn::LoadU(df, x + i));
  }
  float result = hn::GetLane(hn::MaxOfLanes(df, top));
  for (; i < n; ++i) {
    result = x[i] > result ? x[i] : result;
  }
  return result;
}

// Sum of e^(x - shift).
HWY_INLINE float expSumBlock(const float *x, float shift, size_t n) {
  const DF df;
  const VF s = splat(shift);
  VF sum = hn::Zero(df);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    sum = hn::Add(sum, expV(hn::Sub(hn::LoadU(df, x + i), s)));
  }
  float result = hn::GetLane(hn::SumOfLanes(df, sum));
  if (i < n) {
    HWY_ALIGN float tail[kLanes];
    hn::Store(expV(hn::Sub(loadTail(x + i, n - i), s)), df, tail);
    for (size_t j = 0; i + j < n; ++j) {
      result += tail[j];
    }
  }
  return result;
}

HWY_INLINE size_t blockLength(int64_t begin, int64_t columns) {
  int64_t left = columns - begin;
  return static_cast<size_t>(left < kBlock ? left : kBlock);
}

HWY_INLINE RowSums rowSumsOf(Buffer x, int64_t base, int64_t columns) {
  HWY_ALIGN float in[kBlock];
  float largest = -__builtin_inff();
  for (int64_t c = 0; c < columns; c += kBlock) {
    size_t n = blockLength(c, columns);
    const float *p = loadBlock(x.data, x.dtype, base + c, 1, n, in);
    largest = maxBlock(p, largest, n);
  }
  float sum = 0.0f;
  for (int64_t c = 0; c < columns; c += kBlock) {
    size_t n = blockLength(c, columns);
    const float *p = loadBlock(x.data, x.dtype, base + c, 1, n, in);
    sum += expSumBlock(p, largest, n);
  }
  return {largest, sum};
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
