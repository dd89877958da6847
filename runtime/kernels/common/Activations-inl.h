// SPDX-License-Identifier: Apache-2.0
//
// What may be applied to the result of a product, and by the elementwise kernel
// of the same name.

#if defined(BERTC_RUNTIME_KERNELS_COMMON_ACTIVATIONS_INL_H_) ==                \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_COMMON_ACTIVATIONS_INL_H_
#undef BERTC_RUNTIME_KERNELS_COMMON_ACTIVATIONS_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_COMMON_ACTIVATIONS_INL_H_
#endif

#include "runtime/kernels/common/Math-inl.h"
#include "runtime/kernels/elementwise/Elementwise.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

struct IdentityOp {
  HWY_INLINE VF operator()(VF x) const { return x; }
};
struct GeluErfOp {
  HWY_INLINE VF operator()(VF x) const { return geluErfV(x); }
};
struct GeluTanhOp {
  HWY_INLINE VF operator()(VF x) const { return geluTanhV(x); }
};
struct ReluOp {
  // Not Max: NaN must come through.
  HWY_INLINE VF operator()(VF x) const {
    return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(DF())), x);
  }
};
struct TanhOp {
  HWY_INLINE VF operator()(VF x) const { return tanhV(x); }
};

// fn(op) with the operator of an activation; any other kind is none.
template <typename Fn>
HWY_INLINE void withActivation(UnaryKind kind, const Fn &fn) {
  switch (kind) {
  case UnaryKind::GeluErf:
    return fn(GeluErfOp());
  case UnaryKind::GeluTanh:
    return fn(GeluTanhOp());
  case UnaryKind::Relu:
    return fn(ReluOp());
  case UnaryKind::Tanh:
    return fn(TanhOp());
  default:
    return fn(IdentityOp());
  }
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
