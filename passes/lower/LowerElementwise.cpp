// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operations and reductions become one step each.

#include "passes/lower/FunctionLowering.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace bertc::lower {

namespace {

bool unary(FunctionLowering &f, Operation *op, cpu::UnaryKind kind) {
  Value x = f.get(op->getOperand(0));
  f.set(op->getResult(0),
        cpu::UnaryOp::create(f.builder(), f.loc(), op->getResult(0).getType(),
                             kind, x, f.scope(), nullptr));
  return true;
}

/// A bias stays f32 beside an x in bf16 where no matmul takes both; the step
/// wants one type.
Value castTo(FunctionLowering &f, Value value, Type elementType) {
  RankedTensorType type = typeOf(value);
  if (type.getElementType() == elementType) {
    return value;
  }
  auto dense = RankedTensorType::get(type.getShape(), elementType);
  return cpu::UnaryOp::create(f.builder(), f.loc(), dense, cpu::UnaryKind::Cast,
                              value, f.scope(), nullptr);
}

bool binary(FunctionLowering &f, Operation *op, cpu::BinaryKind kind, Value x,
            Value y) {
  auto operands = f.getBroadcast({x, y}, typeOf(op->getResult(0)).getShape());
  operands[1] = castTo(f, operands[1], typeOf(operands[0]).getElementType());
  f.set(op->getResult(0),
        cpu::BinaryOp::create(f.builder(), f.loc(), op->getResult(0).getType(),
                              kind, operands[0], operands[1], f.scope(),
                              nullptr));
  return true;
}

bool binary(FunctionLowering &f, Operation *op, cpu::BinaryKind kind) {
  return binary(f, op, kind, op->getOperand(0), op->getOperand(1));
}

bool cast(FunctionLowering &f, bert::CastOp op) {
  if (op.getX().getType() == op.getY().getType()) {
    f.setSame(op.getY(), op.getX());
    return true;
  }
  // Kernels that read either type look through widening casts, and matrix
  // products read packed weights, so that few of these have to be made.
  Type from = typeOf(op.getX()).getElementType();
  auto read = op.getX().getDefiningOp<bert::ReadOp>();
  bool ofWeight = read && !f.assigns(read.getVariableAttr().getAttr());
  if ((from.isBF16() && typeOf(op.getY()).getElementType().isF32()) ||
      ofWeight) {
    f.setLazy(op);
    return true;
  }
  return unary(f, op, cpu::UnaryKind::Cast);
}

bool compare(FunctionLowering &f, bert::CompareOp op) {
  // The enumerations number the predicates alike.
  auto kind = static_cast<cpu::CompareKind>(op.getPredicate());
  auto operands =
      f.getBroadcast({op.getX(), op.getY()}, typeOf(op.getZ()).getShape());
  f.set(op.getZ(),
        cpu::CompareOp::create(f.builder(), f.loc(), op.getZ().getType(), kind,
                               operands[0], operands[1], f.scope(), nullptr));
  return true;
}

bool select(FunctionLowering &f, bert::SelectOp op) {
  auto operands = f.getBroadcast({op.getCond(), op.getX(), op.getY()},
                                 typeOf(op.getZ()).getShape());
  f.set(op.getZ(), cpu::SelectOp::create(
                       f.builder(), f.loc(), op.getZ().getType(), operands[0],
                       operands[1], operands[2], f.scope(), nullptr));
  return true;
}

/// Two of one type and integers are binary steps; add_n proper sums floats
/// only, in any mix.
bool addN(FunctionLowering &f, bert::AddNOp op) {
  auto inputs = op.getX();
  auto type = typeOf(op.getY());
  bool oneType =
      llvm::all_of(inputs, [&](Value x) { return x.getType() == type; });
  if (inputs.size() == 1 && oneType) {
    f.setSame(op.getY(), inputs.front());
    return true;
  }
  if (inputs.size() == 2 && oneType) {
    return binary(f, op, cpu::BinaryKind::Add);
  }
  if (isa<FloatType>(type.getElementType())) {
    SmallVector<Value> values;
    for (Value input : inputs) {
      values.push_back(f.getFloats(input));
    }
    f.set(op.getY(), cpu::AddNOp::create(f.builder(), f.loc(), type, values,
                                         f.scope(), nullptr));
    return true;
  }
  Value sum = f.get(inputs.front());
  for (Value input : inputs.drop_front()) {
    sum =
        cpu::BinaryOp::create(f.builder(), f.loc(), type, cpu::BinaryKind::Add,
                              sum, f.get(input), f.scope(), nullptr);
  }
  f.set(op.getY(), sum);
  return true;
}

template <typename OpTy>
bool reduce(FunctionLowering &f, OpTy op, cpu::ReduceKind kind) {
  if (op.getAxes().empty()) {
    f.setSame(op.getY(), op.getX());
    return true;
  }
  Value x = kind == cpu::ReduceKind::Max ? f.getContiguous(op.getX())
                                         : f.getFloats(op.getX());
  UnitAttr keepDims = op.getKeepDims() ? f.builder().getUnitAttr() : UnitAttr();
  auto kindAttr = cpu::ReduceKindAttr::get(op.getContext(), kind);
  f.set(op.getY(), cpu::ReduceOp::create(
                       f.builder(), f.loc(), op.getY().getType(), kindAttr, x,
                       op.getAxesAttr(), keepDims, f.scope(), nullptr));
  return true;
}

FailureOr<bool> argmax(FunctionLowering &f, bert::ArgmaxOp op) {
  if (!isa<FloatType>(typeOf(op.getX()).getElementType())) {
    return op.emitOpError() << "of integers cannot be lowered to the cpu "
                               "target; cast to f32 first";
  }
  f.set(op.getY(),
        cpu::ArgMaxOp::create(f.builder(), f.loc(), op.getY().getType(),
                              f.getFloats(op.getX()), f.scope(), nullptr));
  return true;
}

bool l2Loss(FunctionLowering &f, bert::L2LossOp op) {
  Type f32 = f.builder().getF32Type();
  Value loss = cpu::L2LossOp::create(
      f.builder(), f.loc(), RankedTensorType::get({}, f32),
      f.getFloats(op.getX()), f.scope(), nullptr);
  if (op.getY().getType() != loss.getType()) {
    loss = cpu::UnaryOp::create(f.builder(), f.loc(), op.getY().getType(),
                                cpu::UnaryKind::Cast, loss, f.scope(), nullptr);
  }
  f.set(op.getY(), loss);
  return true;
}

cpu::UnaryKind geluKind(bert::GeluForm form) {
  return form == bert::GeluForm::Tanh ? cpu::UnaryKind::GeluTanh
                                      : cpu::UnaryKind::GeluErf;
}
cpu::BinaryKind geluGradKind(bert::GeluForm form) {
  return form == bert::GeluForm::Tanh ? cpu::BinaryKind::GeluTanhGrad
                                      : cpu::BinaryKind::GeluErfGrad;
}

} // namespace

FailureOr<bool> lowerElementwise(FunctionLowering &f, Operation *op) {
  using UK = cpu::UnaryKind;
  using BK = cpu::BinaryKind;
  using RK = cpu::ReduceKind;
  return llvm::TypeSwitch<Operation *, FailureOr<bool>>(op)
      .Case([&](bert::NegOp o) { return unary(f, o, UK::Neg); })
      .Case([&](bert::ExpOp o) { return unary(f, o, UK::Exp); })
      .Case([&](bert::LogOp o) { return unary(f, o, UK::Log); })
      .Case([&](bert::SqrtOp o) { return unary(f, o, UK::Sqrt); })
      .Case([&](bert::RsqrtOp o) { return unary(f, o, UK::Rsqrt); })
      .Case([&](bert::TanhOp o) { return unary(f, o, UK::Tanh); })
      .Case([&](bert::ReluOp o) { return unary(f, o, UK::Relu); })
      .Case([&](bert::GeluOp o) {
        return unary(f, o, geluKind(o.getApproximate()));
      })
      .Case([&](bert::CastOp o) { return cast(f, o); })
      .Case([&](bert::AddOp o) { return binary(f, o, BK::Add); })
      .Case([&](bert::SubOp o) { return binary(f, o, BK::Sub); })
      .Case([&](bert::MulOp o) { return binary(f, o, BK::Mul); })
      .Case([&](bert::DivOp o) { return binary(f, o, BK::Div); })
      .Case([&](bert::MaximumOp o) { return binary(f, o, BK::Maximum); })
      .Case([&](bert::MinimumOp o) { return binary(f, o, BK::Minimum); })
      .Case([&](bert::TanhGradOp o) {
        return binary(f, o, BK::TanhGrad, o.getDy(), o.getY());
      })
      .Case([&](bert::ReluGradOp o) { return binary(f, o, BK::ReluGrad); })
      .Case([&](bert::GeluGradOp o) {
        return binary(f, o, geluGradKind(o.getApproximate()));
      })
      .Case([&](bert::BiasAddOp o) { return binary(f, o, BK::Add); })
      .Case([&](bert::CompareOp o) { return compare(f, o); })
      .Case([&](bert::SelectOp o) { return select(f, o); })
      .Case([&](bert::AddNOp o) { return addN(f, o); })
      .Case([&](bert::ReduceSumOp o) { return reduce(f, o, RK::Sum); })
      .Case([&](bert::ReduceMeanOp o) { return reduce(f, o, RK::Mean); })
      .Case([&](bert::ReduceMaxOp o) { return reduce(f, o, RK::Max); })
      .Case([&](bert::ArgmaxOp o) { return argmax(f, o); })
      .Case([&](bert::L2LossOp o) { return l2Loss(f, o); })
      .Default([](Operation *) { return FailureOr<bool>(false); });
}

} // namespace bertc::lower
