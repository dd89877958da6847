// SPDX-License-Identifier: Apache-2.0
//
// Verifiers of dropout, softmax, layer normalisation, gathers and losses.

#include "dialects/cpu/Verify.h"

#include <algorithm>
#include <limits>

using namespace mlir;

namespace bertc::cpu {

namespace {

/// Error unless `shape` has at least one axis.
LogicalResult checkHasAxis(Operation *op, ArrayRef<int64_t> shape) {
  if (!shape.empty()) {
    return success();
  }
  return op->emitOpError() << "expected tensors of rank 1 or more, found a "
                              "scalar";
}

/// Error unless rng is present exactly when the result that needs it is.
LogicalResult checkRng(Operation *op, Value rng, Value result, StringRef name) {
  if (bool(rng) != bool(result)) {
    return op->emitOpError()
           << "expected rng exactly when " << name << " is a result";
  }
  return rng ? checkShape(op, "rng", rng, {4}) : success();
}

/// Error unless rows, where given, has a number for each row of `shape` and
/// comes with an rng.
LogicalResult checkRows(Operation *op, Value rows, Value rng,
                        ArrayRef<int64_t> shape) {
  if (!rows) {
    return success();
  }
  if (!rng) {
    return op->emitOpError() << "expected an rng where there are rows";
  }
  ArrayRef<int64_t> leading = shape.empty() ? shape : shape.drop_back();
  return checkShape(op, "rows", rows, {llvm::product_of(leading)});
}

/// Shape [batch.., N.., H..] of gathered rows; error when table and indices do
/// not share their batch dimensions.
FailureOr<SmallVector<int64_t>>
gatheredShape(Operation *op, Value table, Value indices, int64_t batchDims) {
  ArrayRef<int64_t> t = shapeOf(table), i = shapeOf(indices);
  if (batchDims < 0 || int64_t(t.size()) <= batchDims ||
      int64_t(i.size()) < batchDims ||
      t.take_front(batchDims) != i.take_front(batchDims)) {
    return op->emitOpError() << "expected table and indices with " << batchDims
                             << " equal leading dimensions, found "
                             << shapeText(t) << " and " << shapeText(i);
  }
  SmallVector<int64_t> shape(i.begin(), i.end());
  llvm::append_range(shape, t.drop_front(batchDims + 1));
  return shape;
}

} // namespace

LogicalResult DropoutOp::verify() {
  if (failed(checkShape(*this, "the result", getResult(), shapeOf(getX()))) ||
      failed(checkElementType(*this, "the result", getResult(),
                              elementTypeOf(getX())))) {
    return failure(); // dropout C1
  }
  if (failed(checkShape(*this, "rng", getRng(), {4}))) {
    return failure(); // dropout C2
  }
  if (failed(checkRate(*this, getRate()))) {
    return failure(); // dropout C3
  }
  return checkRows(*this, getRows(), getRng(), shapeOf(getX())); // dropout C4
}

LogicalResult SoftmaxOp::verify() {
  ArrayRef<int64_t> shape = shapeOf(getX());
  if (failed(checkHasAxis(*this, shape)) ||
      failed(checkShape(*this, "softmax", getSoftmax(), shape)) ||
      (getDropped() &&
       failed(checkShape(*this, "dropped", getDropped(), shape)))) {
    return failure(); // softmax C1
  }
  if (getMask()) { // softmax C2
    if (shapeOf(getMask()).size() != shape.size()) {
      return emitOpError() << "expected mask of rank " << shape.size()
                           << ", found " << shapeText(shapeOf(getMask()));
    }
    if (failed(checkBroadcast(*this, "mask", getMask(), shape))) {
      return failure();
    }
  }
  if (failed(checkRng(*this, getRng(), getDropped(), "dropped"))) {
    return failure(); // softmax C3
  }
  return checkRate(*this, getRate()); // softmax C4
}

LogicalResult SoftmaxGradOp::verify() {
  ArrayRef<int64_t> shape = shapeOf(getDy());
  if (failed(checkHasAxis(*this, shape)) ||
      failed(checkShape(*this, "y", getY(), shape)) ||
      failed(checkShape(*this, "the result", getResult(), shape))) {
    return failure(); // softmax_grad C1
  }
  if (getRng() && failed(checkShape(*this, "rng", getRng(), {4}))) {
    return failure(); // softmax_grad C2
  }
  return checkRate(*this, getRate()); // softmax_grad C3
}

LogicalResult LayerNormOp::verify() {
  ArrayRef<int64_t> shape = shapeOf(getX());
  if (failed(checkHasAxis(*this, shape)) ||
      (getResidual() &&
       failed(checkShape(*this, "residual", getResidual(), shape))) ||
      failed(checkShape(*this, "y", getY(), shape)) ||
      (getZ() && failed(checkShape(*this, "z", getZ(), shape)))) {
    return failure(); // layer_norm C1
  }
  if (failed(checkShape(*this, "gamma", getGamma(), shape.take_back())) ||
      failed(checkShape(*this, "beta", getBeta(), shape.take_back()))) {
    return failure(); // layer_norm C2
  }
  if (failed(checkShape(*this, "mean", getMean(), shape.drop_back())) ||
      failed(checkShape(*this, "rstd", getRstd(), shape.drop_back()))) {
    return failure(); // layer_norm C3
  }
  if (getRng()) { // layer_norm C4
    if (!getResidual()) {
      return emitOpError() << "expected a residual where there is an rng";
    }
    if (failed(checkShape(*this, "rng", getRng(), {4}))) {
      return failure();
    }
  }
  if (getZ() && !getResidual()) { // layer_norm C5
    return emitOpError() << "expected no result z without a residual";
  }
  if (failed(checkRate(*this, getRate()))) {
    return failure(); // layer_norm C6
  }
  return checkRows(*this, getRows(), getRng(), shape); // layer_norm C7
}

LogicalResult LayerNormGradOp::verify() {
  ArrayRef<int64_t> shape = shapeOf(getZ());
  if (failed(checkHasAxis(*this, shape)) ||
      failed(checkShape(*this, "dy", getDy(), shape)) ||
      failed(checkShape(*this, "dz", getDz(), shape)) ||
      (getDx() && failed(checkShape(*this, "dx", getDx(), shape)))) {
    return failure(); // layer_norm_grad C1
  }
  for (auto [name, value] : {std::pair<StringRef, Value>{"gamma", getGamma()},
                             {"dgamma", getDgamma()},
                             {"dbeta", getDbeta()}}) {
    if (failed(checkShape(*this, name, value, shape.take_back()))) {
      return failure(); // layer_norm_grad C2
    }
  }
  if (failed(checkShape(*this, "mean", getMean(), shape.drop_back())) ||
      failed(checkShape(*this, "rstd", getRstd(), shape.drop_back()))) {
    return failure(); // layer_norm_grad C3
  }
  if (failed(checkRng(*this, getRng(), getDx(), "dx"))) {
    return failure(); // layer_norm_grad C4
  }
  if (failed(checkRate(*this, getRate()))) {
    return failure(); // layer_norm_grad C5
  }
  return checkRows(*this, getRows(), getRng(), shape); // layer_norm_grad C6
}

LogicalResult RowNumbersOp::verify() {
  int64_t count = 0;
  for (Value positions : getPositions()) {
    ArrayRef<int64_t> shape = shapeOf(positions);
    if (shape.size() != 2 ||
        shape[0] != shapeOf(getPositions().front()).front()) {
      return emitOpError() // row_numbers C1
             << "expected positions [B,P] of one B, found " << shapeText(shape);
    }
    count += shape[0] * shape[1];
  }
  if (getPositions().empty()) {
    return emitOpError() << "expected positions, found none";
  }
  if (failed(checkShape(*this, "the result", getResult(), {count}))) {
    return failure(); // row_numbers C2
  }
  int64_t length = getSequenceLength();
  int64_t batch = shapeOf(getPositions().front()).front();
  int64_t most =
      std::numeric_limits<int32_t>::max() / std::max<int64_t>(batch, 1);
  if (length < 1 || length > most) { // row_numbers C3
    return emitOpError() << "expected a sequence_length of 1 to " << most
                         << ", found " << length;
  }
  return success();
}

LogicalResult GatherOp::verify() {
  FailureOr<SmallVector<int64_t>> shape =
      gatheredShape(*this, getTable(), getIndices(), getBatchDims());
  if (failed(shape)) {
    return failure(); // gather C1
  }
  if (failed(checkShape(*this, "the result", getResult(), *shape))) {
    return failure(); // gather C2
  }
  return checkElementType(*this, "the result", getResult(),
                          elementTypeOf(getTable())); // gather C2
}

LogicalResult GatherGradOp::verify() {
  FailureOr<SmallVector<int64_t>> shape =
      gatheredShape(*this, getResult(), getIndices(), getBatchDims());
  if (failed(shape)) {
    return failure(); // gather_grad C1
  }
  if (failed(checkShape(*this, "dy", getDy(), *shape))) {
    return failure(); // gather_grad C2
  }
  if (!getBase()) {
    return checkElementType(*this, "the result", getResult(),
                            Float32Type::get(getContext())); // gather_grad C6
  }
  if (getBase().getType() != getResult().getType() ||
      !isDense(getBase().getType())) { // gather_grad C3
    return emitOpError() << "expected base to be dense and have the type of "
                            "the result, found "
                         << getBase().getType();
  }
  if (!getBase().hasOneUse()) { // gather_grad C4
    return emitOpError() << "expected base to have no other user";
  }
  if (!isa_and_nonnull<CpuStepOpInterface>(
          getBase().getDefiningOp())) { // gather_grad C5
    return emitOpError() << "expected base to be made by a step";
  }
  return success();
}

LogicalResult LogSoftmaxOp::verify() {
  if (shapeOf(getX()).size() != 2) { // log_softmax C1
    return emitOpError() << "expected an operand of rank 2, found "
                         << shapeText(shapeOf(getX()));
  }
  return checkShape(*this, "the result", getResult(),
                    shapeOf(getX())); // log_softmax C1
}

LogicalResult LogSoftmaxGradOp::verify() {
  ArrayRef<int64_t> shape = shapeOf(getY());
  if (shape.size() != 2) { // log_softmax_grad C1
    return emitOpError() << "expected operands of rank 2, found "
                         << shapeText(shape);
  }
  if (failed(checkShape(*this, "dy", getDy(), shape))) {
    return failure(); // log_softmax_grad C1
  }
  return checkShape(*this, "the result", getResult(), shape);
}

LogicalResult NllOp::verify() {
  ArrayRef<int64_t> shape = shapeOf(getLogProbs());
  if (shape.size() != 2) { // nll C1
    return emitOpError() << "expected log_probs of rank 2, found "
                         << shapeText(shape);
  }
  if (failed(checkShape(*this, "labels", getLabels(), shape.take_front()))) {
    return failure(); // nll C1
  }
  return checkShape(*this, "the result", getResult(), shape.take_front());
}

LogicalResult NllGradOp::verify() {
  ArrayRef<int64_t> shape = shapeOf(getResult());
  if (shape.size() != 2) { // nll_grad C1
    return emitOpError() << "expected a result of rank 2, found "
                         << shapeText(shape);
  }
  if (failed(checkShape(*this, "labels", getLabels(), shape.take_front()))) {
    return failure(); // nll_grad C1
  }
  return checkShape(*this, "dloss", getDloss(), shape.take_front());
}

} // namespace bertc::cpu
