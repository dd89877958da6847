// SPDX-License-Identifier: Apache-2.0
//
// Softmax, layer normalisation and dropout, fused or not, with gradients.

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

/// rows where there is an rng that has an effect, else null.
Value activeRows(FunctionLowering &f, Value rows, Value rng) {
  return rows && rng ? f.getContiguous(rows) : Value();
}

/// Either dropout or its gradient, of x.
template <typename OpTy>
bool dropout(FunctionLowering &f, OpTy op, Value y, Value x) {
  if (op.getRate().isZero()) {
    f.setSame(y, x);
    return true;
  }
  Value rng = f.getContiguous(op.getRng());
  f.set(y, cpu::DropoutOp::create(
               f.builder(), f.loc(), y.getType(), f.getContiguous(x), rng,
               activeRows(f, op.getRows(), rng), op.getRateAttr(),
               op.getOpIdAttr(), f.scope(), nullptr));
  return true;
}

bool softmax(FunctionLowering &f, bert::SoftmaxOp op) {
  Builder &b = f.builder();
  f.set(op.getY(), cpu::SoftmaxOp::create(
                       f.builder(), f.loc(), op.getY().getType(), Type(),
                       f.getContiguous(op.getX()), Value(), Value(),
                       b.getF32FloatAttr(1.0f), b.getF32FloatAttr(0.0f),
                       b.getI32IntegerAttr(0), f.scope(), nullptr)
                       .getSoftmax());
  return true;
}

bool softmaxGrad(FunctionLowering &f, bert::SoftmaxGradOp op) {
  Builder &b = f.builder();
  f.set(op.getDx(),
        cpu::SoftmaxGradOp::create(
            f.builder(), f.loc(), op.getDx().getType(),
            f.getContiguous(op.getDy()), f.getContiguous(op.getY()), Value(),
            b.getF32FloatAttr(1.0f), b.getF32FloatAttr(0.0f),
            b.getI32IntegerAttr(0), f.scope(), nullptr));
  return true;
}

/// The kernel takes masks in f32, and would only widen a rounded one.
Value wideMask(FunctionLowering &f, Value mask) {
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

bool attentionSoftmax(FunctionLowering &f, bert::AttentionSoftmaxOp op) {
  Value scores = f.getContiguous(op.getScores());
  Value mask = wideMask(f, op.getMask());
  Value rng = activeRng(f, op.getRng(), op.getRate());
  auto type = op.getSoftmax().getType();
  auto step = cpu::SoftmaxOp::create(f.builder(), f.loc(), type,
                                     rng ? Type(type) : Type(), scores, mask,
                                     rng, op.getScaleAttr(), op.getRateAttr(),
                                     op.getOpIdAttr(), f.scope(), nullptr);
  f.set(op.getSoftmax(), step.getSoftmax());
  f.set(op.getDropped(), rng ? step.getDropped() : step.getSoftmax());
  return true;
}

bool attentionSoftmaxGrad(FunctionLowering &f,
                          bert::AttentionSoftmaxGradOp op) {
  Value rng = activeRng(f, op.getRng(), op.getRate());
  f.set(op.getDscores(),
        cpu::SoftmaxGradOp::create(
            f.builder(), f.loc(), op.getDscores().getType(),
            f.getContiguous(op.getDdropped()), f.getContiguous(op.getSoftmax()),
            rng, op.getScaleAttr(), op.getRateAttr(), op.getOpIdAttr(),
            f.scope(), nullptr));
  return true;
}

bool layerNorm(FunctionLowering &f, bert::LayerNormOp op) {
  Builder &b = f.builder();
  auto step = cpu::LayerNormOp::create(
      f.builder(), f.loc(), op.getY().getType(), op.getMean().getType(),
      op.getRstd().getType(), Type(), f.getContiguous(op.getX()),
      f.getContiguous(op.getGamma()), f.getContiguous(op.getBeta()), Value(),
      Value(), Value(), op.getEpsAttr(), b.getF32FloatAttr(0.0f),
      b.getI32IntegerAttr(0), f.scope(), nullptr);
  f.set(op.getY(), step.getY());
  f.set(op.getMean(), step.getMean());
  f.set(op.getRstd(), step.getRstd());
  return true;
}

bool residualLayerNorm(FunctionLowering &f, bert::ResidualLayerNormOp op) {
  Value rng = activeRng(f, op.getRng(), op.getRate());
  // Only a gradient needs z.
  Type z = op.getZ().use_empty() ? Type() : Type(op.getZ().getType());
  auto step = cpu::LayerNormOp::create(
      f.builder(), f.loc(), op.getY().getType(), op.getMean().getType(),
      op.getRstd().getType(), z, f.getContiguous(op.getX()),
      f.getContiguous(op.getGamma()), f.getContiguous(op.getBeta()),
      f.getContiguous(op.getResidual()), rng, activeRows(f, op.getRows(), rng),
      op.getEpsAttr(), op.getRateAttr(), op.getOpIdAttr(), f.scope(), nullptr);
  f.set(op.getY(), step.getY());
  f.set(op.getMean(), step.getMean());
  f.set(op.getRstd(), step.getRstd());
  if (z) {
    f.set(op.getZ(), step.getZ());
  }
  return true;
}

/// Gradient of either form; results in the order dz, dgamma, dbeta, dx?.
template <typename OpTy>
cpu::LayerNormGradOp layerNormGrad(FunctionLowering &f, OpTy op, Value z,
                                   Value rng, Value rows, FloatAttr rate,
                                   IntegerAttr opId) {
  Type type = z.getType();
  Type gammaType = op.getDgamma().getType();
  return cpu::LayerNormGradOp::create(
      f.builder(), f.loc(), type, gammaType, gammaType, rng ? type : Type(),
      f.getContiguous(op.getDy()), f.getContiguous(z),
      f.getContiguous(op.getGamma()), f.getContiguous(op.getMean()),
      f.getContiguous(op.getRstd()), rng, rows, rate, opId, f.scope(), nullptr);
}

bool plainLayerNormGrad(FunctionLowering &f, bert::LayerNormGradOp op) {
  Builder &b = f.builder();
  auto step = layerNormGrad(f, op, op.getX(), Value(), Value(),
                            b.getF32FloatAttr(0.0f), b.getI32IntegerAttr(0));
  f.set(op.getDx(), step.getDz());
  f.set(op.getDgamma(), step.getDgamma());
  f.set(op.getDbeta(), step.getDbeta());
  return true;
}

bool residualLayerNormGrad(FunctionLowering &f,
                           bert::ResidualLayerNormGradOp op) {
  Value rng = activeRng(f, op.getRng(), op.getRate());
  auto step =
      layerNormGrad(f, op, op.getZ(), rng, activeRows(f, op.getRows(), rng),
                    op.getRateAttr(), op.getOpIdAttr());
  f.set(op.getDresidual(), step.getDz());
  f.set(op.getDx(), rng ? step.getDx() : step.getDz());
  f.set(op.getDgamma(), step.getDgamma());
  f.set(op.getDbeta(), step.getDbeta());
  return true;
}

} // namespace

FailureOr<bool> lowerNorm(FunctionLowering &f, Operation *op) {
  return llvm::TypeSwitch<Operation *, FailureOr<bool>>(op)
      .Case(
          [&](bert::DropoutOp o) { return dropout(f, o, o.getY(), o.getX()); })
      .Case([&](bert::DropoutGradOp o) {
        return dropout(f, o, o.getDx(), o.getDy());
      })
      .Case([&](bert::SoftmaxOp o) { return softmax(f, o); })
      .Case([&](bert::SoftmaxGradOp o) { return softmaxGrad(f, o); })
      .Case([&](bert::AttentionSoftmaxOp o) { return attentionSoftmax(f, o); })
      .Case([&](bert::AttentionSoftmaxGradOp o) {
        return attentionSoftmaxGrad(f, o);
      })
      .Case([&](bert::LayerNormOp o) { return layerNorm(f, o); })
      .Case([&](bert::LayerNormGradOp o) { return plainLayerNormGrad(f, o); })
      .Case(
          [&](bert::ResidualLayerNormOp o) { return residualLayerNorm(f, o); })
      .Case([&](bert::ResidualLayerNormGradOp o) {
        return residualLayerNormGrad(f, o);
      })
      .Default([](Operation *) { return FailureOr<bool>(false); });
}

} // namespace bertc::lower
