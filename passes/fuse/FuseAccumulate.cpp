// SPDX-License-Identifier: Apache-2.0
//
// bert-fuse-accumulate: see passes/Passes.td.

#include "passes/Passes.h"

#include "dialects/bert/BertOps.h"

#include "mlir/IR/PatternMatch.h"

namespace bertc {

#define GEN_PASS_DEF_BERTFUSEACCUMULATE
#include "passes/Passes.h.inc"

namespace {

using mlir::Value;

bool isF32Scalar(Value value) {
  auto type = llvm::cast<mlir::RankedTensorType>(value.getType());
  return type.getRank() == 0 && type.getElementType().isF32();
}

/// One operation less for `add`, if operand `which` is the scaled one.
bool fuse(bert::AddOp add, unsigned which, mlir::OpBuilder &builder) {
  // Only accumulators: an activation that is scaled and added is forward
  // arithmetic that other fusions want to see as it is.
  Value acc = add->getOperand(1 - which);
  auto product = add->getOperand(which).getDefiningOp<bert::MulOp>();
  if (!acc.getDefiningOp<bert::ReadOp>() || !product || !product->hasOneUse() ||
      acc.getType() != add.getType()) {
    return false;
  }
  Value x = product.getX();
  Value scale = product.getY();
  if (!isF32Scalar(scale)) {
    std::swap(x, scale);
  }
  if (!isF32Scalar(scale) || x.getType() != acc.getType() ||
      llvm::cast<mlir::RankedTensorType>(x.getType()).getRank() == 0) {
    return false;
  }
  builder.setInsertionPoint(add);
  auto fused = bert::AccumulateOp::create(builder, add.getLoc(), acc, x, scale);
  fused.setScopeAttr(add.getScopeAttr());
  add.replaceAllUsesWith(fused.getY());
  add.erase();
  product.erase();
  return true;
}

struct BertFuseAccumulate : impl::BertFuseAccumulateBase<BertFuseAccumulate> {
  void runOnOperation() override {
    mlir::OpBuilder builder(&getContext());
    for (auto add :
         llvm::make_early_inc_range(getOperation().getOps<bert::AddOp>())) {
      if (fuse(add, 1, builder) || fuse(add, 0, builder)) {
        ++numFused;
      }
    }
  }
};

} // namespace
} // namespace bertc
