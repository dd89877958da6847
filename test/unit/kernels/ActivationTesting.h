// SPDX-License-Identifier: Apache-2.0
//
// Activations in f64, for tests of what products end with.
#pragma once

#include "runtime/kernels/elementwise/Elementwise.h"

#include <algorithm>
#include <cmath>

namespace bertc::rt::kernels {

inline double activated(UnaryKind kind, double x) {
  switch (kind) {
  case UnaryKind::GeluErf:
    return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
  case UnaryKind::GeluTanh:
    return x / 2 *
           (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  case UnaryKind::Relu:
    return std::max(x, 0.0);
  case UnaryKind::Tanh:
    return std::tanh(x);
  default:
    return x;
  }
}

} // namespace bertc::rt::kernels
