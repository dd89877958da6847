// SPDX-License-Identifier: Apache-2.0
//
// Checks that verifiers of several `cpu` operations share. Each emits an error
// on the operation that names the operand, what was found and what was
// expected.
#pragma once

#include "dialects/cpu/CpuOps.h"
#include "dialects/cpu/Layout.h"

#include "llvm/ADT/StringExtras.h"

namespace bertc::cpu {

inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getShape();
}
inline mlir::Type elementTypeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

/// "2x3" for a shape, "scalar" for rank 0.
inline std::string shapeText(llvm::ArrayRef<int64_t> shape) {
  return shape.empty() ? "scalar"
                       : llvm::join(llvm::map_range(shape,
                                                    [](int64_t d) {
                                                      return std::to_string(d);
                                                    }),
                                    "x");
}

/// Error unless `value`, called `name`, has shape `expected`.
inline llvm::LogicalResult checkShape(mlir::Operation *op, llvm::StringRef name,
                                      mlir::Value value,
                                      llvm::ArrayRef<int64_t> expected) {
  if (shapeOf(value) == expected) {
    return mlir::success();
  }
  return op->emitOpError() << "expected " << name << " of shape "
                           << shapeText(expected) << ", found "
                           << shapeText(shapeOf(value));
}

/// Error unless `value`, called `name`, has element type `expected`.
inline llvm::LogicalResult checkElementType(mlir::Operation *op,
                                            llvm::StringRef name,
                                            mlir::Value value,
                                            mlir::Type expected) {
  if (elementTypeOf(value) == expected) {
    return mlir::success();
  }
  return op->emitOpError() << "expected " << name << " of element type "
                           << expected << ", found " << elementTypeOf(value);
}

/// Error unless `value`, called `name`, broadcasts to `shape`.
llvm::LogicalResult checkBroadcast(mlir::Operation *op, llvm::StringRef name,
                                   mlir::Value value,
                                   llvm::ArrayRef<int64_t> shape);

/// Error unless `shape` is what the operands broadcast to together.
llvm::LogicalResult checkBroadcastResult(mlir::Operation *op,
                                         llvm::ArrayRef<mlir::Value> operands,
                                         llvm::ArrayRef<int64_t> shape);

/// Error unless `value`, called `name`, is the result of cpu.variable_ref.
llvm::LogicalResult checkVariable(mlir::Operation *op, llvm::StringRef name,
                                  mlir::Value value);

/// Error unless the dropout rate lies in [0, 1).
llvm::LogicalResult checkRate(mlir::Operation *op, llvm::APFloat rate);

} // namespace bertc::cpu
