// SPDX-License-Identifier: Apache-2.0
//
// Weight gradients on the tile unit: C = X^T Y for activations X [T, M] and
// gradients Y [T, N], T tokens, both bf16, sums in f32. Y is brought into B
// tiles by interleaving pairs of tokens, X into A tiles by transposing, both
// inside; the sums of the columns of Y, a bias gradient, fall out of that.
#pragma once

#include "runtime/core/CpuFeatures.h"
#include "runtime/kernels/amx/Gemm.h"

#include <cstddef>

namespace bertc::rt::kernels::amx {

/// c[m][n] = sum_t x[t][m] y[t][n], added to c with `accumulate`;
/// sums[n] = sum_t y[t][n].
struct WeightGradientTask {
  int64_t m = 0, n = 0, tokens = 0;
  const uint16_t *x = nullptr, *y = nullptr;
  /// Distance of tokens in elements; of a matrix in blocks (Panels.h), whose
  /// tokens and columns are multiples of 32, the number of columns.
  int64_t xPitch = 0, yPitch = 0;
  bool xBlocked = false, yBlocked = false;
  /// f32, or bf16, which is rounded once.
  Rows c;
  bool accumulate = false;
  /// [n] f32, overwritten; null for none.
  float *columnSums = nullptr;
};

/// Scratch that weightGradient() needs, aligned to 64 bytes.
size_t weightGradientScratchBytes(const WeightGradientTask &task, int threads);

/// Runs `task` on `unit`, which is not None. The same bits for any number of
/// threads.
void weightGradient(const WeightGradientTask &task, TileUnit unit,
                    std::byte *scratch, int threads);

} // namespace bertc::rt::kernels::amx
