// SPDX-License-Identifier: Apache-2.0
//
// Constraints and type inference of the elementwise operations.
#include "dialects/bert/BertOps.h"
#include "dialects/bert/BertShapes.h"

using namespace mlir;

namespace bertc::bert {

//===----------------------------------------------------------------------===//
// cast
//===----------------------------------------------------------------------===//

LogicalResult CastOp::verifyConstraints() {
  // cast C1
  if (getX().getType().getShape() != getY().getType().getShape()) {
    return emitOpError("expected x and y to have the same shape, found ")
           << getX().getType() << " and " << getY().getType();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Binary operations
//===----------------------------------------------------------------------===//

template <typename BinaryOp> static LogicalResult verifyBinary(BinaryOp op) {
  RankedTensorType x = op.getX().getType(), y = op.getY().getType();
  // add, sub, mul, div, maximum, minimum, compare C1
  if (x.getElementType() != y.getElementType()) {
    return op.emitOpError("expected x and y to have the same element type, ")
           << "found " << x.getElementType() << " and " << y.getElementType();
  }
  // add, sub, mul, div, maximum, minimum, compare C2
  if (!broadcastShapes({x.getShape(), y.getShape()})) {
    return op.emitOpError("expected the shapes of x and y to broadcast, found ")
           << shapeText(x.getShape()) << " and " << shapeText(y.getShape());
  }
  return success();
}

template <typename Adaptor>
static LogicalResult inferBinary(Adaptor op, Type element,
                                 SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(op.getX()), y = tensorType(op.getY());
  if (!x || !y) {
    return failure();
  }
  std::optional<Shape> shape = broadcastShapes({x.getShape(), y.getShape()});
  if (!shape) {
    return failure();
  }
  types.push_back(
      RankedTensorType::get(*shape, element ? element : x.getElementType()));
  return success();
}

LogicalResult AddOp::verifyConstraints() { return verifyBinary(*this); }
LogicalResult SubOp::verifyConstraints() { return verifyBinary(*this); }
LogicalResult MulOp::verifyConstraints() { return verifyBinary(*this); }
LogicalResult DivOp::verifyConstraints() { return verifyBinary(*this); }
LogicalResult MaximumOp::verifyConstraints() { return verifyBinary(*this); }
LogicalResult MinimumOp::verifyConstraints() { return verifyBinary(*this); }
LogicalResult CompareOp::verifyConstraints() { return verifyBinary(*this); }

LogicalResult AddOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                      Adaptor op,
                                      SmallVectorImpl<Type> &types) {
  return inferBinary(op, Type(), types);
}

LogicalResult SubOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                      Adaptor op,
                                      SmallVectorImpl<Type> &types) {
  return inferBinary(op, Type(), types);
}

LogicalResult MulOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                      Adaptor op,
                                      SmallVectorImpl<Type> &types) {
  return inferBinary(op, Type(), types);
}

LogicalResult DivOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                      Adaptor op,
                                      SmallVectorImpl<Type> &types) {
  return inferBinary(op, Type(), types);
}

LogicalResult MaximumOp::inferReturnTypes(MLIRContext *,
                                          std::optional<Location>, Adaptor op,
                                          SmallVectorImpl<Type> &types) {
  return inferBinary(op, Type(), types);
}

LogicalResult MinimumOp::inferReturnTypes(MLIRContext *,
                                          std::optional<Location>, Adaptor op,
                                          SmallVectorImpl<Type> &types) {
  return inferBinary(op, Type(), types);
}

LogicalResult CompareOp::inferReturnTypes(MLIRContext *context,
                                          std::optional<Location>, Adaptor op,
                                          SmallVectorImpl<Type> &types) {
  return inferBinary(op, IntegerType::get(context, 1), types);
}

StringRef CompareOp::getTfOpType() {
  switch (getPredicate()) {
  case Predicate::Eq:
    return "Equal";
  case Predicate::Ne:
    return "NotEqual";
  case Predicate::Lt:
    return "Less";
  case Predicate::Le:
    return "LessEqual";
  case Predicate::Gt:
    return "Greater";
  case Predicate::Ge:
    return "GreaterEqual";
  }
  llvm_unreachable("the predicates are listed above");
}

//===----------------------------------------------------------------------===//
// select
//===----------------------------------------------------------------------===//

LogicalResult SelectOp::verifyConstraints() {
  RankedTensorType x = getX().getType(), y = getY().getType();
  // select C1
  if (x.getElementType() != y.getElementType()) {
    return emitOpError("expected x and y to have the same element type, found ")
           << x.getElementType() << " and " << y.getElementType();
  }
  ArrayRef<int64_t> cond = getCond().getType().getShape();
  // select C2
  if (!broadcastShapes({cond, x.getShape(), y.getShape()})) {
    return emitOpError("expected the shapes of cond, x and y to broadcast, ")
           << "found " << shapeText(cond) << ", " << shapeText(x.getShape())
           << " and " << shapeText(y.getShape());
  }
  return success();
}

LogicalResult SelectOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                         Adaptor op,
                                         SmallVectorImpl<Type> &types) {
  RankedTensorType cond = tensorType(op.getCond()), x = tensorType(op.getX()),
                   y = tensorType(op.getY());
  if (!cond || !x || !y) {
    return failure();
  }
  std::optional<Shape> shape =
      broadcastShapes({cond.getShape(), x.getShape(), y.getShape()});
  if (!shape) {
    return failure();
  }
  types.push_back(RankedTensorType::get(*shape, x.getElementType()));
  return success();
}

//===----------------------------------------------------------------------===//
// add_n
//===----------------------------------------------------------------------===//

LogicalResult AddNOp::verifyConstraints() {
  // add_n C1
  if (getX().empty()) {
    return emitOpError("expected at least one operand");
  }
  auto first = cast<RankedTensorType>(getX().front().getType());
  for (auto [i, x] : llvm::enumerate(getX())) {
    // add_n C2
    if (widened(cast<RankedTensorType>(x.getType())) != widened(first)) {
      return emitOpError(
                 "expected all operands to have the type of the first, ")
             << first << ", found " << x.getType() << " at operand " << i;
    }
  }
  return success();
}

LogicalResult AddNOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                       Adaptor op,
                                       SmallVectorImpl<Type> &types) {
  if (op.getX().empty()) {
    return failure();
  }
  // The narrowest there is.
  Type type = op.getX().front().getType();
  for (Value x : op.getX()) {
    RankedTensorType other = tensorType(x);
    if (other && other.getElementType().isBF16()) {
      type = other;
    }
  }
  types.push_back(type);
  return success();
}

} // namespace bertc::bert
