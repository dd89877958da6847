// SPDX-License-Identifier: Apache-2.0
//
// The handler of step kind MatmulGroup: several products of one matrix. The
// tile kernels make them together; everyone else makes them one after the
// other, by the very steps that single products would be.
#pragma once

#include "runtime/core/StepHandler.h"

namespace bertc::rt {

/// Operands as in plan.fbs, MatmulGroupParams; dtypes as for a Matmul, each
/// product by itself.
StatusOr<std::unique_ptr<PreparedStep>> prepareMatmulGroup(StepContext &ctx);

/// The layouts that such a step takes.
StepLayouts layoutsOfMatmulGroup(StepContext &ctx);

} // namespace bertc::rt
