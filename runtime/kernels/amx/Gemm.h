// SPDX-License-Identifier: Apache-2.0
//
// C = epilogue(A B) in bf16 with sums in f32, on the tile unit: products with
// weights, forward and for data gradients. B is packed in panels (Panels.h).
#pragma once

#include "runtime/core/CpuFeatures.h"
#include "runtime/kernels/amx/Panels.h"
#include "runtime/kernels/common/Operand.h"
#include "runtime/kernels/elementwise/Elementwise.h"

#include <cstddef>

namespace bertc::rt::kernels::amx {

/// A matrix of bf16 or f32 with unit stride along its rows; null data for none.
struct Rows {
  Buffer buffer;
  /// Distance of rows in elements.
  int64_t pitch = 0;
  /// bf16 in blocks (Panels.h): `pitch` is the number of columns of the matrix,
  /// and rows and columns are multiples of 32.
  bool blocked = false;
};

/// A of a product, bf16.
struct LeftOperand {
  const uint16_t *data = nullptr;
  /// Distance of rows and columns in elements; not looked at when blocked.
  int64_t row = 0, col = 1;
  /// In blocks (Panels.h); m and k are multiples of 32.
  bool blocked = false;
};

/// c[m][n] = factor activation(scale sum_k a[m][k] b[k][n] + bias[n]) +
/// residual[m][n] (+ c[m][n] with `accumulate`), rounded once. C, factor and
/// residual may be blocked where C is bf16, nothing is accumulated, and not
/// both a factor and a residual are there.
struct GemmTask {
  int64_t m = 0, n = 0, k = 0;
  LeftOperand a;
  /// Panels of B, aligned to 64 bytes; or with `turned` of its transpose [n,
  /// k], which are turned on the way (turnPanels()): one copy of a weight then
  /// serves the product and its data gradient.
  const uint16_t *b = nullptr;
  bool turned = false;
  Rows c;
  float scale = 1.0f;
  /// [n], f32 or bf16; null data for none.
  Buffer bias;
  /// GeluErf, GeluTanh, Relu, Tanh, or Copy for none.
  UnaryKind activation = UnaryKind::Copy;
  /// Of the type of c; null data for none.
  Rows factor, residual;
  bool accumulate = false;
};

/// Scratch that gemm() needs, aligned to 64 bytes.
size_t gemmScratchBytes(int64_t m, int64_t n, int64_t k, bool turned,
                        int threads);

/// Runs `task` on `unit`, which is not None. The same bits for any number of
/// threads: each element is summed along k in one order.
void gemm(const GemmTask &task, TileUnit unit, std::byte *scratch, int threads);

/// Scratch that gemmGroup() needs, aligned to 64 bytes.
size_t gemmGroupScratchBytes(const GemmTask *tasks, int64_t count, int threads);

/// Runs `count` tasks that agree in m, k and a, none of them turned, as one
/// product: a block of A is brought into tiles once and multiplied with the
/// panels of all B. The bits are those of gemm() one by one.
void gemmGroup(const GemmTask *tasks, int64_t count, TileUnit unit,
               std::byte *scratch, int threads);

} // namespace bertc::rt::kernels::amx
