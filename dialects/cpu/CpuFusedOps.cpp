// SPDX-License-Identifier: Apache-2.0
//
// Verifiers of fused steps, and what their kernels can do.

#include "dialects/cpu/Verify.h"

using namespace mlir;

namespace bertc::cpu {

namespace {

/// Error unless `shapes`, called `names`, are what q, k and v ask for; mask,
/// ranges, rng and lse as well. Rates are the caller's.
template <typename OpTy>
LogicalResult verifyHeads(OpTy op, ArrayRef<std::pair<StringRef, Value>> likeQ,
                          ArrayRef<std::pair<StringRef, Value>> likeK) {
  ArrayRef<int64_t> q = shapeOf(op.getQ()), k = shapeOf(op.getK());
  if (q.size() != 4 || k.size() != 4 || q[0] != k[0] || q[1] != k[1] ||
      q[3] != k[3]) { // attention, attention_grad C1
    return op.emitOpError() << "expected q [B,A,S,D] and k [B,A,T,D], found "
                            << shapeText(q) << " and " << shapeText(k);
  }
  for (auto [name, value] : likeQ) {
    if (failed(checkShape(op, name, value, q))) {
      return failure(); // attention, attention_grad C1
    }
  }
  for (auto [name, value] : likeK) {
    if (failed(checkShape(op, name, value, k))) {
      return failure(); // attention, attention_grad C1
    }
  }
  if (op.getMask()) { // attention, attention_grad C2
    ArrayRef<int64_t> mask = shapeOf(op.getMask());
    if (mask != ArrayRef<int64_t>({q[0], 1, 1, k[2]}) &&
        mask != ArrayRef<int64_t>({q[0], 1, q[2], k[2]})) {
      return op.emitOpError()
             << "expected mask of shape [B,1,1,T] or [B,1,S,T], found "
             << shapeText(mask);
    }
  }
  if (op.getRanges() &&
      failed(checkShape(op, "ranges", op.getRanges(), {q[0], q[2], 2}))) {
    return failure(); // attention, attention_grad C3
  }
  if (op.getRng() && failed(checkShape(op, "rng", op.getRng(), {4}))) {
    return failure(); // attention, attention_grad C4
  }
  if (op.getLse()) { // attention, attention_grad C5
    return checkShape(op, "lse", op.getLse(), q.drop_back());
  }
  return success();
}

/// Operand number of `value`.
unsigned numberOf(Operation *op, Value value) {
  return llvm::find(op->getOperands(), value) - op->operand_begin();
}

/// The candidates that have the type of result `result`.
SmallVector<unsigned, 2> sameTyped(Operation *op, unsigned result,
                                   Value candidate) {
  if (candidate.getType() != op->getResult(result).getType()) {
    return {};
  }
  return {numberOf(op, candidate)};
}

/// Of `products` matrix products between queries and keys.
uint64_t attentionFlops(Value q, Value k, unsigned products) {
  auto type = cast<RankedTensorType>(q.getType());
  return 2 * products * type.getNumElements() * shapeOf(k)[2];
}

} // namespace

LogicalResult AttentionOp::verify() {
  if (failed(verifyHeads(*this, {{"out", getOut()}}, {{"v", getV()}}))) {
    return failure();
  }
  return checkRate(*this, getRate()); // attention C6
}

// Heads are read where the projections left them.
bool AttentionOp::acceptsStrides(unsigned operand) { return operand < 3; }
uint64_t AttentionOp::getFlops() { return attentionFlops(getQ(), getK(), 2); }

LogicalResult AttentionGradOp::verify() {
  if (failed(verifyHeads(*this, {{"dout", getDout()}, {"dq", getDq()}},
                         {{"v", getV()}, {"dk", getDk()}, {"dv", getDv()}}))) {
    return failure();
  }
  return checkRate(*this, getRate()); // attention_grad C6
}

bool AttentionGradOp::acceptsStrides(unsigned operand) { return operand < 4; }
// The product that is computed again is no work that anybody asked for.
uint64_t AttentionGradOp::getFlops() {
  return attentionFlops(getQ(), getK(), 4);
}

LogicalResult GeluWithDerivativeOp::verify() {
  for (auto [name, value] : {std::pair<StringRef, Value>{"y", getY()},
                             {"derivative", getDerivative()}}) {
    if (failed(checkShape(*this, name, value, shapeOf(getX()))) ||
        failed(checkElementType(*this, name, value, elementTypeOf(getX())))) {
      return failure(); // gelu_with_derivative C1
    }
  }
  if (getKind() != UnaryKind::GeluErf && getKind() != UnaryKind::GeluTanh) {
    return emitOpError() // gelu_with_derivative C2
           << "expected kind gelu_erf or gelu_tanh, found "
           << stringifyUnaryKind(getKind());
  }
  return success();
}

SmallVector<unsigned, 2>
GeluWithDerivativeOp::getReusableOperands(unsigned result) {
  return sameTyped(*this, result, getX());
}

LogicalResult GeluBackwardOp::verify() {
  ArrayRef<int64_t> shape = shapeOf(getX());
  if (shape.size() != 2) { // gelu_backward C1
    return emitOpError() << "expected x of rank 2, found " << shapeText(shape);
  }
  for (auto [name, value] : {std::pair<StringRef, Value>{"dy", getDy()},
                             {"y", getY()},
                             {"dx", getDx()}}) {
    if (failed(checkShape(*this, name, value, shape)) ||
        failed(checkElementType(*this, name, value, elementTypeOf(getX())))) {
      return failure(); // gelu_backward C1
    }
  }
  if (failed(checkShape(*this, "dbias", getDbias(), shape.take_back()))) {
    return failure(); // gelu_backward C2
  }
  if (getKind() != UnaryKind::GeluErf && getKind() != UnaryKind::GeluTanh) {
    return emitOpError() // gelu_backward C3
           << "expected kind gelu_erf or gelu_tanh, found "
           << stringifyUnaryKind(getKind());
  }
  return success();
}

// Each element is read before either result is written in its place.
SmallVector<unsigned, 2> GeluBackwardOp::getReusableOperands(unsigned result) {
  return result == 0 ? sameTyped(*this, result, getX())
                     : sameTyped(*this, result, getDy());
}

LogicalResult CrossEntropyOp::verify() {
  ArrayRef<int64_t> shape = shapeOf(getLogits());
  if (shape.size() != 2) { // cross_entropy C1
    return emitOpError() << "expected logits of rank 2, found "
                         << shapeText(shape);
  }
  for (auto [name, value] : {std::pair<StringRef, Value>{"labels", getLabels()},
                             {"loss", getLoss()},
                             {"lse", getLse()}}) {
    if (failed(checkShape(*this, name, value, shape.take_front()))) {
      return failure(); // cross_entropy C1
    }
  }
  return success();
}

LogicalResult CrossEntropyGradOp::verify() {
  ArrayRef<int64_t> shape = shapeOf(getLogits());
  if (shape.size() != 2) { // cross_entropy_grad C1
    return emitOpError() << "expected logits of rank 2, found "
                         << shapeText(shape);
  }
  for (auto [name, value] : {std::pair<StringRef, Value>{"dloss", getDloss()},
                             {"lse", getLse()},
                             {"labels", getLabels()}}) {
    if (failed(checkShape(*this, name, value, shape.take_front()))) {
      return failure(); // cross_entropy_grad C1
    }
  }
  return checkShape(*this, "the result", getResult(), shape);
}

SmallVector<unsigned, 2>
CrossEntropyGradOp::getReusableOperands(unsigned result) {
  return sameTyped(*this, result, getLogits());
}

} // namespace bertc::cpu
