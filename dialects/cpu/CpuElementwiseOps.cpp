// SPDX-License-Identifier: Apache-2.0
//
// Verifiers of elementwise steps and reductions.

#include "dialects/cpu/Verify.h"

using namespace mlir;

namespace bertc::cpu {

LogicalResult UnaryOp::verify() {
  if (failed(checkShape(*this, "the result", getResult(), shapeOf(getX())))) {
    return failure(); // unary C1
  }
  if (getKind() == UnaryKind::Cast) {
    return success();
  }
  if (failed(checkElementType(*this, "the result", getResult(),
                              elementTypeOf(getX())))) {
    return failure(); // unary C2
  }
  bool anyType = getKind() == UnaryKind::Copy || getKind() == UnaryKind::Neg;
  if (!anyType && !isa<FloatType>(elementTypeOf(getX()))) { // unary C3
    return emitOpError() << "expected floats for "
                         << stringifyUnaryKind(getKind()) << ", found "
                         << elementTypeOf(getX());
  }
  return success();
}

LogicalResult BinaryOp::verify() {
  if (failed(checkBroadcastResult(*this, {Value(getX()), Value(getY())},
                                  shapeOf(getResult())))) {
    return failure(); // binary C1
  }
  Type type = elementTypeOf(getResult());
  if (failed(checkElementType(*this, "x", getX(), type)) ||
      failed(checkElementType(*this, "y", getY(), type))) {
    return failure(); // binary C2
  }
  if (getKind() >= BinaryKind::TanhGrad && !isa<FloatType>(type)) {
    return emitOpError() << "expected floats for "
                         << stringifyBinaryKind(getKind()) << ", found "
                         << type; // binary C3
  }
  return success();
}

LogicalResult CompareOp::verify() {
  if (failed(checkBroadcastResult(*this, {Value(getX()), Value(getY())},
                                  shapeOf(getResult())))) {
    return failure(); // compare C1
  }
  return checkElementType(*this, "y", getY(),
                          elementTypeOf(getX())); // compare C2
}

LogicalResult SelectOp::verify() {
  if (failed(checkBroadcastResult(
          *this, {Value(getCondition()), Value(getX()), Value(getY())},
          shapeOf(getResult())))) {
    return failure(); // select C1
  }
  Type type = elementTypeOf(getResult());
  if (failed(checkElementType(*this, "x", getX(), type))) {
    return failure(); // select C2
  }
  return checkElementType(*this, "y", getY(), type); // select C2
}

LogicalResult FillOp::verify() {
  if (!isDense(getResult().getType())) { // fill C1
    return emitOpError() << "expected a dense result, found "
                         << getResult().getType();
  }
  return success();
}

LogicalResult ReduceOp::verify() {
  ArrayRef<int64_t> shape = shapeOf(getX());
  ArrayRef<int64_t> axes = getAxes();
  for (size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] < 0 || axes[i] >= int64_t(shape.size()) || // reduce C1
        (i > 0 && axes[i] <= axes[i - 1])) {
      return emitOpError() << "expected distinct, ascending axes below "
                           << shape.size() << ", found " << axes;
    }
  }
  SmallVector<int64_t> expected;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!llvm::is_contained(axes, int64_t(i))) {
      expected.push_back(shape[i]);
    } else if (getKeepDims()) {
      expected.push_back(1);
    }
  }
  if (failed(checkShape(*this, "the result", getResult(), expected))) {
    return failure(); // reduce C2
  }
  bool sumsWide = elementTypeOf(getX()).isBF16() &&
                  elementTypeOf(getResult()).isF32() &&
                  getKind() != ReduceKind::Max;
  if (sumsWide) {
    return success();
  }
  return checkElementType(*this, "the result", getResult(),
                          elementTypeOf(getX())); // reduce C3
}

LogicalResult ArgMaxOp::verify() {
  ArrayRef<int64_t> shape = shapeOf(getX());
  if (shape.empty()) { // arg_max C1
    return emitOpError() << "expected an operand of rank 1 or more, found a "
                            "scalar";
  }
  return checkShape(*this, "the result", getResult(),
                    shape.drop_back()); // arg_max C1
}

LogicalResult L2LossOp::verify() {
  return checkShape(*this, "the result", getResult(), {}); // l2_loss C1
}

LogicalResult AddNOp::verify() {
  if (getInputs().empty()) { // add_n C1
    return emitOpError() << "expected at least one operand";
  }
  for (Value input : getInputs()) { // add_n C1
    if (failed(checkShape(*this, "operands", input, shapeOf(getResult())))) {
      return failure();
    }
  }
  return success();
}

} // namespace bertc::cpu
