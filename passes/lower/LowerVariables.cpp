// SPDX-License-Identifier: Apache-2.0
//
// Reading a variable is naming its storage. Accumulation and optimizer updates
// happen in place; any other assignment is a copy. Sums over workers are in
// place as well.

#include "passes/lower/FunctionLowering.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace bertc::lower {

namespace {

bool read(FunctionLowering &f, bert::ReadOp op) {
  Value ref = cpu::VariableRefOp::create(
      f.builder(), f.loc(), op.getValue().getType(), op.getVariableAttr());
  f.set(op.getValue(), f.needsCopy(op) ? f.copy(ref) : ref);
  return true;
}

bool assign(FunctionLowering &f, bert::AssignOp op) {
  Value ref = cpu::VariableRefOp::create(
      f.builder(), f.loc(), op.getValue().getType(), op.getVariableAttr());
  cpu::AssignOp::create(f.builder(), f.loc(), ref, f.get(op.getValue()),
                        f.scope(), nullptr);
  return true;
}

/// The read that `value` is, when nothing copied it.
bert::ReadOp directRead(FunctionLowering &f, Value value) {
  auto read = value.getDefiningOp<bert::ReadOp>();
  return read && f.get(value).getDefiningOp<cpu::VariableRefOp>() ? read
                                                                  : nullptr;
}

/// acc + scale * x, into acc where acc is a variable assigned just that.
bool accumulate(FunctionLowering &f, bert::AccumulateOp op) {
  bert::ReadOp read = directRead(f, op.getAcc());
  bert::AssignOp assign = f.inPlaceAssign(cast<OpResult>(op.getY()));
  if (read && assign && read.getVariable() == assign.getVariable()) {
    cpu::AssignAddOp::create(
        f.builder(), f.loc(), f.get(op.getAcc()), f.getFloats(op.getX()),
        f.getContiguous(op.getScale()), f.scope(), nullptr);
    f.markDone(assign);
    return true;
  }
  auto type = op.getY().getType();
  Value x = f.get(op.getX());
  if (typeOf(x).getElementType() != type.getElementType()) {
    x = cpu::UnaryOp::create(f.builder(), f.loc(), type, cpu::UnaryKind::Cast,
                             x, f.scope(), nullptr);
  }
  Value scaled =
      cpu::BinaryOp::create(f.builder(), f.loc(), type, cpu::BinaryKind::Mul, x,
                            f.get(op.getScale()), f.scope(), nullptr);
  f.set(op.getY(),
        cpu::BinaryOp::create(f.builder(), f.loc(), type, cpu::BinaryKind::Add,
                              f.get(op.getAcc()), scaled, f.scope(), nullptr));
  return true;
}

bool isZero(Value value) {
  auto constant = value.getDefiningOp<bert::ConstantOp>();
  auto elements = constant ? dyn_cast<DenseElementsAttr>(constant.getValue())
                           : DenseElementsAttr();
  return elements && elements.isSplat() &&
         isa<FloatType>(elements.getElementType()) &&
         elements.getSplatValue<APFloat>().isZero();
}

/// The assignment of zeros to `variable` that follows `op`, if there is one.
bert::AssignOp zeroingAfter(Operation *op, StringRef variable) {
  for (Operation *next = op->getNextNode(); next; next = next->getNextNode()) {
    if (auto read = dyn_cast<bert::ReadOp>(next);
        read && read.getVariable() == variable) {
      return nullptr;
    }
    auto assign = dyn_cast<bert::AssignOp>(next);
    if (assign && assign.getVariable() == variable) {
      return isZero(assign.getValue()) ? assign : nullptr;
    }
  }
  return nullptr;
}

/// The optimizer steps change variable, moments and accumulator in place and
/// leave the accumulator zero; the operations around them have to say just
/// that.
template <typename StepTy, typename OpTy>
FailureOr<bool> update(FunctionLowering &f, OpTy op) {
  Value operands[] = {op.getVar(), op.getM(), op.getV(), op.getGrad()};
  for (auto [i, operand] : llvm::enumerate(operands)) {
    bert::ReadOp read = directRead(f, operand);
    if (!read) {
      return op.emitOpError()
             << "expected operand " << i
             << " to be read from a variable that does not change before";
    }
    bert::AssignOp assign = i < 3 ? f.inPlaceAssign(op->getResult(i))
                                  : zeroingAfter(op, read.getVariable());
    if (!assign || assign.getVariable() != read.getVariable()) {
      return op.emitOpError()
             << "expected " << (i < 3 ? "the new value" : "zero")
             << " to be assigned to " << read.getVariableAttr()
             << " and nothing else to touch it in between";
    }
    f.markDone(assign);
  }
  StepTy::create(f.builder(), f.loc(), f.get(op.getVar()), f.get(op.getM()),
                 f.get(op.getV()), f.get(op.getGrad()),
                 f.getContiguous(op.getLearningRate()),
                 f.getContiguous(op.getUpdateStep()), op.getBeta1Attr(),
                 op.getBeta2Attr(), op.getEpsAttr(), op.getWeightDecayAttr(),
                 f.scope(), nullptr);
  return true;
}

SmallVector<Value> variableRefs(FunctionLowering &f, Operation *op,
                                ArrayAttr names) {
  SmallVector<Value> refs;
  for (Attribute name : names) {
    auto variable = SymbolTable::lookupNearestSymbolFrom<bert::VariableOp>(
        op, cast<FlatSymbolRefAttr>(name));
    refs.push_back(cpu::VariableRefOp::create(f.builder(), f.loc(),
                                              variable.getTensorType(),
                                              cast<FlatSymbolRefAttr>(name)));
  }
  return refs;
}

UnitAttr flag(FunctionLowering &f, bool set) {
  return set ? f.builder().getUnitAttr() : UnitAttr();
}

/// The step only begins the sum, so nobody but its settling may come between
/// it and the end of the entry.
FailureOr<bool> allReduce(FunctionLowering &f, bert::AllReduceOp op) {
  for (Operation *next = op->getNextNode(); next; next = next->getNextNode()) {
    auto read = dyn_cast<bert::ReadOp>(next);
    auto assign = dyn_cast<bert::AssignOp>(next);
    if (!read && !assign) {
      continue;
    }
    auto name = read ? read.getVariableAttr() : assign.getVariableAttr();
    if (llvm::is_contained(op.getVariables(), name)) {
      return op.emitOpError()
             << "expected nobody to use " << name << " after it";
    }
  }
  cpu::AllReduceOp::create(
      f.builder(), f.loc(), variableRefs(f, op, op.getVariables()),
      op.getBucketAttr(), flag(f, op.getWire() == bert::Wire::BF16),
      flag(f, op.getEarly()), f.scope(), nullptr);
  return true;
}

bool allReduceSettle(FunctionLowering &f, bert::AllReduceSettleOp op) {
  SmallVector<Value> old, grad;
  for (auto [before, gradient] : llvm::zip_equal(op.getOld(), op.getGrad())) {
    old.push_back(f.getContiguous(before));
    grad.push_back(f.getFloats(gradient));
  }
  cpu::AllReduceSettleOp::create(
      f.builder(), f.loc(), f.getContiguous(op.getScale()),
      variableRefs(f, op, op.getVariables()), old, grad,
      op.getBucketSizesAttr(), flag(f, op.getWire() == bert::Wire::BF16),
      f.scope(), nullptr);
  return true;
}

} // namespace

FailureOr<bool> lowerVariables(FunctionLowering &f, Operation *op) {
  return llvm::TypeSwitch<Operation *, FailureOr<bool>>(op)
      .Case([&](bert::ReadOp o) { return read(f, o); })
      .Case([&](bert::AssignOp o) { return assign(f, o); })
      .Case([&](bert::AccumulateOp o) { return accumulate(f, o); })
      .Case([&](bert::AllReduceOp o) { return allReduce(f, o); })
      .Case([&](bert::AllReduceSettleOp o) { return allReduceSettle(f, o); })
      .Case([&](bert::LambUpdateOp o) { return update<cpu::LambOp>(f, o); })
      .Case([&](bert::AdamwUpdateOp o) { return update<cpu::AdamWOp>(f, o); })
      .Default([](Operation *) { return FailureOr<bool>(false); });
}

} // namespace bertc::lower
