// SPDX-License-Identifier: Apache-2.0
//
// What each step's kernel can do: which operands it reads through strides and
// which storage its results may take over. The handlers in runtime/ refuse a
// plan that asks for more.

#include "dialects/cpu/Verify.h"

using namespace mlir;

namespace bertc::cpu {

uint64_t largestOperand(Operation *op) {
  int64_t largest = 0;
  auto count = [&](Type type) {
    largest = std::max(largest, cast<RankedTensorType>(type).getNumElements());
  };
  llvm::for_each(op->getOperandTypes(), count);
  llvm::for_each(op->getResultTypes(), count);
  return largest;
}

using Operands = SmallVector<unsigned, 2>;

namespace {

/// The candidates that have the result's shape and element type.
Operands sameTyped(Operation *op, unsigned result, ArrayRef<Value> candidates) {
  Operands operands;
  Value made = op->getResult(result);
  for (Value candidate : candidates) {
    if (!candidate || shapeOf(candidate) != shapeOf(made) ||
        elementTypeOf(candidate) != elementTypeOf(made)) {
      continue;
    }
    for (OpOperand &operand : op->getOpOperands()) {
      if (operand.get() == candidate) {
        operands.push_back(operand.getOperandNumber());
        break;
      }
    }
  }
  return operands;
}

} // namespace

// Elementwise kernels walk every operand by strides.
bool UnaryOp::acceptsStrides(unsigned) { return true; }
bool BinaryOp::acceptsStrides(unsigned) { return true; }
bool CompareOp::acceptsStrides(unsigned) { return true; }
bool SelectOp::acceptsStrides(unsigned) { return true; }
bool MatmulOp::acceptsStrides(unsigned) { return true; }
bool MatmulGroupOp::acceptsStrides(unsigned) { return true; }
bool MatmulSumsOp::acceptsStrides(unsigned operand) { return operand == 0; }
bool InsertOp::acceptsStrides(unsigned operand) { return operand == 0; }
bool AssignOp::acceptsStrides(unsigned operand) { return operand == 1; }

Operands UnaryOp::getReusableOperands(unsigned result) {
  return sameTyped(*this, result, {getX()});
}
Operands BinaryOp::getReusableOperands(unsigned result) {
  return sameTyped(*this, result, {getX(), getY()});
}
Operands SelectOp::getReusableOperands(unsigned result) {
  return sameTyped(*this, result, {getX(), getY()});
}
// The library adds to what is there already.
Operands MatmulOp::getReusableOperands(unsigned result) {
  return getFactor() || getActivation() || getAccumulator()
             ? Operands()
             : sameTyped(*this, result, {getResidual()});
}
Operands AddNOp::getReusableOperands(unsigned result) {
  return sameTyped(*this, result, {getInputs().front()});
}
Operands DropoutOp::getReusableOperands(unsigned result) {
  return sameTyped(*this, result, {getX()});
}
Operands SoftmaxOp::getReusableOperands(unsigned result) {
  // `dropped` is written while x is still read.
  return result == 0 ? sameTyped(*this, result, {getX()}) : Operands();
}
Operands SoftmaxGradOp::getReusableOperands(unsigned result) {
  return sameTyped(*this, result, {getDy(), getY()});
}
Operands LayerNormOp::getReusableOperands(unsigned result) {
  return result == 0 || result == 3
             ? sameTyped(*this, result, {getX(), getResidual()})
             : Operands();
}
Operands LayerNormGradOp::getReusableOperands(unsigned result) {
  return result == 0 || result == 3
             ? sameTyped(*this, result, {getDy(), getZ()})
             : Operands();
}
Operands LogSoftmaxOp::getReusableOperands(unsigned result) {
  return sameTyped(*this, result, {getX()});
}
Operands LogSoftmaxGradOp::getReusableOperands(unsigned result) {
  return sameTyped(*this, result, {getDy(), getY()});
}

std::optional<unsigned> MatmulOp::getTiedOperand(unsigned) {
  if (!getAccumulator()) {
    return std::nullopt;
  }
  return getOperation()->getNumOperands() - 1;
}
std::optional<unsigned> GatherGradOp::getTiedOperand(unsigned) {
  return getBase() ? std::optional<unsigned>(2) : std::nullopt;
}
std::optional<unsigned> InsertOp::getTiedOperand(unsigned) { return 1; }

uint64_t MatmulOp::getFlops() {
  auto type = cast<RankedTensorType>(getResult().getType());
  return 2 * type.getNumElements() * shapeOf(getA()).back();
}
uint64_t MatmulGroupOp::getFlops() {
  uint64_t elements = 0;
  for (Value product : getC()) {
    elements += cast<RankedTensorType>(product.getType()).getNumElements();
  }
  return 2 * elements * shapeOf(getA()).back();
}
uint64_t MatmulSumsOp::getFlops() {
  auto type = cast<RankedTensorType>(getC().getType());
  auto b = cast<RankedTensorType>(getB().getType());
  return 2 * type.getNumElements() * b.getDimSize(0) + b.getNumElements();
}
uint64_t UnaryOp::getFlops() {
  bool moves = getKind() == UnaryKind::Copy || getKind() == UnaryKind::Cast;
  return moves ? 0 : largestOperand(*this);
}
uint64_t FillOp::getFlops() { return 0; }
uint64_t InsertOp::getFlops() { return 0; }
uint64_t AssignOp::getFlops() { return 0; }
uint64_t GatherOp::getFlops() { return 0; }

} // namespace bertc::cpu
