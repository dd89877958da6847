// SPDX-License-Identifier: Apache-2.0
//
// Verifiers of matrix products and of steps that write in place.

#include "dialects/cpu/Verify.h"

using namespace mlir;

namespace bertc::cpu {

LogicalResult MatmulOp::verify() {
  ArrayRef<int64_t> a = shapeOf(getA()), b = shapeOf(getB()),
                    c = shapeOf(getResult());
  size_t rank = c.size();
  if (rank < 2 || a.size() != rank || b.size() != rank || // matmul C1
      a.drop_back(2) != c.drop_back(2) || b.drop_back(2) != c.drop_back(2)) {
    return emitOpError() << "expected a, b and the result to have the same "
                            "leading dimensions, found "
                         << shapeText(a) << ", " << shapeText(b) << " and "
                         << shapeText(c);
  }
  int64_t m = c[rank - 2], n = c[rank - 1], k = a[rank - 1];
  if (a[rank - 2] != m || b[rank - 2] != k || b[rank - 1] != n) { // matmul C2
    return emitOpError() << "expected shapes [..,M,K], [..,K,N] and [..,M,N], "
                            "found "
                         << shapeText(a) << ", " << shapeText(b) << " and "
                         << shapeText(c);
  }
  if (getBias() && failed(checkShape(*this, "bias", getBias(), {n}))) {
    return failure(); // matmul C3
  }
  for (auto [name, value] : {std::pair<StringRef, Value>{"factor", getFactor()},
                             {"residual", getResidual()},
                             {"accumulator", getAccumulator()}}) {
    if (value && failed(checkShape(*this, name, value, c))) {
      return failure(); // matmul C4
    }
  }
  if (std::optional<UnaryKind> kind = getActivation()) { // matmul C5
    using K = UnaryKind;
    if (*kind != K::GeluErf && *kind != K::GeluTanh && *kind != K::Relu &&
        *kind != K::Tanh) {
      return emitOpError() << "expected activation gelu_erf, gelu_tanh, relu "
                              "or tanh, found "
                           << stringifyUnaryKind(*kind);
    }
  }
  return success();
}

LogicalResult MatmulGroupOp::verify() {
  ArrayRef<int64_t> a = shapeOf(getA());
  size_t count = getB().size();
  if (count < 2 || getC().size() != count) { // matmul_group C1
    return emitOpError()
           << "expected at least two b and as many results, found " << count
           << " and " << getC().size();
  }
  if (!getBiases().empty() && getBiases().size() != count) { // matmul_group C2
    return emitOpError() << "expected as many biases as b or none, found "
                         << getBiases().size() << " and " << count;
  }
  for (auto [i, second, result] : llvm::enumerate(getB(), getC())) {
    ArrayRef<int64_t> b = shapeOf(second), c = shapeOf(result);
    if (a.size() != 2 || b.size() != 2 || a[1] != b[0] || // matmul_group C3
        c != ArrayRef<int64_t>({a[0], b[1]})) {
      return emitOpError() << "expected shapes [M,K], [K,N] and [M,N], found "
                           << shapeText(a) << ", " << shapeText(b) << " and "
                           << shapeText(c);
    }
    if (!getBiases().empty() &&
        failed(checkShape(*this, "bias", getBiases()[i], {b[1]}))) {
      return failure(); // matmul_group C4
    }
  }
  return success();
}

LogicalResult MatmulSumsOp::verify() {
  ArrayRef<int64_t> a = shapeOf(getA()), b = shapeOf(getB()),
                    c = shapeOf(getC());
  if (a.size() != 2 || b.size() != 2 || a[1] != b[0] || // matmul_sums C1
      c != ArrayRef<int64_t>({a[0], b[1]})) {
    return emitOpError() << "expected shapes [M,K], [K,N] and [M,N], found "
                         << shapeText(a) << ", " << shapeText(b) << " and "
                         << shapeText(c);
  }
  return checkShape(*this, "sums", getSums(), {b[1]}); // matmul_sums C2
}

LogicalResult InsertOp::verify() {
  auto type = cast<RankedTensorType>(getResult().getType());
  if (getDest().getType() != type || type.getEncoding() || // insert C1
      elementTypeOf(getSource()) != type.getElementType()) {
    return emitOpError() << "expected dest and the result to have one dense "
                            "type with element type "
                         << elementTypeOf(getSource()) << ", found "
                         << getDest().getType() << " and " << type;
  }
  Window window;
  window.shape = llvm::to_vector(shapeOf(getSource()));
  window.strides = llvm::to_vector(getWindow().getStrides());
  window.offset = getWindow().getOffset();
  if (window.strides.size() != window.shape.size() || // insert C2
      extentOf(window) > type.getNumElements()) {
    return emitOpError() << "expected a window of shape "
                         << shapeText(window.shape) << " inside " << type
                         << ", found " << getWindow();
  }
  if (!getDest().hasOneUse()) { // insert C3
    return emitOpError() << "expected dest to have no other user";
  }
  Operation *maker = getDest().getDefiningOp();
  if (!isa_and_nonnull<EmptyOp, FillOp, InsertOp>(maker)) { // insert C4
    return emitOpError() << "expected dest to be made by cpu.empty, cpu.fill "
                            "or cpu.insert";
  }
  return success();
}

LogicalResult AssignOp::verify() {
  if (failed(checkVariable(*this, "variable", getVariable()))) {
    return failure(); // assign C1
  }
  if (failed(checkShape(*this, "value", getValue(), shapeOf(getVariable())))) {
    return failure(); // assign C2
  }
  return checkElementType(*this, "value", getValue(),
                          elementTypeOf(getVariable())); // assign C2
}

LogicalResult AssignAddOp::verify() {
  if (failed(checkVariable(*this, "variable", getVariable()))) {
    return failure(); // assign_add C1
  }
  if (failed(checkShape(*this, "value", getValue(), shapeOf(getVariable())))) {
    return failure(); // assign_add C2
  }
  if (getScale()) { // assign_add C3
    return checkShape(*this, "scale", getScale(), {});
  }
  return success();
}

namespace {

/// The constraints C1, C2 and C3 that the optimizer steps have in common.
template <typename OpTy> LogicalResult verifyOptimizer(OpTy op) {
  for (auto [name, value] :
       {std::pair<StringRef, Value>{"variable", op.getVariable()},
        {"m", op.getM()},
        {"v", op.getV()},
        {"accum", op.getAccum()}}) {
    if (failed(checkVariable(op, name, value)) || // lamb, adamw C1
        failed(checkShape(op, name, value, shapeOf(op.getVariable())))) {
      return failure(); // lamb, adamw C2
    }
  }
  if (failed(checkShape(op, "learning_rate", op.getLearningRate(), {}))) {
    return failure(); // lamb, adamw C3
  }
  return checkShape(op, "update_step", op.getUpdateStep(), {});
}

} // namespace

LogicalResult LambOp::verify() { return verifyOptimizer(*this); }
LogicalResult AdamWOp::verify() { return verifyOptimizer(*this); }

} // namespace bertc::cpu
