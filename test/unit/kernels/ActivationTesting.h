// SPDX-License-Identifier: Apache-2.0
//
// Activations and derivatives in f64, and a unary kernel run over a vector.
#pragma once

#include "runtime/kernels/elementwise/Elementwise.h"
#include "test/unit/kernels/KernelTesting.h"

#include <algorithm>
#include <cmath>

namespace bertc::rt::kernels {

/// Density and distribution of the standard normal; exact in relative terms in
/// the lower tail as well.
inline double phi(double x) {
  return std::exp(-0.5 * x * x) / std::sqrt(2 * M_PI);
}
inline double Phi(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

/// What gelu by tanh has in the place of Phi: (1 + tanh(u)) / 2.
inline double tanhGate(double x) {
  double u = std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
  return 1 / (1 + std::exp(-2 * u));
}

inline double geluErf(double x) { return x * Phi(x); }
inline double geluErfSlope(double x) { return Phi(x) + x * phi(x); }
inline double geluTanh(double x) { return x * tanhGate(x); }
inline double geluTanhSlope(double x) {
  double g = tanhGate(x);
  double slope = std::sqrt(2 / M_PI) * (1 + 3 * 0.044715 * x * x);
  return g + x * g * (1 - g) * 2 * slope;
}

inline double activated(UnaryKind kind, double x) {
  switch (kind) {
  case UnaryKind::GeluErf:
    return geluErf(x);
  case UnaryKind::GeluTanh:
    return geluTanh(x);
  case UnaryKind::Relu:
    return std::max(x, 0.0);
  case UnaryKind::Tanh:
    return std::tanh(x);
  default:
    return x;
  }
}

/// y = kind(x) in `out`.
inline Values runUnary(UnaryKind kind, Values x, DType out) {
  Values y(out, x.size());
  auto n = static_cast<int64_t>(x.size());
  ElementwiseShape shape =
      makeElementwise(denseShape(out, {n}), {denseShape(x.dtype(), {n})});
  void *data[] = {y.data(), x.data()};
  unary(kind, shape, data);
  return y;
}

} // namespace bertc::rt::kernels
