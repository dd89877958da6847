// SPDX-License-Identifier: Apache-2.0
//
// Constraints and type inference of matrix products and biases.
#include "dialects/bert/BertConstraints.h"
#include "dialects/bert/BertOps.h"
#include "dialects/bert/BertShapes.h"

using namespace mlir;

namespace bertc::bert {

//===----------------------------------------------------------------------===//
// matmul
//===----------------------------------------------------------------------===//

LogicalResult MatmulOp::verifyConstraints() {
  RankedTensorType a = getA().getType(), b = getB().getType();
  // matmul C1
  if (a.getElementType() != b.getElementType()) {
    return emitOpError("expected a and b to have the same element type, found ")
           << a.getElementType() << " and " << b.getElementType();
  }
  return verifyInnerSizes(*this); // matmul C2
}

LogicalResult MatmulOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                         Adaptor op,
                                         SmallVectorImpl<Type> &types) {
  return inferMatmul(op, types);
}

//===----------------------------------------------------------------------===//
// batch_matmul
//===----------------------------------------------------------------------===//

LogicalResult BatchMatmulOp::verifyConstraints() {
  RankedTensorType a = getA().getType(), b = getB().getType();
  // batch_matmul C1
  if (a.getElementType() != b.getElementType()) {
    return emitOpError("expected a and b to have the same element type, found ")
           << a.getElementType() << " and " << b.getElementType();
  }
  // batch_matmul C2
  if (a.getRank() != b.getRank()) {
    return emitOpError("expected a and b to have the same rank, found ")
           << a.getRank() << " and " << b.getRank();
  }
  ArrayRef<int64_t> batchA = a.getShape().drop_back(2);
  ArrayRef<int64_t> batchB = b.getShape().drop_back(2);
  // batch_matmul C3
  if (batchA != batchB) {
    return emitOpError("expected the leading dimensions of a and b to be equal")
           << ", found " << shapeText(batchA) << " and " << shapeText(batchB);
  }
  MatmulSizes sizes =
      matmulSizes(a.getShape(), b.getShape(), getAdjX(), getAdjY());
  // batch_matmul C4
  if (sizes.ka != sizes.kb) {
    return emitOpError("expected a and b to agree on K, found ")
           << sizes.ka << " in a and " << sizes.kb << " in b";
  }
  return success();
}

LogicalResult BatchMatmulOp::inferReturnTypes(MLIRContext *,
                                              std::optional<Location>,
                                              Adaptor op,
                                              SmallVectorImpl<Type> &types) {
  RankedTensorType a = tensorType(op.getA()), b = tensorType(op.getB());
  if (!a || !b || a.getRank() < 3 || b.getRank() < 3) {
    return failure();
  }
  MatmulSizes sizes =
      matmulSizes(a.getShape(), b.getShape(), op.getAdjX(), op.getAdjY());
  Shape shape(a.getShape().drop_back(2));
  shape.append({sizes.m, sizes.n});
  types.push_back(RankedTensorType::get(shape, a.getElementType()));
  return success();
}

//===----------------------------------------------------------------------===//
// bias_add, bias_add_grad
//===----------------------------------------------------------------------===//

LogicalResult BiasAddOp::verifyConstraints() {
  RankedTensorType x = getX().getType(), bias = getBias().getType();
  // bias_add C1
  if (!fitsData(bias.getElementType(), x.getElementType())) {
    return emitOpError("expected x and bias to have the same element type, ")
           << "found " << x.getElementType() << " and "
           << bias.getElementType();
  }
  // bias_add C2
  if (x.getShape().back() != bias.getDimSize(0)) {
    return emitOpError("expected bias to have the size of the last dimension ")
           << "of x, " << x.getShape().back() << ", found "
           << bias.getDimSize(0);
  }
  return success();
}

LogicalResult BiasAddOp::inferReturnTypes(MLIRContext *,
                                          std::optional<Location>, Adaptor op,
                                          SmallVectorImpl<Type> &types) {
  types.push_back(op.getX().getType());
  return success();
}

LogicalResult BiasAddGradOp::inferReturnTypes(MLIRContext *,
                                              std::optional<Location>,
                                              Adaptor op,
                                              SmallVectorImpl<Type> &types) {
  RankedTensorType dy = tensorType(op.getDy());
  if (!dy || dy.getRank() == 0) {
    return failure();
  }
  types.push_back(
      RankedTensorType::get({dy.getShape().back()}, dy.getElementType()));
  return success();
}

} // namespace bertc::bert
