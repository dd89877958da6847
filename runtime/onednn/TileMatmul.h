// SPDX-License-Identifier: Apache-2.0
//
// Matmuls on the tile unit (kernels/amx): the route taken before oneDNN where
// there is such a unit, or its emulation.
#pragma once

#include "runtime/core/StepHandler.h"
#include "runtime/onednn/MatmulProblem.h"

#include <memory>
#include <vector>

namespace bertc::rt {

/// The step for products of bf16 that our kernels take, after asking `ctx` for
/// its scratch:
///   b in panels                   every epilogue, any strides of a and c
///   a^T b, both row-major         f32 or bf16 results, overwritten or added to
/// Null for all others, which oneDNN takes.
std::unique_ptr<PreparedStep> prepareTileMatmul(StepContext &ctx,
                                                const MatmulProblem &problem);

/// Layouts of a Matmul step: those that prepareTileMatmul() takes may have a,
/// c, factor and residual, or a and b of a^T b, in blocks.
StepLayouts matmulLayouts(StepContext &ctx);

/// The step for products of one a, after asking `ctx` for its scratch: all b in
/// panels that need not be turned, each c with unit stride along its rows. Null
/// where that is not so.
std::unique_ptr<PreparedStep>
prepareTileGroup(StepContext &ctx, const std::vector<MatmulProblem> &problems);

/// Layouts of a MatmulGroup step of these products.
StepLayouts matmulGroupLayouts(const std::vector<MatmulProblem> &problems);

} // namespace bertc::rt
