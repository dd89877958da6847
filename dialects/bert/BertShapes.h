// SPDX-License-Identifier: Apache-2.0
//
// Shape rules that several operations, their passes and the interpreter share.
#pragma once

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

#include <optional>

namespace bertc::bert {

using Shape = llvm::SmallVector<int64_t, 4>;

/// The numpy broadcast of the shapes, or nothing when they do not broadcast.
std::optional<Shape> broadcastShapes(llvm::ArrayRef<llvm::ArrayRef<int64_t>>);

/// Shape of a reduction of `shape` over `axes`; nothing unless the axes
/// increase strictly and lie inside the rank.
std::optional<Shape> reducedShape(llvm::ArrayRef<int64_t> shape,
                                  llvm::ArrayRef<int64_t> axes, bool keepDims);

/// Shape of gather(table, indices); nothing when batchDims does not fit the
/// ranks or the leading dimensions differ.
std::optional<Shape> gatheredShape(llvm::ArrayRef<int64_t> table,
                                   llvm::ArrayRef<int64_t> indices,
                                   int64_t batchDims);

/// Type of a layer norm's mean and rstd for rows of type `rows`: one number a
/// row, f64 for f64 and f32 for anything narrower.
mlir::RankedTensorType statisticsType(mlir::RankedTensorType rows);

/// `type` with f32 in the place of bf16: what sums of bf16 are formed in.
mlir::RankedTensorType widened(mlir::RankedTensorType type);

/// Whether a parameter (a bias, a scale of rows) of element type `parameter`
/// goes with data of element type `data`: the same, or f32 with bf16.
bool fitsData(mlir::Type parameter, mlir::Type data);

/// The sizes of a matrix product as its operands state them, after
/// transposition: a is [m, ka], b is [kb, n]. Operands have rank >= 2; leading
/// dimensions are not looked at.
struct MatmulSizes {
  int64_t m, ka, kb, n;
};
MatmulSizes matmulSizes(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b,
                        bool transposeA, bool transposeB);

/// "2x3", and "scalar" for rank 0: shapes as messages name them.
std::string shapeText(llvm::ArrayRef<int64_t> shape);

/// The value's type when it is a ranked tensor, else null.
inline mlir::RankedTensorType tensorType(mlir::Value value) {
  return llvm::dyn_cast<mlir::RankedTensorType>(value.getType());
}

} // namespace bertc::bert
