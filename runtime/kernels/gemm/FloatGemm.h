// SPDX-License-Identifier: Apache-2.0
//
// C = epilogue(A B) in f32, for products large enough that a pass over B pays:
// each thread brings its part of B into panels that stay in its second cache
// and lets the rows of A go by once. B is read as it lies, row- or
// column-major, so weights need no packed copy.
#pragma once

#include "runtime/kernels/elementwise/Elementwise.h"

#include <cstddef>
#include <cstdint>

namespace bertc::rt::kernels {

/// An operand of `row` and `col` elements between neighbours; null data for
/// none.
struct FloatMatrix {
  const float *data = nullptr;
  int64_t row = 0, col = 1;
};

/// c[m][n] = factor activation(scale sum_k a[m][k] b[k][n] + bias[n]) +
/// residual[m][n], or with `accumulate` c[m][n] + sum_k a b + bias.
struct FloatGemm {
  int64_t m = 0, n = 0, k = 0;
  /// One of row and col is 1 in each of them.
  FloatMatrix a, b;
  /// Rows `pitch` apart.
  float *c = nullptr;
  int64_t pitch = 0;
  float scale = 1.0f;
  /// [n]; null for none.
  const float *bias = nullptr;
  /// GeluErf, GeluTanh, Relu, Tanh, or Copy for none.
  UnaryKind activation = UnaryKind::Copy;
  /// [m, n], col 1. The residual may be c.
  FloatMatrix factor, residual;
  /// Only with scale 1, and without activation, factor and residual.
  bool accumulate = false;
};

/// Scratch that floatGemm() needs for products over `k`, aligned to 64 bytes.
size_t floatGemmScratchBytes(int64_t k, int threads);

/// Runs `task` on `threads` threads. The same bits for any number of them: each
/// element is summed along k in one order. core/FloatProducts.h says where this
/// is the fast way.
void floatGemm(const FloatGemm &task, std::byte *scratch, int threads);

} // namespace bertc::rt::kernels
