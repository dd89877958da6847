// SPDX-License-Identifier: Apache-2.0
//
// Constraints and type inference of constants and of the operations that move
// elements.
#include "dialects/bert/BertOps.h"
#include "dialects/bert/BertShapes.h"

using namespace mlir;

namespace bertc::bert {

LogicalResult ConstantOp::inferReturnTypes(MLIRContext *,
                                           std::optional<Location>, Adaptor op,
                                           SmallVectorImpl<Type> &types) {
  types.push_back(op.getValue().getType());
  return success();
}

//===----------------------------------------------------------------------===//
// reshape
//===----------------------------------------------------------------------===//

LogicalResult ReshapeOp::verifyConstraints() {
  RankedTensorType x = getX().getType(), y = getY().getType();
  // reshape C1
  if (x.getElementType() != y.getElementType()) {
    return emitOpError("expected x and y to have the same element type, found ")
           << x.getElementType() << " and " << y.getElementType();
  }
  // reshape C2
  if (x.getNumElements() != y.getNumElements()) {
    return emitOpError("expected x and y to have as many elements, found ")
           << x.getNumElements() << " in " << x << " and " << y.getNumElements()
           << " in " << y;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// transpose
//===----------------------------------------------------------------------===//

static bool isPermutation(ArrayRef<int64_t> permutation, int64_t rank) {
  Shape sorted(permutation);
  llvm::sort(sorted);
  return llvm::equal(sorted, llvm::seq<int64_t>(0, rank));
}

LogicalResult TransposeOp::verifyConstraints() {
  int64_t rank = getX().getType().getRank();
  // transpose C1
  if (!isPermutation(getPermutation(), rank)) {
    return emitOpError("expected permutation to hold each of 0 .. ")
           << rank - 1 << " once, found [" << getPermutation() << "]";
  }
  return success();
}

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location>, Adaptor op,
                                            SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(op.getX());
  if (!x || !isPermutation(op.getPermutation(), x.getRank())) {
    return failure();
  }
  Shape shape;
  for (int64_t d : op.getPermutation()) {
    shape.push_back(x.getDimSize(d));
  }
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}

//===----------------------------------------------------------------------===//
// slice, slice_grad
//===----------------------------------------------------------------------===//

// The last part of a scope is what TensorFlow called the operation, with a
// number behind it where it was not the first.
StringRef SliceOp::getTfOpType() {
  StringAttr scope = getScopeAttr();
  StringRef name = scope ? scope.getValue() : StringRef();
  name = name.substr(name.rfind('/') + 1);
  return name == "Slice" || name.starts_with("Slice_") ? "Slice"
                                                       : "StridedSlice";
}

LogicalResult SliceOp::verifyConstraints() {
  ArrayRef<int64_t> shape = getX().getType().getShape();
  // slice C1
  if (getStarts().size() != shape.size() || getSizes().size() != shape.size()) {
    return emitOpError("expected starts and sizes to hold ")
           << shape.size() << " numbers each, found " << getStarts().size()
           << " and " << getSizes().size();
  }
  for (auto [d, start, size, dim] :
       llvm::enumerate(getStarts(), getSizes(), shape)) {
    // slice C2; written so that no sum can overflow
    if (start < 0 || size < 1 || start > dim || size > dim - start) {
      return emitOpError("expected the window of dimension ")
             << d << " to lie inside its size " << dim << ", found start "
             << start << " and size " << size;
    }
  }
  return success();
}

LogicalResult SliceOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                        Adaptor op,
                                        SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(op.getX());
  if (!x || llvm::any_of(op.getSizes(), [](int64_t s) { return s < 1; })) {
    return failure();
  }
  types.push_back(RankedTensorType::get(op.getSizes(), x.getElementType()));
  return success();
}

LogicalResult SliceGradOp::verifyConstraints() {
  ArrayRef<int64_t> shape = getDy().getType().getShape();
  // slice_grad C1
  if (getStarts().size() != shape.size() ||
      getInputShape().size() != shape.size()) {
    return emitOpError("expected starts and input_shape to hold ")
           << shape.size() << " numbers each, found " << getStarts().size()
           << " and " << getInputShape().size();
  }
  for (auto [d, start, size, dim] :
       llvm::enumerate(getStarts(), shape, getInputShape())) {
    // slice_grad C2; written so that no sum can overflow
    if (start < 0 || start > dim || size > dim - start) {
      return emitOpError("expected the window of dimension ")
             << d << " to lie inside input_shape " << dim << ", found start "
             << start << " and size " << size;
    }
  }
  return success();
}

LogicalResult SliceGradOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location>, Adaptor op,
                                            SmallVectorImpl<Type> &types) {
  RankedTensorType dy = tensorType(op.getDy());
  if (!dy ||
      llvm::any_of(op.getInputShape(), [](int64_t s) { return s < 1; })) {
    return failure();
  }
  types.push_back(
      RankedTensorType::get(op.getInputShape(), dy.getElementType()));
  return success();
}

//===----------------------------------------------------------------------===//
// concat
//===----------------------------------------------------------------------===//

static bool joinable(RankedTensorType a, RankedTensorType b, int64_t axis) {
  if (a.getElementType() != b.getElementType() || a.getRank() != b.getRank()) {
    return false;
  }
  for (int64_t d = 0; d < a.getRank(); ++d) {
    if (d != axis && a.getDimSize(d) != b.getDimSize(d)) {
      return false;
    }
  }
  return true;
}

LogicalResult ConcatOp::verifyConstraints() {
  // concat C1
  if (getX().empty()) {
    return emitOpError("expected at least one operand");
  }
  auto first = cast<RankedTensorType>(getX().front().getType());
  int64_t axis = getAxisAttr().getInt();
  // concat C2
  if (axis < 0 || axis >= first.getRank()) {
    return emitOpError("expected axis to lie in 0 .. ")
           << first.getRank() - 1 << ", found " << axis;
  }
  for (auto [i, x] : llvm::enumerate(getX())) {
    // concat C3
    if (!joinable(first, cast<RankedTensorType>(x.getType()), axis)) {
      return emitOpError("expected operand ")
             << i << " to join " << first << " along dimension " << axis
             << ", found " << x.getType();
    }
  }
  return success();
}

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                         Adaptor op,
                                         SmallVectorImpl<Type> &types) {
  int64_t axis = op.getAxisAttr().getInt();
  if (op.getX().empty()) {
    return failure();
  }
  RankedTensorType first = tensorType(op.getX().front());
  if (!first || axis < 0 || axis >= first.getRank()) {
    return failure();
  }
  Shape shape(first.getShape());
  shape[axis] = 0;
  for (Value x : op.getX()) {
    RankedTensorType type = tensorType(x);
    if (!type || !joinable(first, type, axis)) {
      return failure();
    }
    shape[axis] += type.getDimSize(axis);
  }
  types.push_back(RankedTensorType::get(shape, first.getElementType()));
  return success();
}

//===----------------------------------------------------------------------===//
// broadcast_to
//===----------------------------------------------------------------------===//

LogicalResult BroadcastToOp::verifyConstraints() {
  RankedTensorType x = getX().getType(), y = getY().getType();
  // broadcast_to C1
  if (x.getElementType() != y.getElementType()) {
    return emitOpError("expected x and y to have the same element type, found ")
           << x.getElementType() << " and " << y.getElementType();
  }
  // broadcast_to C2
  std::optional<Shape> shape = broadcastShapes({x.getShape(), y.getShape()});
  if (!shape || ArrayRef<int64_t>(*shape) != y.getShape()) {
    return emitOpError("expected the shape of x to broadcast to that of y, ")
           << "found " << shapeText(x.getShape()) << " and "
           << shapeText(y.getShape());
  }
  return success();
}

} // namespace bertc::bert
