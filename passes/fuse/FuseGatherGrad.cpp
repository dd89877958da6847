// SPDX-License-Identifier: Apache-2.0
//
// bert-fuse-gather-grad: see passes/FusePasses.td.

#include "passes/Passes.h"
#include "passes/fuse/FusionQueries.h"

namespace bertc {

#define GEN_PASS_DEF_BERTFUSEGATHERGRAD
#include "passes/Passes.h.inc"

namespace {

using mlir::Operation;
using mlir::Value;

/// Adds the rows of one gather_grad among the operands of `sum` to the others.
bool fuse(Operation *sum, mlir::OpBuilder &builder) {
  llvm::SmallVector<Value> others(sum->getOperands());
  mlir::Type type = sum->getResult(0).getType();
  bert::GatherGradOp rows;
  for (Value operand : sum->getOperands()) {
    if (operand.getType() != type) {
      return false;
    }
    auto gather = operand.getDefiningOp<bert::GatherGradOp>();
    if (gather && operand.hasOneUse()) {
      rows = gather;
    }
  }
  if (!rows || others.size() < 2) {
    return false;
  }
  llvm::erase(others, rows.getDtable());
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
