// SPDX-License-Identifier: Apache-2.0
//
// Reverse-mode differentiation of `@loss`, for the passes that need gradients.
#pragma once

#include "passes/gradients/EntryBuilder.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace bertc {

/// The name of the function that is differentiated.
constexpr llvm::StringLiteral kLossFunction = "loss";

struct VariableGradient {
  bert::VariableOp variable;
  mlir::Value gradient;
};

struct Differentiated {
  /// Every trainable variable of the module, in its order.
  llvm::SmallVector<VariableGradient> gradients;
  /// Operations created for gradients, before dead ones are removed.
  unsigned numOps = 0;
};

/// Fails with a diagnostic unless `loss` is one block, its arguments and
/// results are named, and its first result is a float scalar.
llvm::LogicalResult checkLoss(mlir::func::FuncOp loss);

/// Copies `loss` into `entry` (arguments, operations, results as outputs) and
/// differentiates its first result; `seed` makes the gradient of that result.
/// Fails with a diagnostic on an operation that is not differentiable.
mlir::FailureOr<Differentiated>
differentiate(mlir::func::FuncOp loss, EntryBuilder &entry,
              llvm::function_ref<mlir::Value(mlir::Type)> seed);

} // namespace bertc
