// SPDX-License-Identifier: Apache-2.0
//
// One step of the `cpu` dialect as one step of the plan: kind, parameters and
// the order of the operands.
#pragma once

#include "dialects/cpu/CpuOps.h"
#include "runtime/schema/plan_generated.h"

#include "llvm/ADT/SmallVector.h"

namespace bertc {

/// What a step is in the plan. Null values in the operand lists are optional
/// operands that are missing.
struct StepDescription {
  plan::ParamsUnion params;
  llvm::SmallVector<mlir::Value> inputs;
  llvm::SmallVector<mlir::Value> outputs;
};

/// Describes `op`; fails without a diagnostic when it is no step that a plan
/// knows.
llvm::FailureOr<StepDescription> describeStep(mlir::Operation *op);

} // namespace bertc
