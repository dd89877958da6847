// SPDX-License-Identifier: Apache-2.0
//
// Functions whose results are rounded to bf16: shorter than in Math-inl.h. Gelu
// is off by less than a sixteenth of half a unit in the last of bf16's eight
// bits, 2^-13 of the value, on both tails. Coefficients are those of least
// maximal relative error, found as linear programmes over 2200 points
// (Chebyshev's and equidistant ones) and rounded to f32.

#if defined(BERTC_RUNTIME_KERNELS_COMMON_HALVESMATH_INL_H_) ==                 \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_COMMON_HALVESMATH_INL_H_
#undef BERTC_RUNTIME_KERNELS_COMMON_HALVESMATH_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_COMMON_HALVESMATH_INL_H_
#endif

#include "runtime/kernels/common/Math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

// 2^y = 2^n 2^r, n the integer nearest to y: n plus 1.5 * 2^23, and 2^r of
// degree 4 (relative error 2.8e-6), exactly 1 at 0.
struct Exp2Parts {
  VF biased, power;
};

HWY_INLINE VF exp2Shift() { return splat(12582912.0f); } // 1.5 * 2^23

HWY_INLINE Exp2Parts exp2Parts(VF y) {
  VF biased = hn::Add(y, exp2Shift());
  VF r = hn::Sub(y, hn::Sub(biased, exp2Shift()));
  VF p = splat(0.009582852944731712f);
  p = hn::MulAdd(p, r, splat(0.055906426161527634f));
  p = hn::MulAdd(p, r, splat(0.24024099111557007f));
  p = hn::MulAdd(p, r, splat(0.6931241750717163f));
  return {biased, hn::MulAdd(p, r, splat(1.0f))};
}

// n goes into the exponent bits; shifting drops what 1.5 * 2^23 left above.
HWY_INLINE VF exp2Scaled(Exp2Parts parts) {
  const DI di;
  return hn::BitCast(DF(),
                     hn::Add(hn::BitCast(di, parts.power),
                             hn::ShiftLeft<23>(hn::BitCast(di, parts.biased))));
}

// 2^y for -2000000 <= y < 128; where that is not a normal number, 0 or it.
HWY_INLINE VF exp2HalvesV(VF y) {
  Exp2Parts parts = exp2Parts(y);
#if HWY_TARGET == HWY_AVX3
  VF n = hn::Sub(parts.biased, exp2Shift());
  return VF{_mm512_scalef_ps(parts.power.raw, n.raw)};
#else
  return hn::IfThenZeroElse(hn::Lt(y, splat(-126.0f)), exp2Scaled(parts));
#endif
}

// e^x within 1e-5, 0 and infinity past the ends, NaN for NaN.
HWY_INLINE VF expHalvesV(VF x) {
  VF y = hn::Mul(x, splat(1.44269504f));
  VF most = splat(1000.0f), least = splat(-1000.0f);
#if HWY_TARGET == HWY_AVX3
  // NaN comes second, as it is returned then.
  return exp2HalvesV(hn::Min(most, hn::Max(least, y)));
#else
  VF clamped = hn::IfThenElse(hn::Lt(y, least), least, y);
  clamped = hn::IfThenElse(hn::Gt(clamped, most), most, clamped);
  VF power = exp2HalvesV(clamped);
  power =
      hn::IfThenElse(hn::Ge(y, splat(127.99f)), splat(__builtin_inff()), power);
  return hn::IfThenElse(hn::IsNaN(x), x, power);
#endif
}

// 1 / x within 2^-14, for normal x below 1e30.
HWY_INLINE VF reciprocalHalvesV(VF x) {
#if HWY_TARGET == HWY_AVX3
  return hn::ApproximateReciprocal(x);
#else
  return reciprocalV(x);
#endif
}

// A gelu g at -a and its derivative there, a = |x|: lost = -g(-a). The rest is
// g(x) = max(x, 0) - lost, g'(x) = 1 - g'(-x), which cancel nowhere. NaN, for
// which a may be anything, comes from x.
struct GeluTail {
  VF lost, slope;
};

HWY_INLINE VF geluOfTail(VF x, VF lost) {
  return hn::Sub(hn::IfThenZeroElse(hn::Lt(x, hn::Zero(DF())), x), lost);
}

HWY_INLINE VF geluSlopeOfTail(VF x, VF slope) {
  return hn::IfThenElse(hn::Lt(x, hn::Zero(DF())), slope,
                        hn::Sub(splat(1.0f), slope));
}

// |x|, at most 100, where all tails are 0; NaN for NaN.
HWY_INLINE VF magnitudeHalvesV(VF x) {
  VF a = hn::Abs(x), most = splat(100.0f);
#if HWY_TARGET == HWY_SCALAR
  return hn::IfThenElse(hn::Gt(a, most), most, a);
#else
  // In one step: what x86 returns beside NaN is the second operand.
  return hn::Min(most, a);
#endif
}

// With e = e^(-a^2/2): Phi(-a) = e t p(t), t = 1/(1 + 0.375 a), p of degree 4,
// fitted on 0 <= a <= 13.2 (2.8e-5); the derivative is Phi(-a) - a phi(a).
// Around its zero at a = 0.752 the error is absolute, 1.5e-5.
struct GeluErfTail {
  HWY_INLINE GeluTail operator()(VF x) const {
    VF a = magnitudeHalvesV(x);
    // -a^2/2 log2(e).
    VF e = exp2HalvesV(hn::Mul(hn::Mul(a, a), splat(-0.72134752f)));
    VF t = reciprocalHalvesV(hn::MulAdd(a, splat(0.375f), splat(1.0f)));
    VF p = splat(-0.09119867f);
    p = hn::MulAdd(p, t, splat(0.20151794f));
    p = hn::MulAdd(p, t, splat(0.08260577f));
    p = hn::MulAdd(p, t, splat(0.15803672f));
    p = hn::MulAdd(p, t, splat(0.14902857f));
    p = hn::Mul(t, p);
    // In this order no factor is denormal.
    return {hn::Mul(hn::Mul(a, p), e),
            hn::Mul(e, hn::NegMulAdd(a, splat(0.3989422804f), p))};
  }
};

// With e = e^(-2u(a)): the sigmoid of -2u is e t, t = 1/(1 + e); the derivative
// is e t (1 - t a 2u'). Its zero, as above, is at a = 0.753.
struct GeluTanhTail {
  HWY_INLINE GeluTail operator()(VF x) const {
    VF a = magnitudeHalvesV(x);
    VF s = hn::Mul(a, a);
    // -2 sqrt(2/pi) log2(e) (a + 0.044715 a^3).
    VF inner = hn::MulAdd(s, splat(-0.10294324f), splat(-2.3022082f));
    VF e = exp2HalvesV(hn::Mul(a, inner));
    VF t = reciprocalHalvesV(hn::Add(e, splat(1.0f)));
    VF slope = hn::MulAdd(s, splat(0.21406446f), splat(1.5957691216f));
    slope = hn::NegMulAdd(t, hn::Mul(a, slope), splat(1.0f));
    VF sigmoid = hn::Mul(e, t);
    return {hn::Mul(a, sigmoid), hn::Mul(sigmoid, slope)};
  }
};

template <class Tail> struct GeluHalvesOp {
  HWY_INLINE VF operator()(VF x) const { return geluOfTail(x, Tail()(x).lost); }
};

template <class Tail> struct GeluAndSlopeHalves {
  HWY_INLINE void operator()(VF x, VF &y, VF &slope) const {
    GeluTail tail = Tail()(x);
    y = geluOfTail(x, tail.lost);
    slope = geluSlopeOfTail(x, tail.slope);
  }
};

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
