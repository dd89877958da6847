// SPDX-License-Identifier: Apache-2.0
//
// bert-fuse-cross-entropy: see passes/FusePasses.td.

#include "passes/Passes.h"
#include "passes/fuse/FusionQueries.h"

#include "dialects/bert/BertShapes.h"

namespace bertc {

#define GEN_PASS_DEF_BERTFUSECROSSENTROPY
#include "passes/Passes.h.inc"

namespace {

using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;

/// The gradient of a likelihood that `gradient` takes further, if it is that
/// of `labels` and only `gradient` uses it.
bert::NllGradOp likelihoodGradient(bert::LogSoftmaxGradOp gradient,
                                   Value labels) {
  auto nll = gradient.getDy().getDefiningOp<bert::NllGradOp>();
  return nll && nll->hasOneUse() && nll.getLabels() == labels ? nll : nullptr;
}

bool fuse(bert::LogSoftmaxOp softmax, mlir::OpBuilder &builder) {
  Value logits = softmax.getX();
  auto type = llvm::cast<RankedTensorType>(logits.getType());
  auto nll = onlyUser<bert::NllOp>(softmax.getY());
  if (type.getRank() != 2 || !nll ||
      nll.getLoss().getType() != bert::statisticsType(type)) {
    return false;
  }
  llvm::SmallVector<bert::LogSoftmaxGradOp> gradients;
  for (Operation *user : softmax.getY().getUsers()) {
    auto gradient = llvm::dyn_cast<bert::LogSoftmaxGradOp>(user);
    if (user == nll) {
      continue;
    }
    // The log probabilities themselves are wanted.
    if (!gradient || !likelihoodGradient(gradient, nll.getLabels()) ||
        gradient.getDx().getType() != type) {
      return false;
    }
    gradients.push_back(gradient);
  }
  builder.setInsertionPoint(nll);
  auto fused = bert::CrossEntropyOp::create(builder, nll.getLoc(), logits,
                                            nll.getLabels());
  fused.setScopeAttr(softmax.getScopeAttr());
  nll.getLoss().replaceAllUsesWith(fused.getLoss());
  for (bert::LogSoftmaxGradOp gradient : gradients) {
    bert::NllGradOp of = likelihoodGradient(gradient, nll.getLabels());
    builder.setInsertionPoint(gradient);
    auto d = bert::CrossEntropyGradOp::create(builder, gradient.getLoc(),
                                              of.getDloss(), logits,
                                              fused.getLse(), nll.getLabels());
    d.setScopeAttr(gradient.getScopeAttr());
    gradient.getDx().replaceAllUsesWith(d.getDlogits());
  }
  return true;
}

struct BertFuseCrossEntropy
    : impl::BertFuseCrossEntropyBase<BertFuseCrossEntropy> {
  void runOnOperation() override {
    mlir::OpBuilder builder(&getContext());
    for (auto softmax : llvm::make_early_inc_range(
             getOperation().getOps<bert::LogSoftmaxOp>())) {
      numFused += fuse(softmax, builder);
    }
    eraseDeadOperations(getOperation());
  }
};

} // namespace
} // namespace bertc
