// SPDX-License-Identifier: Apache-2.0
//
// The memory traffic of updates, in one pass and in two, and nothing to
// compute.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/optimizer/PlainPass.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/optimizer/PlainPass.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/common/Simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

void passRange(const OptimizerArgs &a, int64_t begin, int64_t end) {
  const DF df;
  const VF kept = splat(0.9f), taken = splat(0.1f), rate = splat(1e-6f);
  int64_t i = begin;
  for (; i + static_cast<int64_t>(kLanes) <= end; i += kLanes) {
    VF g = hn::Mul(taken, hn::LoadU(df, a.gradient + i));
    VF m = hn::MulAdd(kept, hn::LoadU(df, a.m + i), g);
    VF v = hn::MulAdd(kept, hn::LoadU(df, a.v + i), g);
    VF w = hn::NegMulAdd(rate, m, hn::LoadU(df, a.var + i));
    hn::StoreU(m, df, a.m + i);
    hn::StoreU(v, df, a.v + i);
    hn::StoreU(w, df, a.var + i);
    hn::StoreU(hn::Zero(df), df, a.gradient + i);
  }
  for (; i < end; ++i) {
    float g = 0.1f * a.gradient[i];
    a.m[i] = 0.9f * a.m[i] + g;
    a.v[i] = 0.9f * a.v[i] + g;
    a.var[i] -= 1e-6f * a.m[i];
    a.gradient[i] = 0.0f;
  }
}

// Moments, and the step along m where the gradient was.
void firstRange(const OptimizerArgs &a, int64_t begin, int64_t end) {
  const DF df;
  const VF kept = splat(0.9f), taken = splat(0.1f), none = hn::Zero(df);
  int64_t i = begin;
  for (; i + static_cast<int64_t>(kLanes) <= end; i += kLanes) {
    VF g = hn::Mul(taken, hn::LoadU(df, a.gradient + i));
    VF m = hn::MulAdd(kept, hn::LoadU(df, a.m + i), g);
    VF v = hn::MulAdd(kept, hn::LoadU(df, a.v + i), g);
    // The variable is read here too; what is not finite shows.
    VF u = hn::MulAdd(none, hn::LoadU(df, a.var + i), m);
    hn::StoreU(m, df, a.m + i);
    hn::StoreU(v, df, a.v + i);
    hn::StoreU(u, df, a.gradient + i);
  }
  for (; i < end; ++i) {
    float g = 0.1f * a.gradient[i];
    a.m[i] = 0.9f * a.m[i] + g;
    a.v[i] = 0.9f * a.v[i] + g;
    a.gradient[i] = 0.0f * a.var[i] + a.m[i];
  }
}

void secondRange(const OptimizerArgs &a, float rate, int64_t begin,
                 int64_t end) {
  const DF df;
  int64_t i = begin;
  for (; i + static_cast<int64_t>(kLanes) <= end; i += kLanes) {
    VF u = hn::LoadU(df, a.gradient + i);
    VF w = hn::NegMulAdd(splat(rate), u, hn::LoadU(df, a.var + i));
    hn::StoreU(w, df, a.var + i);
    hn::StoreU(hn::Zero(df), df, a.gradient + i);
  }
  for (; i < end; ++i) {
    a.var[i] -= rate * a.gradient[i];
    a.gradient[i] = 0.0f;
  }
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(passRange);
HWY_EXPORT(firstRange);
HWY_EXPORT(secondRange);
} // namespace

void plainPass(const OptimizerArgs &args) {
  parallelRanges(args.elements, kTaskElements, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(passRange)(args, begin, end);
  });
}

void plainTwoPasses(const OptimizerArgs &args) {
  parallelRangesTwice(
      args.elements, normPartElements(args.elements),
      [&](int64_t begin, int64_t end) {
        HWY_DYNAMIC_DISPATCH(firstRange)(args, begin, end);
      },
      [] { return 1e-6f; },
      [&](int64_t begin, int64_t end, float rate) {
        HWY_DYNAMIC_DISPATCH(secondRange)(args, rate, begin, end);
      });
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
