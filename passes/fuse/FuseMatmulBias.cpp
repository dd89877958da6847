// SPDX-License-Identifier: Apache-2.0
//
// bert-fuse-matmul-bias: see passes/FusePasses.td.

#include "passes/Passes.h"
#include "passes/fuse/FusionQueries.h"

namespace bertc {

#define GEN_PASS_DEF_BERTFUSEMATMULBIAS
#include "passes/Passes.h.inc"

namespace {

/// bias_add(matmul(a, b), bias) -> matmul_bias(a, b, bias)
bool fuse(bert::BiasAddOp add, mlir::OpBuilder &builder) {
  auto product = add.getX().getDefiningOp<bert::MatmulOp>();
  if (!product || !product->hasOneUse()) {
    return false;
  }
  builder.setInsertionPoint(add);
  auto fused = bert::MatmulBiasOp::create(
      builder, add.getLoc(), product.getA(), product.getB(), add.getBias(),
      product.getTransposeA(), product.getTransposeB());
  // Sums of bf16 products may be wanted in f32.
  fused.getC().setType(add.getType());
  // The scope of the product: that is what profiles group by.
  fused.setScopeAttr(product.getScopeAttr());
  add.replaceAllUsesWith(fused.getC());
  add.erase();
  product.erase();
  return true;
}

struct BertFuseMatmulBias : impl::BertFuseMatmulBiasBase<BertFuseMatmulBias> {
  void runOnOperation() override {
    mlir::OpBuilder builder(&getContext());
    for (auto add :
         llvm::make_early_inc_range(getOperation().getOps<bert::BiasAddOp>())) {
      numFused += fuse(add, builder);
    }
  }
};

} // namespace
} // namespace bertc
