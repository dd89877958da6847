// SPDX-License-Identifier: Apache-2.0
//
// bert-fuse-residual-layer-norm: see passes/FusePasses.td.

#include "passes/Passes.h"
#include "passes/fuse/FusionQueries.h"

namespace bertc {

#define GEN_PASS_DEF_BERTFUSERESIDUALLAYERNORM
#include "passes/Passes.h.inc"

namespace {

using mlir::Value;

/// The operand of the sum that is a dropout nobody else uses, if any.
bert::DropoutOp droppedOperand(bert::AddOp sum) {
  for (Value operand : {sum.getX(), sum.getY()}) {
    auto dropout = operand.getDefiningOp<bert::DropoutOp>();
    if (dropout && dropout->hasOneUse()) {
      return dropout;
    }
  }
  return nullptr;
}

/// layer_norm(dropout(x) + residual), with or without the dropout.
bool fuseForward(bert::LayerNormOp norm, mlir::OpBuilder &builder) {
  auto sum = norm.getX().getDefiningOp<bert::AddOp>();
  if (!sum || sum.getX().getType() != sum.getY().getType()) {
    return false;
  }
  Value x = sum.getX(), residual = sum.getY(), rng, rows;
  mlir::FloatAttr rate = builder.getF32FloatAttr(0.0f);
  mlir::IntegerAttr opId = builder.getI32IntegerAttr(0);
  if (bert::DropoutOp dropout = droppedOperand(sum)) {
    if (dropout.getY() == residual) {
      residual = x;
    }
    x = dropout.getX();
    rng = dropout.getRng();
    rows = dropout.getRows();
    rate = dropout.getRateAttr();
    opId = dropout.getOpIdAttr();
  }
  // The sum's other users come after it, and may come before the norm.
  if (!availableAt(norm.getGamma(), sum) || !availableAt(norm.getBeta(), sum)) {
    for (mlir::Operation *user : sum.getZ().getUsers()) {
      if (user != norm && user->isBeforeInBlock(norm)) {
        return false;
      }
    }
    builder.setInsertionPoint(norm);
  } else {
    builder.setInsertionPoint(sum);
  }
  auto fused = bert::ResidualLayerNormOp::create(
      builder, norm.getLoc(), x, residual, norm.getGamma(), norm.getBeta(), rng,
      rows, norm.getEpsAttr(), rate, opId);
  fused.setScopeAttr(norm.getScopeAttr());
  norm.getY().replaceAllUsesWith(fused.getY());
  norm.getMean().replaceAllUsesWith(fused.getMean());
  norm.getRstd().replaceAllUsesWith(fused.getRstd());
  sum.getZ().replaceUsesWithIf(fused.getZ(), [&](mlir::OpOperand &use) {
    return use.getOwner() != norm;
  });
  return true;
}

/// layer_norm_grad followed by the gradient of the dropout before the sum.
bool fuseBackward(bert::LayerNormGradOp gradient, mlir::OpBuilder &builder) {
  auto dropout = onlyUser<bert::DropoutGradOp>(gradient.getDx());
  if (!dropout || !availableAt(dropout.getRng(), gradient) ||
      (dropout.getRows() && !availableAt(dropout.getRows(), gradient))) {
    return false;
  }
  builder.setInsertionPoint(gradient);
  auto fused = bert::ResidualLayerNormGradOp::create(
      builder, gradient.getLoc(), gradient.getDy(), gradient.getX(),
      gradient.getGamma(), gradient.getMean(), gradient.getRstd(),
      dropout.getRng(), dropout.getRows(), dropout.getRateAttr(),
      dropout.getOpIdAttr());
  fused.setScopeAttr(gradient.getScopeAttr());
  dropout.getDx().replaceAllUsesWith(fused.getDx());
  gradient.getDx().replaceAllUsesWith(fused.getDresidual());
  gradient.getDgamma().replaceAllUsesWith(fused.getDgamma());
  gradient.getDbeta().replaceAllUsesWith(fused.getDbeta());
  return true;
}

struct BertFuseResidualLayerNorm
    : impl::BertFuseResidualLayerNormBase<BertFuseResidualLayerNorm> {
  void runOnOperation() override {
    mlir::OpBuilder builder(&getContext());
    for (mlir::Operation &op :
         llvm::make_early_inc_range(getOperation().getBody().front())) {
      if (auto norm = llvm::dyn_cast<bert::LayerNormOp>(op)) {
        numForward += fuseForward(norm, builder);
      } else if (auto gradient = llvm::dyn_cast<bert::LayerNormGradOp>(op)) {
        numBackward += fuseBackward(gradient, builder);
      }
    }
    eraseDeadOperations(getOperation());
  }
};

} // namespace
} // namespace bertc
