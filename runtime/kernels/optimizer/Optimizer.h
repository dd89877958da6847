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

/// Elements whose squares are added as f32 before they are added as f64.
inline constexpr int64_t kNormBlock = 1024;

/// lamb() adds the blocks of a part, then the parts of a variable of
/// `elements`: a multiple of kNormBlock.
int64_t normPartElements(int64_t elements);

/// Sums of squares of a variable and of its update.
struct NormSums {
  double var = 0.0;
  double update = 0.0;
};

/// lamb() in two halves, for a stretch of a variable whose rest is elsewhere;
/// `args` holds the stretch, whose first element begins a block unless the sums
/// are not wanted. The first half, on the calling thread: moments, g = u.
/// Returns the sums over its blocks, one after the other.
NormSums lambFirstHalf(const OptimizerArgs &args);
/// The sums of at most one block, with the bits of the first half.
NormSums lambBlockSums(const float *var, const float *update, int64_t elements);
/// The second half, given the sums of the whole variable: var -= ratio *
/// learningRate * u; g = 0.
void lambSecondHalf(const OptimizerArgs &args, const NormSums &whole);

/// m, v as above; var -= learningRate *
/// (m / sqrt(v + eps^2) + weightDecay * var); g = 0.
void adamW(const OptimizerArgs &args);

} // namespace bertc::rt::kernels
