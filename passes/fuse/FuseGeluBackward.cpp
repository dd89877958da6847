// SPDX-License-Identifier: Apache-2.0
//
// bert-fuse-gelu-backward: see passes/FusePasses.td.

#include "passes/Passes.h"
#include "passes/fuse/FusionQueries.h"

namespace bertc {

#define GEN_PASS_DEF_BERTFUSEGELUBACKWARD
#include "passes/Passes.h.inc"

namespace {

using mlir::Operation;
using mlir::Value;

/// Uses of gelu(x), of the same form as `gradient`, that run after `at`.
llvm::SmallVector<mlir::OpOperand *> usesAgain(bert::GeluGradOp gradient,
                                               Operation *at) {
  llvm::SmallVector<mlir::OpOperand *> later;
  for (Operation *user : gradient.getX().getUsers()) {
    auto gelu = llvm::dyn_cast<bert::GeluOp>(user);
    if (!gelu || gelu.getApproximate() != gradient.getApproximate()) {
      continue;
    }
    for (mlir::OpOperand &use : gelu.getY().getUses()) {
      if (at->isBeforeInBlock(use.getOwner())) {
        later.push_back(&use);
      }
    }
  }
  return later;
}

bool fuse(bert::GeluGradOp gradient, mlir::OpBuilder &builder) {
  auto type = llvm::cast<mlir::RankedTensorType>(gradient.getX().getType());
  Operation *at = gradient.getDy().getDefiningOp();
  if (!at || type.getRank() != 2 || !type.getElementType().isF32() ||
      gradient.getDy().getType() != type || !availableAt(gradient.getX(), at)) {
    return false;
  }
  auto bias = onlyUser<bert::BiasAddGradOp>(gradient.getDx());
  llvm::SmallVector<mlir::OpOperand *> later = usesAgain(gradient, at);
  if (!bias || later.empty()) {
    return false;
  }
  builder.setInsertionPointAfter(at);
  auto all = bert::GeluBackwardOp::create(
      builder, gradient.getLoc(), gradient.getDy(), gradient.getX(),
      gradient.getApproximateAttr(), /*scope=*/mlir::StringAttr());
  all.setScopeAttr(gradient.getScopeAttr());
  for (mlir::OpOperand *use : later) {
    use->set(all.getY());
  }
  gradient.getDx().replaceAllUsesWith(all.getDx());
  bias.getDbias().replaceAllUsesWith(all.getDbias());
  return true;
}

struct BertFuseGeluBackward
    : impl::BertFuseGeluBackwardBase<BertFuseGeluBackward> {
  void runOnOperation() override {
    mlir::OpBuilder builder(&getContext());
    llvm::SmallVector<bert::GeluGradOp> gradients(
        getOperation().getOps<bert::GeluGradOp>());
    for (bert::GeluGradOp gradient : gradients) {
      numFused += fuse(gradient, builder);
    }
    eraseDeadOperations(getOperation());
  }
};

} // namespace
} // namespace bertc
