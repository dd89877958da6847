// SPDX-License-Identifier: Apache-2.0
//
// bert-fuse-attention: see passes/FusePasses.td.

#include "passes/Passes.h"
#include "passes/fuse/FusionQueries.h"

#include "dialects/bert/BertShapes.h"

namespace bertc {

#define GEN_PASS_DEF_BERTFUSEATTENTION
#include "passes/Passes.h.inc"

namespace {

using mlir::Operation;
using mlir::Value;

/// The products, softmaxes and their gradients that make up attention.
struct Attention {
  bert::AttentionSoftmaxOp softmax;
  bert::BatchMatmulOp scores, out;
  /// Null where no gradient is taken.
  bert::AttentionSoftmaxGradOp gradient;
  bert::BatchMatmulOp dprobabilities, dv, dq, dk;

  /// What the values are multiplied with: without dropout, that is the softmax
  /// itself.
  Value probabilities() {
    return softmax.getDropped().use_empty() ? softmax.getSoftmax()
                                            : softmax.getDropped();
  }
  bool dropsNothing() { return probabilities() == Value(softmax.getSoftmax()); }
};

bool isProduct(bert::BatchMatmulOp op, bool adjX, bool adjY) {
  return op && op.getAdjX() == adjX && op.getAdjY() == adjY;
}

/// The only product of this form whose operand `number` is `value`.
bert::BatchMatmulOp productWith(Value value, unsigned number, bool adjX,
                                bool adjY) {
  bert::BatchMatmulOp found;
  for (mlir::OpOperand &use : value.getUses()) {
    auto op = llvm::dyn_cast<bert::BatchMatmulOp>(use.getOwner());
    if (use.getOperandNumber() == number && isProduct(op, adjX, adjY)) {
      if (found) {
        return nullptr;
      }
      found = op;
    }
  }
  return found;
}

bool hasUses(Value value, unsigned count) { return value.hasNUses(count); }

/// scores = q k^T; softmax; out = probabilities v, and nothing else sees the
/// scores.
bool matchForward(Attention &a) {
  a.scores = a.softmax.getScores().getDefiningOp<bert::BatchMatmulOp>();
  a.out = productWith(a.probabilities(), 0, false, false);
  if (a.dropsNothing() && !a.softmax.getRate().isZero()) {
    return false;
  }
  if (!isProduct(a.scores, false, true) || !a.out ||
      !hasUses(a.scores.getC(), 1)) {
    return false;
  }
  mlir::Type element = bert::tensorType(a.scores.getA()).getElementType();
  return bert::tensorType(a.softmax.getScores()).getElementType() == element &&
         bert::tensorType(a.out.getB()).getElementType() == element &&
         a.out.getC().getType() == a.scores.getA().getType() &&
         a.out.getB().getType() == a.scores.getB().getType();
}

/// The gradient with all its products, and nothing else that needs the
/// probabilities.
bool matchBackward(Attention &a) {
  a.gradient = onlyUser<bert::AttentionSoftmaxGradOp>(a.softmax.getSoftmax());
  // The gradient uses the softmax; out and dv the probabilities after dropout.
  if (!a.gradient ||
      !hasUses(a.softmax.getSoftmax(), a.dropsNothing() ? 3 : 1) ||
      !hasUses(a.softmax.getDropped(), a.dropsNothing() ? 0 : 2) ||
      a.gradient.getScaleAttr() != a.softmax.getScaleAttr() ||
      a.gradient.getRateAttr() != a.softmax.getRateAttr() ||
      a.gradient.getOpIdAttr() != a.softmax.getOpIdAttr() ||
      a.gradient.getRng() != a.softmax.getRng()) {
    return false;
  }
  a.dv = productWith(a.probabilities(), 0, true, false);
  a.dprobabilities =
      a.gradient.getDdropped().getDefiningOp<bert::BatchMatmulOp>();
  a.dq = productWith(a.gradient.getDscores(), 0, false, false);
  a.dk = productWith(a.gradient.getDscores(), 0, true, false);
  return a.dv && a.dq && a.dk && isProduct(a.dprobabilities, false, true) &&
         hasUses(a.dprobabilities.getC(), 1) &&
         hasUses(a.gradient.getDscores(), 2) &&
         a.dprobabilities.getA() == a.dv.getB() &&
         a.dprobabilities.getB() == a.out.getB() &&
         a.dq.getB() == a.scores.getB() && a.dk.getB() == a.scores.getA() &&
         a.dv.getB().getType() == a.scores.getA().getType() &&
         a.dq.getC().getType() == a.scores.getA().getType() &&
         a.dk.getC().getType() == a.scores.getB().getType() &&
         a.dv.getC().getType() == a.scores.getB().getType();
}

/// Ranges of keys in the place of the mask that was made of them.
struct Keys {
  Value mask, ranges;
};
Keys keysOf(Value mask) {
  Value made = mask;
  if (auto cast = made.getDefiningOp<bert::CastOp>()) {
    made = cast.getX();
  }
  if (auto range = made.getDefiningOp<bert::RangeMaskOp>()) {
    return {nullptr, range.getRanges()};
  }
  return {mask, nullptr};
}

bool fuse(bert::AttentionSoftmaxOp softmax, mlir::OpBuilder &builder) {
  Attention a{softmax, {}, {}, {}, {}, {}, {}, {}};
  bool hasGradient = !hasUses(a.probabilities(), 1) ||
                     (!a.dropsNothing() && !softmax.getSoftmax().use_empty());
  if (!matchForward(a) || (hasGradient && !matchBackward(a))) {
    return false;
  }
  Keys keys = keysOf(softmax.getMask());
  builder.setInsertionPoint(a.out);
  auto forward = bert::AttentionOp::create(
      builder, softmax.getLoc(), a.scores.getA(), a.scores.getB(), a.out.getB(),
      keys.mask, keys.ranges, softmax.getRng(), softmax.getScaleAttr(),
      softmax.getRateAttr(), softmax.getOpIdAttr());
  forward.setScopeAttr(softmax.getScopeAttr());
  a.out.getC().replaceAllUsesWith(forward.getOut());
  if (!hasGradient) {
    return true;
  }
  // All that the gradient needs is there at the first of its products.
  Operation *at = a.dv->isBeforeInBlock(a.dprobabilities)
                      ? a.dv.getOperation()
                      : a.dprobabilities.getOperation();
  builder.setInsertionPoint(at);
  auto backward = bert::AttentionGradOp::create(
      builder, a.gradient.getLoc(), a.dv.getB(), a.scores.getA(),
      a.scores.getB(), a.out.getB(), forward.getLse(), keys.mask, keys.ranges,
      softmax.getRng(), softmax.getScaleAttr(), softmax.getRateAttr(),
      softmax.getOpIdAttr());
  backward.setScopeAttr(a.gradient.getScopeAttr());
  a.dq.getC().replaceAllUsesWith(backward.getDq());
  a.dk.getC().replaceAllUsesWith(backward.getDk());
  a.dv.getC().replaceAllUsesWith(backward.getDv());
  return true;
}

struct BertFuseAttention : impl::BertFuseAttentionBase<BertFuseAttention> {
  void runOnOperation() override {
    mlir::OpBuilder builder(&getContext());
    for (auto softmax : llvm::make_early_inc_range(
             getOperation().getOps<bert::AttentionSoftmaxOp>())) {
      numFused += fuse(softmax, builder);
    }
    eraseDeadOperations(getOperation());
  }
};

} // namespace
} // namespace bertc
