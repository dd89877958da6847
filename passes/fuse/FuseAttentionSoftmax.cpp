// SPDX-License-Identifier: Apache-2.0
//
// bert-fuse-attention-softmax: see passes/FusePasses.td.

#include "passes/Passes.h"
#include "passes/fuse/FusionQueries.h"

namespace bertc {

#define GEN_PASS_DEF_BERTFUSEATTENTIONSOFTMAX
#include "passes/Passes.h.inc"

namespace {

using llvm::APFloat;
using mlir::FloatAttr;
using mlir::IntegerAttr;
using mlir::RankedTensorType;
using mlir::Value;

/// Whether `mask` is [B,1,1,T] or [B,1,S,T] for scores [B,A,S,T].
bool isMaskOf(Value mask, RankedTensorType scores) {
  auto type = llvm::cast<RankedTensorType>(mask.getType());
  return type.getRank() == 4 && scores.getRank() == 4 &&
         type.getElementType() == scores.getElementType() &&
         type.getDimSize(0) == scores.getDimSize(0) &&
         type.getDimSize(1) == 1 &&
         (type.getDimSize(2) == 1 ||
          type.getDimSize(2) == scores.getDimSize(2)) &&
         type.getDimSize(3) == scores.getDimSize(3);
}

/// What dropout adds to the fused operation; nothing when there is none.
struct Dropout {
  Value rng;
  FloatAttr rate;
  IntegerAttr opId;
};

template <typename OpTy> Dropout dropoutOf(OpTy op, mlir::OpBuilder &builder) {
  if (!op) {
    return {nullptr, builder.getF32FloatAttr(0.0f),
            builder.getI32IntegerAttr(0)};
  }
  return {op.getRng(), op.getRateAttr(), op.getOpIdAttr()};
}

/// softmax(scores * scale + mask), and the dropout of it if there is one.
bool fuseForward(bert::SoftmaxOp softmax, mlir::OpBuilder &builder) {
  auto add = softmax.getX().getDefiningOp<bert::AddOp>();
  if (!add || !add->hasOneUse()) {
    return false;
  }
  auto type = llvm::cast<RankedTensorType>(softmax.getY().getType());
  Value scaled = add.getX(), mask = add.getY();
  if (!isMaskOf(mask, type) || scaled.getType() != type) {
    std::swap(scaled, mask);
  }
  if (!isMaskOf(mask, type) || scaled.getType() != type) {
    return false;
  }
  auto product = scaled.getDefiningOp<bert::MulOp>();
  if (!product || !product->hasOneUse()) {
    return false;
  }
  std::optional<ScaledValue> parts = matchScaled(product);
  if (!parts) {
    return false;
  }
  auto dropout = onlyUser<bert::DropoutOp>(softmax.getY());
  if (dropout &&
      (dropout.getRows() || !availableAt(dropout.getRng(), softmax))) {
    dropout = nullptr;
  }
  builder.setInsertionPoint(softmax);
  Dropout drop = dropoutOf(dropout, builder);
  auto fused = bert::AttentionSoftmaxOp::create(
      builder, softmax.getLoc(), parts->x, mask, drop.rng,
      f32Attr(softmax.getContext(), parts->scale), drop.rate, drop.opId);
  fused.setScopeAttr(softmax.getScopeAttr());
  if (dropout) {
    dropout.getY().replaceAllUsesWith(fused.getDropped());
  }
  softmax.getY().replaceAllUsesWith(fused.getSoftmax());
  return true;
}

/// softmax_grad(dropout_grad(dy), y) * scale, with or without the dropout.
bool fuseBackward(bert::MulOp product, mlir::OpBuilder &builder) {
  std::optional<ScaledValue> parts = matchScaled(product);
  if (!parts || !parts->x.hasOneUse()) {
    return false;
  }
  auto gradient = parts->x.getDefiningOp<bert::SoftmaxGradOp>();
  if (!gradient ||
      llvm::cast<RankedTensorType>(gradient.getY().getType()).getRank() != 4) {
    return false;
  }
  auto dropout = gradient.getDy().getDefiningOp<bert::DropoutGradOp>();
  if (dropout && (dropout.getRows() || !dropout->hasOneUse())) {
    dropout = nullptr;
  }
  builder.setInsertionPoint(product);
  Dropout drop = dropoutOf(dropout, builder);
  auto fused = bert::AttentionSoftmaxGradOp::create(
      builder, product.getLoc(), dropout ? dropout.getDy() : gradient.getDy(),
      gradient.getY(), drop.rng, f32Attr(product.getContext(), parts->scale),
      drop.rate, drop.opId);
  fused.setScopeAttr(gradient.getScopeAttr());
  product.getZ().replaceAllUsesWith(fused.getDscores());
  return true;
}

struct BertFuseAttentionSoftmax
    : impl::BertFuseAttentionSoftmaxBase<BertFuseAttentionSoftmax> {
  void runOnOperation() override {
    mlir::OpBuilder builder(&getContext());
    for (mlir::Operation &op :
         llvm::make_early_inc_range(getOperation().getBody().front())) {
      if (auto softmax = llvm::dyn_cast<bert::SoftmaxOp>(op)) {
        numForward += fuseForward(softmax, builder);
      } else if (auto product = llvm::dyn_cast<bert::MulOp>(op)) {
        numBackward += fuseBackward(product, builder);
      }
    }
    eraseDeadOperations(getOperation());
  }
};

} // namespace
} // namespace bertc
