// SPDX-License-Identifier: Apache-2.0
//
// Layer normalisation over the last axis, fused with the dropout and residual
// addition before it, and its gradient. Dense f32 or bf16 storage in any mix;
// statistics, gamma and beta gradients in f32. R rows of H columns.
#pragma once

#include "runtime/kernels/common/Operand.h"
#include "runtime/kernels/dropout/Dropout.h"

namespace bertc::rt::kernels {

/// Longest row a kernel accepts; rows are kept whole in the cache.
inline constexpr int64_t kLayerNormMaxColumns = 16384;

/// z = dropout(x) + residual; mean, var over a row (two passes over z, divided
/// by H); rstd = 1/sqrt(var + eps); y = gamma * (z - mean) * rstd + beta.
struct LayerNormArgs {
  int64_t rows = 0, columns = 0;
  Buffer x, gamma, beta;
  /// Optional [R,H]; null data when absent.
  Buffer residual;
  DropoutState dropout;
  /// Optional [R]: elements of row r are dropped as those of row
  /// dropoutRows[r].
  const int32_t *dropoutRows = nullptr;
  float eps = 0.0f;
  /// [R,H]; may be x or residual.
  Buffer y;
  /// [R] each.
  float *mean = nullptr, *rstd = nullptr;
  /// Optional [R,H]; null data when absent. May be x or residual, not y.
  Buffer z;
  /// Which lie in blocks (amx/Panels.h), where all [R,H] are bf16. One that
  /// takes the place of another lies like it.
  bool xBlocked = false, residualBlocked = false;
  bool yBlocked = false, zBlocked = false;
};
void layerNorm(const LayerNormArgs &args);

/// With u = (z - mean) * rstd and g = gamma * dy:
/// dz = rstd * (g - mean(g) - u * mean(g * u)); dgamma = sum over rows of
/// dy * u; dbeta = sum over rows of dy; dx = dropout gradient of dz.
struct LayerNormGradArgs {
  int64_t rows = 0, columns = 0;
  Buffer dy, z, gamma;
  const float *mean = nullptr, *rstd = nullptr;
  DropoutState dropout;
  /// As above.
  const int32_t *dropoutRows = nullptr;
  /// [R,H]; may be dy or z.
  Buffer dz;
  /// Optional [R,H]; null data when absent. May be dy or z, not dz.
  Buffer dx;
  /// As above.
  bool dyBlocked = false, zBlocked = false, dzBlocked = false;
  bool dxBlocked = false;
  /// [H] each.
  float *dgamma = nullptr, *dbeta = nullptr;
  /// layerNormGradScratch(rows, columns) bytes, 64-byte aligned.
  void *scratch = nullptr;
};
void layerNormGrad(const LayerNormGradArgs &args);

/// Bytes of scratch memory layerNormGrad needs: one partial dgamma and dbeta
/// for each of at most 64 groups of rows.
int64_t layerNormGradScratch(int64_t rows, int64_t columns);

} // namespace bertc::rt::kernels
