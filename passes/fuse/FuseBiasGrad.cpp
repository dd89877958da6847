// SPDX-License-Identifier: Apache-2.0
//
// bert-fuse-bias-grad: see passes/FusePasses.td.

#include "passes/Passes.h"
#include "passes/fuse/FusionQueries.h"

namespace bertc {

#define GEN_PASS_DEF_BERTFUSEBIASGRAD
#include "passes/Passes.h.inc"

namespace {

/// The first weight gradient that `dy` takes part in.
bert::MatmulOp weightGradient(mlir::Value dy) {
  bert::MatmulOp first;
  for (mlir::Operation *user : dy.getUsers()) {
    auto product = llvm::dyn_cast<bert::MatmulOp>(user);
    if (product && product.getB() == dy && product.getA() != dy &&
        product.getTransposeA() && !product.getTransposeB() &&
        (!first || product->isBeforeInBlock(first))) {
      first = product;
    }
  }
  return first;
}

bool fuse(bert::BiasAddGradOp sum, mlir::OpBuilder &builder) {
  mlir::Value dy = sum.getDy();
  auto type = llvm::cast<mlir::RankedTensorType>(dy.getType());
  if (type.getRank() != 2 || !type.getElementType().isBF16()) {
    return false;
  }
  bert::MatmulOp product = weightGradient(dy);
  auto comesLater = [&](mlir::Operation *user) {
    return product->isBeforeInBlock(user);
  };
  if (!product || !llvm::all_of(sum->getUsers(), comesLater)) {
    return false;
  }
  builder.setInsertionPoint(product);
  auto fused = bert::MatmulBiasGradOp::create(
      builder, product.getLoc(), product.getC().getType(),
      sum.getDbias().getType(), product.getA(), dy,
      /*scope=*/mlir::StringAttr());
  // The scope of the product: that is what profiles group by.
  fused.setScopeAttr(product.getScopeAttr());
  product.replaceAllUsesWith(fused.getDw());
  sum.replaceAllUsesWith(fused.getDbias());
  product.erase();
  sum.erase();
  return true;
}

struct BertFuseBiasGrad : impl::BertFuseBiasGradBase<BertFuseBiasGrad> {
  void runOnOperation() override {
    mlir::OpBuilder builder(&getContext());
    for (auto sum : llvm::make_early_inc_range(
             getOperation().getOps<bert::BiasAddGradOp>())) {
      numFused += fuse(sum, builder);
    }
  }
};

} // namespace
} // namespace bertc
