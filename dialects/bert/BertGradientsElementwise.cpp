// SPDX-License-Identifier: Apache-2.0
//
// Gradients of operations that work element by element. With numpy
// broadcasting, the gradient of a repeated operand is summed over its copies.

#include "dialects/bert/BertGradientsDetail.h"

namespace bertc::bert::gradients {

using llvm::LogicalResult;
using llvm::success;
using mlir::Value;

namespace {

LogicalResult neg(NegOp op, Flow &f) {
  f.dx[0] = f.make<NegOp>(f.dy[0]);
  return success();
}

/// dy y
LogicalResult exp(ExpOp op, Flow &f) {
  f.dx[0] = f.make<MulOp>(f.dy[0], op.getY());
  return success();
}

/// dy / x
LogicalResult log(LogOp op, Flow &f) {
  f.dx[0] = f.make<DivOp>(f.dy[0], op.getX());
  return success();
}

/// dy / (2 y)
LogicalResult sqrt(SqrtOp op, Flow &f) {
  Value half = f.make<MulOp>(f.dy[0], scalarLike(f, op.getY(), 0.5));
  f.dx[0] = f.make<DivOp>(half, op.getY());
  return success();
}

/// -dy y^3 / 2
LogicalResult rsqrt(RsqrtOp op, Flow &f) {
  Value square = f.make<MulOp>(op.getY(), op.getY());
  Value cube = f.make<MulOp>(square, op.getY());
  Value half = f.make<MulOp>(f.dy[0], scalarLike(f, op.getY(), -0.5));
  f.dx[0] = f.make<MulOp>(half, cube);
  return success();
}

LogicalResult tanh(TanhOp op, Flow &f) {
  f.dx[0] = f.make<TanhGradOp>(op.getY(), f.dy[0]);
  return success();
}

LogicalResult relu(ReluOp op, Flow &f) {
  f.dx[0] = f.make<ReluGradOp>(f.dy[0], op.getX());
  return success();
}

LogicalResult gelu(GeluOp op, Flow &f) {
  f.dx[0] = f.make<GeluGradOp>(f.dy[0], op.getX(), op.getApproximate());
  return success();
}

LogicalResult identity(IdentityOp op, Flow &f) {
  f.dx[0] = f.dy[0];
  return success();
}

LogicalResult cast(CastOp op, Flow &f) {
  mlir::RankedTensorType from = typeOf(op.getX());
  if (llvm::isa<mlir::FloatType>(from.getElementType())) {
    f.dx[0] = f.make<CastOp>(from, f.dy[0]);
  }
  return success();
}

/// The gradient `d`, of the shape of the result, brought to operand `index`.
void give(mlir::Operation *op, unsigned index, Value d, Flow &f) {
  f.dx[index] = sumToShape(f, d, typeOf(op->getOperand(index)).getShape());
}

LogicalResult add(AddOp op, Flow &f) {
  give(op, 0, f.dy[0], f);
  give(op, 1, f.dy[0], f);
  return success();
}

LogicalResult sub(SubOp op, Flow &f) {
  give(op, 0, f.dy[0], f);
  // Negated after the sum: fewer elements.
  Value d = sumToShape(f, f.dy[0], typeOf(op.getY()).getShape());
  f.dx[1] = f.make<NegOp>(d);
  return success();
}

LogicalResult mul(MulOp op, Flow &f) {
  give(op, 0, f.make<MulOp>(f.dy[0], op.getY()), f);
  give(op, 1, f.make<MulOp>(f.dy[0], op.getX()), f);
  return success();
}

/// dy / y and -dy z / y
LogicalResult div(DivOp op, Flow &f) {
  Value quotient = f.make<DivOp>(f.dy[0], op.getY());
  give(op, 0, quotient, f);
  Value product = f.make<MulOp>(quotient, op.getZ());
  Value d = sumToShape(f, product, typeOf(op.getY()).getShape());
  f.dx[1] = f.make<NegOp>(d);
  return success();
}

/// dy goes to the operand that was chosen, to x when both are equal.
template <typename Op, Predicate chosen> LogicalResult choice(Op op, Flow &f) {
  Value first = f.make<CompareOp>(op.getX(), op.getY(), chosen);
  Value zero = scalarLike(f, f.dy[0], 0.0);
  give(op, 0, f.make<SelectOp>(first, f.dy[0], zero), f);
  give(op, 1, f.make<SelectOp>(first, zero, f.dy[0]), f);
  return success();
}

LogicalResult select(SelectOp op, Flow &f) {
  Value zero = scalarLike(f, f.dy[0], 0.0);
  give(op, 1, f.make<SelectOp>(op.getCond(), f.dy[0], zero), f);
  give(op, 2, f.make<SelectOp>(op.getCond(), zero, f.dy[0]), f);
  return success();
}

LogicalResult addN(AddNOp op, Flow &f) {
  for (Value &d : f.dx) {
    d = f.dy[0];
  }
  return success();
}

} // namespace

void attachElementwise(mlir::MLIRContext *context) {
  attach<NegOp, neg>(context);
  attach<ExpOp, exp>(context);
  attach<LogOp, log>(context);
  attach<SqrtOp, sqrt>(context);
  attach<RsqrtOp, rsqrt>(context);
  attach<TanhOp, tanh>(context);
  attach<ReluOp, relu>(context);
  attach<GeluOp, gelu>(context);
  attach<IdentityOp, identity>(context);
  attach<CastOp, cast>(context);
  attach<AddOp, add>(context);
  attach<SubOp, sub>(context);
  attach<MulOp, mul>(context);
  attach<DivOp, div>(context);
  attach<MaximumOp, choice<MaximumOp, Predicate::Ge>>(context);
  attach<MinimumOp, choice<MinimumOp, Predicate::Le>>(context);
  attach<SelectOp, select>(context);
  attach<AddNOp, addN>(context);
}

} // namespace bertc::bert::gradients
