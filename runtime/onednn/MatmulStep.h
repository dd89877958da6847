// SPDX-License-Identifier: Apache-2.0
//
// The handler of step kind Matmul.
//
// One oneDNN primitive does the product with bias, scale, residual and
// accumulation as post-operations, straight on the strided operands. What the
// library is bad at is avoided, never taken silently (BERTC_VERBOSE=dispatch
// prints the choice):
//   a column-major c          computed as c^T = b^T a^T
//   b with a row pitch that is a multiple of 4 KiB (the rows fall into the same
//   cache sets; measured twice as slow)
//                             b is packed into scratch first
//   operands without a unit stride, or any layout for which the library only
//   has its reference implementation
//                             copied to dense scratch first
#pragma once

#include "runtime/core/StepHandler.h"
#include "runtime/onednn/MatmulProblem.h"

namespace bertc::rt {

/// Operands as in plan.fbs, MatmulParams. a and b f32, c f32; or a and b bf16,
/// c f32 or bf16 (sums in f32); bias f32 or the dtype of c; residual the dtype
/// of c. The residual may be c itself. A second output is given the sums of the
/// columns of b, which then is dense; f32 or the dtype of b.
StatusOr<std::unique_ptr<PreparedStep>> prepareMatmul(StepContext &ctx);

/// The step for one product that was read from `ctx`, after asking it for
/// scratch.
StatusOr<std::unique_ptr<PreparedStep>> prepareProduct(StepContext &ctx,
                                                       MatmulProblem problem);

void registerMatmulSteps(StepRegistry &registry);

} // namespace bertc::rt
