// SPDX-License-Identifier: Apache-2.0
//
// bert-fuse-gather-grad: see passes/FusePasses.td.

#include "passes/Passes.h"
#include "passes/fuse/FusionQueries.h"

#include "dialects/bert/BertShapes.h"

namespace bertc {

#define GEN_PASS_DEF_BERTFUSEGATHERGRAD
#include "passes/Passes.h.inc"

namespace {

using mlir::Operation;
using mlir::Value;

/// The last operand of `sum` that is a gather_grad of no other use.
bert::GatherGradOp findRows(Operation *sum) {
  bert::GatherGradOp rows;
  for (Value operand : sum->getOperands()) {
    auto gather = operand.getDefiningOp<bert::GatherGradOp>();
    if (gather && operand.hasOneUse()) {
      rows = gather;
    }
  }
  return rows;
}

/// Adds the rows of one gather_grad among the operands of `sum` to the others.
bool fuse(Operation *sum, mlir::OpBuilder &builder) {
  bert::GatherGradOp rows = findRows(sum);
  if (!rows || sum->getNumOperands() < 2) {
    return false;
  }
  auto type = llvm::cast<mlir::RankedTensorType>(sum->getResult(0).getType());
  llvm::SmallVector<Value> others(sum->getOperands());
  llvm::erase(others, rows.getDtable());
  bool fits = rows.getDtable().getType() == bert::widened(type) &&
              llvm::all_of(
                  others, [&](Value other) { return other.getType() == type; });
  // A sum of the others in bf16 would be rounded before the rows are added.
  bool rounds = type.getElementType().isBF16() && others.size() > 1;
  if (!fits || rounds) {
    return false;
  }
  builder.setInsertionPoint(sum);
  auto scope = llvm::cast<bert::TfOpInterface>(sum).getScopeAttr();
  Value base = others.front();
  if (others.size() > 1) {
    base = bert::AddNOp::create(builder, sum->getLoc(), others, scope);
  }
  auto fused =
      bert::GatherGradAddOp::create(builder, sum->getLoc(), base, rows.getDy(),
                                    rows.getIndices(), rows.getBatchDimsAttr());
  fused.setScopeAttr(rows.getScopeAttr());
  sum->getResult(0).replaceAllUsesWith(fused.getDtable());
  return true;
}

struct BertFuseGatherGrad : impl::BertFuseGatherGradBase<BertFuseGatherGrad> {
  void runOnOperation() override {
    mlir::OpBuilder builder(&getContext());
    for (Operation &op :
         llvm::make_early_inc_range(getOperation().getBody().front())) {
      if (llvm::isa<bert::AddOp, bert::AddNOp>(op)) {
        numFused += fuse(&op, builder);
      }
    }
    eraseDeadOperations(getOperation());
  }
};

} // namespace
} // namespace bertc
