// SPDX-License-Identifier: Apache-2.0
//
// Softmax over the last axis with the scaling, additive mask and dropout of
// attention, and its gradient. Letters: B batch, A heads, S query positions, T
// key positions. Everything but the mask is dense; statistics are f32.
#pragma once

#include "runtime/kernels/common/Operand.h"
#include "runtime/kernels/dropout/Dropout.h"

namespace bertc::rt::kernels {

/// y[r, :] = softmax(scale * x[r, :] + mask[r, :]); dropped = dropout(y).
/// The largest term is subtracted first; a row whose terms are all -inf gives
/// NaN, as in the frameworks.
struct SoftmaxArgs {
  /// Sizes; for a matrix use batch = heads = 1.
  int64_t batch = 1, heads = 1, rows = 1, columns = 1;
  Buffer x;
  /// Optional f32 [B,A,S,T] by strides (0 broadcasts); last stride is 1.
  const float *mask = nullptr;
  int64_t maskStrides[3] = {0, 0, 0};
  float scale = 1.0f;
  /// [B,A,S,T] before dropout; may be x.
  Buffer y;
  /// Optional [B,A,S,T] after dropout; data null when absent.
  Buffer dropped;
  DropoutState dropout;
};
void softmax(const SoftmaxArgs &args);

/// dx = scale * y * (g - sum(g * y)), g = dropout gradient of dy;
/// all [rows, columns] dense; dx may be dy or y.
struct SoftmaxGradArgs {
  int64_t rows = 1, columns = 1;
  Buffer dy, y, dx;
  float scale = 1.0f;
  DropoutState dropout;
};
void softmaxGrad(const SoftmaxGradArgs &args);

} // namespace bertc::rt::kernels
