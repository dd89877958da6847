// SPDX-License-Identifier: Apache-2.0
//
// Operations that fusion made, each one step: attention, gelu with its
// derivative, the fused loss and rows added to a table. Products with an
// epilogue are LowerLinear's.

#include "passes/lower/FunctionLowering.h"

#include "dialects/bert/BertShapes.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace bertc::lower {

namespace {

/// rng when dropout has an effect, else null.
Value activeRng(FunctionLowering &f, Value rng, APFloat rate) {
  return rng && !rate.isZero() ? f.getContiguous(rng) : Value();
}

/// A head as the kernel reads it: where it lies, as long as its rows are in one
/// piece.
Value heads(FunctionLowering &f, Value x) {
  Value lowered = f.get(x);
  return cpu::windowOf(typeOf(lowered)).strides.back() == 1
             ? lowered
             : f.getContiguous(x);
}

/// The kernel takes masks in f32, and would only widen a rounded one.
Value wideMask(FunctionLowering &f, Value mask) {
  if (!mask) {
    return nullptr;
  }
  auto cast = mask.getDefiningOp<bert::CastOp>();
  if (cast && typeOf(cast.getX()).getElementType().isF32()) {
    mask = cast.getX();
  }
  Value lowered = f.getContiguous(mask);
  RankedTensorType type = bert::widened(typeOf(lowered));
  return type == lowered.getType()
             ? lowered
             : cpu::UnaryOp::create(f.builder(), f.loc(), type,
                                    cpu::UnaryKind::Cast, lowered, f.scope(),
                                    nullptr);
}

Value optional(FunctionLowering &f, Value x) {
  return x ? f.getContiguous(x) : Value();
}

bool attention(FunctionLowering &f, bert::AttentionOp op) {
  Value lse = op.getLse();
  auto step = cpu::AttentionOp::create(
      f.builder(), f.loc(), orderedType(op.getOut()),
      lse.use_empty() ? Type() : lse.getType(), heads(f, op.getQ()),
      heads(f, op.getK()), heads(f, op.getV()), wideMask(f, op.getMask()),
      activeRng(f, op.getRng(), op.getRate()), optional(f, op.getRanges()),
      op.getScaleAttr(), op.getRateAttr(), op.getOpIdAttr(), f.scope(),
      nullptr);
  f.set(op.getOut(), step.getOut());
  if (!lse.use_empty()) {
    f.set(lse, step.getLse());
  }
  return true;
}

bool attentionGrad(FunctionLowering &f, bert::AttentionGradOp op) {
  auto step = cpu::AttentionGradOp::create(
      f.builder(), f.loc(), orderedType(op.getDq()), orderedType(op.getDk()),
      orderedType(op.getDv()), heads(f, op.getDout()), heads(f, op.getQ()),
      heads(f, op.getK()), heads(f, op.getV()), f.getContiguous(op.getLse()),
      wideMask(f, op.getMask()), activeRng(f, op.getRng(), op.getRate()),
      optional(f, op.getRanges()), op.getScaleAttr(), op.getRateAttr(),
      op.getOpIdAttr(), f.scope(), nullptr);
  f.set(op.getDq(), step.getDq());
  f.set(op.getDk(), step.getDk());
  f.set(op.getDv(), step.getDv());
  return true;
}

cpu::UnaryKind kindOf(bert::GeluForm form) {
  return form == bert::GeluForm::Tanh ? cpu::UnaryKind::GeluTanh
                                      : cpu::UnaryKind::GeluErf;
}

bool geluBackward(FunctionLowering &f, bert::GeluBackwardOp op) {
  auto step = cpu::GeluBackwardOp::create(
      f.builder(), f.loc(), op.getY().getType(), op.getDx().getType(),
      f.storedType(op.getDbias()), kindOf(op.getApproximate()),
      f.getContiguous(op.getDy()), f.getContiguous(op.getX()), f.scope(),
      nullptr);
  f.set(op.getY(), step.getY());
  f.set(op.getDx(), step.getDx());
  f.set(op.getDbias(), step.getDbias());
  return true;
}

bool geluWithDerivative(FunctionLowering &f, bert::GeluWithDerivativeOp op) {
  auto step = cpu::GeluWithDerivativeOp::create(
      f.builder(), f.loc(), op.getY().getType(), op.getDerivative().getType(),
      kindOf(op.getApproximate()), f.getContiguous(op.getX()), f.scope(),
      nullptr);
  f.set(op.getY(), step.getY());
  f.set(op.getDerivative(), step.getDerivative());
  return true;
}

bool crossEntropy(FunctionLowering &f, bert::CrossEntropyOp op) {
  auto step = cpu::CrossEntropyOp::create(
      f.builder(), f.loc(), op.getLoss().getType(), op.getLse().getType(),
      f.getFloats(op.getLogits()), f.getContiguous(op.getLabels()), f.scope(),
      nullptr);
  f.set(op.getLoss(), step.getLoss());
  f.set(op.getLse(), step.getLse());
  return true;
}

bool crossEntropyGrad(FunctionLowering &f, bert::CrossEntropyGradOp op) {
  f.setStored(op.getDlogits(),
              cpu::CrossEntropyGradOp::create(
                  f.builder(), f.loc(), f.storedType(op.getDlogits()),
                  f.getContiguous(op.getDloss()), f.getFloats(op.getLogits()),
                  f.getContiguous(op.getLse()), f.getContiguous(op.getLabels()),
                  f.scope(), nullptr));
  return true;
}

/// Into the base itself where that is a fresh tensor nobody else needs.
bool gatherGradAdd(FunctionLowering &f, bert::GatherGradAddOp op) {
  Value base = f.get(op.getBase());
  bool own = op.getBase().hasOneUse() && base.use_empty() &&
             isa_and_nonnull<cpu::CpuStepOpInterface>(base.getDefiningOp()) &&
             cpu::isDense(base.getType());
  if (!own) {
    base = f.copy(base);
  }
  f.set(op.getDtable(),
        cpu::GatherGradOp::create(
            f.builder(), f.loc(), op.getDtable().getType(),
            f.getFloats(op.getDy()), f.getContiguous(op.getIndices()), base,
            op.getBatchDimsAttr(), f.scope(), nullptr));
  return true;
}

} // namespace

FailureOr<bool> lowerFused(FunctionLowering &f, Operation *op) {
  return llvm::TypeSwitch<Operation *, FailureOr<bool>>(op)
      .Case([&](bert::AttentionOp o) { return attention(f, o); })
      .Case([&](bert::AttentionGradOp o) { return attentionGrad(f, o); })
      .Case([&](bert::GeluBackwardOp o) { return geluBackward(f, o); })
      .Case([&](bert::GeluWithDerivativeOp o) {
        return geluWithDerivative(f, o);
      })
      .Case([&](bert::CrossEntropyOp o) { return crossEntropy(f, o); })
      .Case([&](bert::CrossEntropyGradOp o) { return crossEntropyGrad(f, o); })
      .Case([&](bert::GatherGradAddOp o) { return gatherGradAdd(f, o); })
      .Default([](Operation *) { return FailureOr<bool>(false); });
}

} // namespace bertc::lower
