// SPDX-License-Identifier: Apache-2.0
//
// Large f32 matmuls by our own kernels (kernels/gemm): the route taken before
// oneDNN where it is faster.
#pragma once

#include "runtime/core/StepHandler.h"
#include "runtime/onednn/MatmulProblem.h"

#include <memory>

namespace bertc::rt {

/// The step for products of plain f32 matrices that our kernels take, after
/// asking `ctx` for its scratch; null for any other.
std::unique_ptr<PreparedStep> prepareFloatMatmul(StepContext &ctx,
                                                 const MatmulProblem &problem);

} // namespace bertc::rt
