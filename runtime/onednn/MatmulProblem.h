// SPDX-License-Identifier: Apache-2.0
//
// Everything about one matmul that does not depend on who executes it.
#pragma once

#include "runtime/core/StepHandler.h"
#include "runtime/onednn/MatmulGeometry.h"

#include <oneapi/dnnl/dnnl.hpp>

namespace bertc::rt {

/// One matmul in f32 or bf16, checked.
struct MatmulProblem {
  MatmulGeometry g;
  DType in = DType::F32;
  DType out = DType::F32;
  TensorRef a, b, c, bias, residual;
  /// Dense, as c then is.
  TensorRef factor;
  /// Sums of the columns of what was b in the plan; b is dense then.
  TensorRef sums;
  /// Whether a and b changed places, since c^T = b^T a^T.
  bool swapped = false;
  plan::UnaryKind activation = plan::UnaryKind::Copy;
  float scale = 1.0f;
  bool accumulate = false;
  /// A packed b, in the layout of the library or in panels of ours.
  bool packed = false;
  bool panels = false;
  /// Panels of the transpose of b.
  bool turned = false;
  dnnl::memory::desc packedDesc;
  /// Null where every run packs b anew, from the f32 variable that b then is.
  void *packedData = nullptr;

  bool packsInRun() const { return packed && packedData == nullptr; }
};

/// The matmul of a step, with a row-major c wherever there is a choice.
/// Corrupt, naming the operand, when operands and parameters do not fit each
/// other.
StatusOr<MatmulProblem> readMatmul(StepContext &ctx);

/// The same for c = a b + bias and no parameters: inputs a, b, bias?, output c.
StatusOr<MatmulProblem> readPlainMatmul(StepContext &ctx);

/// Makes it c^T = b^T a^T; only where there is no bias and b is not packed.
void transposeProblem(MatmulProblem *problem);

} // namespace bertc::rt
