// SPDX-License-Identifier: Apache-2.0
//
// Elementary functions on vectors of f32. Every coefficient was fitted here, to
// the least maximal relative error on the stated interval, and rounded to f32;
// the stated errors are against f64 over a dense sample (test/unit/kernels).
// Results below the smallest normal number are 0: the runtime flushes
// denormals.

#if defined(BERTC_RUNTIME_KERNELS_COMMON_MATH_INL_H_) ==                       \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_COMMON_MATH_INL_H_
#undef BERTC_RUNTIME_KERNELS_COMMON_MATH_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_COMMON_MATH_INL_H_
#endif

#include "runtime/kernels/common/Simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

// e^x = 2^n e^r for -87 < x < 89: `n` plus 1.5 * 2^23, which leaves the
// rounded integer in the low mantissa bits, and e^r.
struct ExpParts {
  VF biased, power;
};

HWY_INLINE ExpParts expParts(VF x) {
  VF shift = splat(12582912.0f);
  VF biased = hn::MulAdd(x, splat(1.44269504f), shift);
  VF n = hn::Sub(biased, shift);
  // ln 2 in two parts, the first with 9 trailing zero bits.
  VF r = hn::NegMulAdd(n, splat(0.693359375f), x);
  r = hn::NegMulAdd(n, splat(-2.12194440e-4f), r);
  VF p = splat(0.0013813142431899905f);
  p = hn::MulAdd(p, r, splat(0.008369418792426586f));
  p = hn::MulAdd(p, r, splat(0.04166845604777336f));
  p = hn::MulAdd(p, r, splat(0.16666515171527863f));
  p = hn::MulAdd(p, r, splat(0.4999999403953552f));
  p = hn::MulAdd(hn::Mul(r, r), p, r);
  return {biased, hn::Add(p, splat(1.0f))};
}

// e^x within 2 ulp; 0 below -86.98 (e^x < 1.7e-38), infinity above 88.7, NaN
// for NaN. x = n ln 2 + r, |r| <= ln(2)/2; e^r = 1 + r + r^2 p(r) with p of
// degree 4 (relative error 3.3e-9); 2^n goes into the exponent bits.
HWY_INLINE VF expV(VF x) {
  const DF df;
  const DI di;
  // Past these ends the result is replaced below; NaN passes both.
  VF low = splat(-86.98f);
  VF high = splat(88.72283f);
  VF t = hn::IfThenElse(hn::Lt(x, low), low, x);
  t = hn::IfThenElse(hn::Gt(t, high), high, t);
  ExpParts parts = expParts(t);
  VF p = parts.power;
  // n is at most 128, one more than an exponent holds: scale by 2^(n-1), 2.
  VI bits = hn::Sub(hn::BitCast(di, parts.biased),
                    hn::Set(di, 0x4b400000)); // 1.5 * 2^23
  VI half = hn::ShiftLeft<23>(hn::Add(bits, hn::Set(di, 126)));
  VF result = hn::Mul(hn::Add(p, p), hn::BitCast(df, half));
  result = hn::IfThenZeroElse(hn::Lt(x, low), result);
  VF inf = splat(__builtin_inff());
  return hn::IfThenElse(hn::Gt(x, high), inf, result);
}

// The same for x <= 0, as under a softmax, in fewer steps. NaN for
// the NaN that arithmetic makes.
HWY_INLINE VF expNegativeV(VF x) {
  const DF df;
  const DI di;
  // What is smaller gets 0 in the end, and wraps before without harm.
  VF low = splat(-86.98f);
  ExpParts parts = expParts(x);
  // Added to the exponent: shifting drops what 1.5 * 2^23 left above.
  VI power = hn::Add(hn::BitCast(di, parts.power),
                     hn::ShiftLeft<23>(hn::BitCast(di, parts.biased)));
  return hn::IfThenZeroElse(hn::Lt(x, low), hn::BitCast(df, power));
}

// ln x within 2 ulp; -inf at 0 (and denormals), NaN below, inf at inf.
// x = 2^e m, sqrt(1/2) <= m < sqrt 2; with f = m - 1, s = f / (2 + f):
// ln(1 + f) = 2 atanh s = f - (f^2/2 - s (f^2/2 + R)), R = s^2 q(s^2), q of
// degree 3 (relative error below 1e-11 before rounding).
HWY_INLINE VF logV(VF x) {
  const DF df;
  const DI di;
  VI bits = hn::BitCast(di, x);
  // Exponent of x / sqrt(1/2), rounded down.
  VI offset = hn::Set(di, 0x3f3504f3);
  VI e = hn::ShiftRight<23>(hn::Sub(bits, offset));
  VF m = hn::BitCast(df, hn::Sub(bits, hn::ShiftLeft<23>(e)));
  VF f = hn::Sub(m, splat(1.0f));
  VF s = hn::Div(f, hn::Add(f, splat(2.0f)));
  VF s2 = hn::Mul(s, s);
  VF q = splat(0.23584982752799988f);
  q = hn::MulAdd(q, s2, splat(0.28537169098854065f));
  q = hn::MulAdd(q, s2, splat(0.4000033736228943f));
  q = hn::MulAdd(q, s2, splat(0.6666666269302368f));
  VF halfSquare = hn::Mul(hn::Mul(splat(0.5f), f), f);
  VF inner = hn::MulAdd(q, s2, halfSquare);
  VF n = hn::ConvertTo(df, e);
  // ln 2 in two parts again.
  VF low = hn::NegMulAdd(s, inner, halfSquare);
  low = hn::NegMulAdd(n, splat(-2.12194440e-4f), low);
  VF result = hn::MulAdd(n, splat(0.693359375f), hn::Sub(f, low));
  VF inf = splat(__builtin_inff());
  result =
      hn::IfThenElse(hn::Lt(x, splat(1.17549435e-38f)), hn::Neg(inf), result);
  result = hn::IfThenElse(hn::Eq(x, inf), inf, result);
  auto invalid = hn::Or(hn::Lt(x, hn::Zero(df)), hn::IsNaN(x));
  return hn::IfThenElse(invalid, splat(__builtin_nanf("")), result);
}

// tanh x within 2 ulp. |x| < 0.625: x + x^3 p(x^2), p of degree 4 (4.4e-9);
// otherwise 1 - 2 / (e^(2|x|) + 1) with the sign of x.
HWY_INLINE VF tanhV(VF x) {
  VF a = hn::Abs(x);
  VF e = expV(hn::Add(a, a));
  VF big = hn::Sub(splat(1.0f), hn::Div(splat(2.0f), hn::Add(e, splat(1.0f))));
  VF s = hn::Mul(x, x);
  VF p = splat(-0.005704990588128567f);
  p = hn::MulAdd(p, s, splat(0.02063908986747265f));
  p = hn::MulAdd(p, s, splat(-0.05373971536755562f));
  p = hn::MulAdd(p, s, splat(0.13331441581249237f));
  p = hn::MulAdd(p, s, splat(-0.3333328068256378f));
  VF small = hn::MulAdd(hn::Mul(x, s), p, x);
  return hn::IfThenElse(hn::Lt(a, splat(0.625f)), small, hn::CopySign(big, x));
}

// 1 / x within 2 ulp, for normal x below 1e30: a quarter of a division's time.
HWY_INLINE VF reciprocalV(VF x) {
  VF r = hn::ApproximateReciprocal(x);
  return hn::Mul(r, hn::NegMulAdd(x, r, splat(2.0f)));
}

// The normal distribution at x: density phi(x) and cumulative Phi(x), both with
// a small relative error (below 1e-6) on both tails, where 1 + erf(x / sqrt 2)
// would cancel. With a = |x|: Phi(-a) = e^(-a^2/2) t p(t), t = 1/(1 + 0.33 a),
// p of degree 8, fitted on 0 <= a <= 14 (5.5e-8).
struct Normal {
  VF density, cumulative;
};

HWY_INLINE Normal normalV(VF x) {
  // Far beyond 14 the exponential is 0.
  VF a = hn::Min(hn::Abs(x), splat(1.0e6f));
  // What the square loses by rounding is worth a^2 * 3e-8 in the exponential.
  VF square = hn::Mul(a, a);
  VF lost = hn::MulSub(a, a, square);
  VF e = expNegativeV(hn::Mul(splat(-0.5f), square));
  e = hn::MulAdd(e, hn::Mul(splat(-0.5f), lost), e);
  VF t = hn::MulAdd(splat(0.33f), a, splat(1.0f));
  t = reciprocalV(t);
  VF p = splat(-0.020807473f);
  p = hn::MulAdd(p, t, splat(0.12307943f));
  p = hn::MulAdd(p, t, splat(-0.26718533f));
  p = hn::MulAdd(p, t, splat(0.22462986f));
  p = hn::MulAdd(p, t, splat(-0.056526404f));
  p = hn::MulAdd(p, t, splat(0.12181913f));
  p = hn::MulAdd(p, t, splat(0.11106587f));
  p = hn::MulAdd(p, t, splat(0.13230278f));
  p = hn::MulAdd(p, t, splat(0.13162217f));
  VF tail = hn::Mul(e, hn::Mul(t, p));
  VF upper = hn::Sub(splat(1.0f), tail);
  auto negative = hn::Lt(x, hn::Zero(DF()));
  return {hn::Mul(e, splat(0.3989422804f)),
          hn::IfThenElse(negative, tail, upper)};
}

// x Phi(x).
HWY_INLINE VF geluErfV(VF x) { return hn::Mul(x, normalV(x).cumulative); }

// Phi(x) + x phi(x).
HWY_INLINE VF geluErfDerivativeV(VF x) {
  Normal n = normalV(x);
  return hn::MulAdd(x, n.density, n.cumulative);
}

// The tanh form as x * sigmoid(2u), u = sqrt(2/pi) (x + 0.044715 x^3): the same
// value without the cancellation of 1 + tanh.
HWY_INLINE VF sigmoidOfTwiceU(VF x) {
  VF s = hn::Mul(x, x);
  VF inner = hn::MulAdd(s, splat(0.044715f), splat(1.0f));
  VF minusTwoU = hn::Mul(hn::Mul(splat(-1.5957691216f), x), inner);
  VF e = expV(minusTwoU);
  return hn::Div(splat(1.0f), hn::Add(e, splat(1.0f)));
}

HWY_INLINE VF geluTanhV(VF x) { return hn::Mul(x, sigmoidOfTwiceU(x)); }

// With g = sigmoid(2u): g + x g (1 - g) 2u'.
HWY_INLINE VF geluTanhDerivativeV(VF x) {
  // Beyond 20 the derivative is 0 or 1 to the last bit, and x^2 is harmless.
  VF c = hn::Max(hn::Min(x, splat(20.0f)), splat(-20.0f));
  VF g = sigmoidOfTwiceU(c);
  VF s = hn::Mul(c, c);
  VF slope = hn::MulAdd(s, splat(0.134145f), splat(1.0f));
  slope = hn::Mul(slope, hn::Mul(c, splat(1.5957691216f)));
  VF bump = hn::Mul(g, hn::Sub(splat(1.0f), g));
  VF result = hn::MulAdd(bump, slope, g);
  return hn::IfThenElse(hn::IsNaN(x), x, result);
}

// Gelu and its derivative at once; the erf form shares one exponential.
struct GeluErfAndSlope {
  HWY_INLINE void operator()(VF x, VF &y, VF &slope) const {
    Normal n = normalV(x);
    y = hn::Mul(x, n.cumulative);
    slope = hn::MulAdd(x, n.density, n.cumulative);
  }
};

struct GeluTanhAndSlope {
  HWY_INLINE void operator()(VF x, VF &y, VF &slope) const {
    y = geluTanhV(x);
    slope = geluTanhDerivativeV(x);
  }
};

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
