// SPDX-License-Identifier: Apache-2.0
//
// bert-gradients: see passes/Passes.td.

#include "passes/Passes.h"

#include "passes/gradients/Differentiate.h"

namespace bertc {

#define GEN_PASS_DEF_BERTGRADIENTS
#include "passes/Passes.h.inc"

namespace {

struct BertGradients : impl::BertGradientsBase<BertGradients> {
  void runOnOperation() override {
    mlir::ModuleOp module = getOperation();
    auto loss = module.lookupSymbol<mlir::func::FuncOp>(kLossFunction);
    if (!loss) {
      return;
    }
    if (mlir::failed(checkLoss(loss)) ||
        !EntryBuilder::isFree(module, "gradients")) {
      return signalPassFailure();
    }
    EntryBuilder entry(loss, "gradients");
    auto one = [&](mlir::Type type) -> mlir::Value {
      auto tensor = llvm::cast<mlir::RankedTensorType>(type);
      auto value = mlir::FloatAttr::get(tensor.getElementType(), 1.0);
      return entry.op<bert::ConstantOp>(
          "gradients/grad_ys_0", mlir::DenseElementsAttr::get(tensor, value));
    };
    auto differentiated = differentiate(loss, entry, one);
    if (mlir::failed(differentiated)) {
      return signalPassFailure();
    }
    for (auto &[variable, gradient] : differentiated->gradients) {
      entry.addOutput(variable.getSymName(), gradient);
    }
    entry.finish();
    numGradientOps += differentiated->numOps;
  }
};

} // namespace
} // namespace bertc
