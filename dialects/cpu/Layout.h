// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic on layouts: which elements of a storage a tensor is, and what
// reshaping, transposing and slicing make of that. Everything counts elements
// from the start of the storage.
#pragma once

#include "dialects/cpu/CpuDialect.h"

#include "mlir/IR/BuiltinTypes.h"

#include <optional>

namespace bertc::cpu {

/// Where the elements of a tensor lie in its storage.
struct Window {
  llvm::SmallVector<int64_t> shape;
  /// One per dimension; of a dimension of size 1 meaningless.
  llvm::SmallVector<int64_t> strides;
  int64_t offset = 0;
};

/// Row-major strides without gaps.
llvm::SmallVector<int64_t> denseStrides(llvm::ArrayRef<int64_t> shape);

/// The window a tensor type describes.
Window windowOf(mlir::RankedTensorType type);

/// The tensor type of a window: with a layout attribute unless dense at 0.
mlir::RankedTensorType typeOf(const Window &window, mlir::Type elementType);

/// Row-major without gaps, at any offset.
bool isContiguous(const Window &window);
bool isContiguous(mlir::RankedTensorType type);

/// No layout attribute: row-major without gaps at offset 0.
bool isDense(mlir::Type type);

/// One past the last element, counted from the start of the storage.
int64_t extentOf(const Window &window);

/// The same elements in the same order under another shape; none when strides
/// cannot express it.
std::optional<Window> reshapeWindow(const Window &window,
                                    llvm::ArrayRef<int64_t> shape);

/// Dimension i of the result is dimension permutation[i] of the window.
Window transposeWindow(const Window &window,
                       llvm::ArrayRef<int64_t> permutation);

/// `sizes` elements from `starts` in each dimension.
Window sliceWindow(const Window &window, llvm::ArrayRef<int64_t> starts,
                   llvm::ArrayRef<int64_t> sizes);

} // namespace bertc::cpu
