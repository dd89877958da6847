// SPDX-License-Identifier: Apache-2.0
//
// Updates of variables: gradient accumulation, LAMB (You et al., "Large batch
// optimization for deep learning", 2019) and AdamW without bias correction as
// in Google's BERT. The variable and its slots are f32 and dense; each tensor
// is read and written as few times as the formula allows, and the accumulator
// is zeroed on the way.
#pragma once

#include "runtime/kernels/common/Operand.h"

#include <cstdint>

namespace bertc::rt::kernels {

/// data[0] = var f32, data[1] = x f32 or bf16: var += scale * x. Strided
/// operands are fine.
void assignAdd(float scale, const ElementwiseShape &shape, void *const *data);

/// One variable with its slots; `gradient` is the accumulator.
struct OptimizerArgs {
  int64_t elements = 0;
  float *var = nullptr, *m = nullptr, *v = nullptr, *gradient = nullptr;
  float beta1 = 0.9f, beta2 = 0.999f, eps = 1e-6f, weightDecay = 0.01f;
  float learningRate = 0.0f;
  /// t, counted from 1; used by LAMB only.
  int32_t updateStep = 1;
};

/// m = beta1 m + (1-beta1) g; v = beta2 v + (1-beta2) g^2;
/// u = (m/(1-beta1^t)) / (sqrt(v/(1-beta2^t)) + eps) + weightDecay * var;
/// ratio = |var| / |u|, 1 where either norm is 0;
/// var -= ratio * learningRate * u; g = 0.
void lamb(const OptimizerArgs &args);

/// m, v as above; var -= learningRate *
/// (m / sqrt(v + eps^2) + weightDecay * var); g = 0.
void adamW(const OptimizerArgs &args);

} // namespace bertc::rt::kernels
