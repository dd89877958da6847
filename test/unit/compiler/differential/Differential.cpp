// SPDX-License-Identifier: Apache-2.0
#include "test/unit/compiler/differential/Differential.h"

#include "dialects/bert/BertGradients.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

namespace bertc {

std::unique_ptr<mlir::MLIRContext> differentialContext() {
  static const bool registered = [] {
    registerAllPasses();
    mlir::registerCanonicalizerPass();
    mlir::registerCSEPass();
    return true;
  }();
  (void)registered;
  mlir::DialectRegistry registry;
  registry.insert<bert::BertDialect, mlir::func::FuncDialect>();
  bert::registerBertGradients(registry);
  auto context = std::make_unique<mlir::MLIRContext>(
      registry, mlir::MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  return context;
}

const std::vector<std::string> &graphPasses() {
  static const std::vector<std::string> passes = {
      "bert-packed-attention-mask{form=ranges}",
      "func.func(bert-narrow-rows)",
      "bert-gradients",
      "bert-optimizer",
      "canonicalize",
      "cse",
      "func.func(bert-fuse-accumulate)",
      "func.func(bert-fuse-attention-softmax)",
      "func.func(bert-fuse-attention)",
      "func.func(bert-fuse-cross-entropy)",
      "func.func(bert-fuse-gather-grad)",
      "func.func(bert-fuse-matmul-bias)",
      "func.func(bert-fuse-residual-layer-norm)",
      "func.func(bert-fuse-matmul-epilogue)",
      "func.func(bert-fuse-qkv)",
      "func.func(bert-fuse-bias-grad)",
      "func.func(bert-postpone)",
      "func.func(bert-rematerialize)",
  };
  return passes;
}

Status runPass(mlir::ModuleOp module, const std::string &pass) {
  mlir::PassManager manager(module.getContext());
  if (mlir::failed(mlir::parsePassPipeline(pass, manager))) {
    return internalError("pass pipeline '" + pass + "' does not parse");
  }
  if (mlir::failed(manager.run(module))) {
    return internalError("'" + pass + "' failed");
  }
  return Status::okStatus();
}

Status runAndCompare(mlir::ModuleOp module, const std::string &pass,
                     uint64_t seed, interpret::Rounding rounding,
                     interpret::Tolerance tolerance) {
  mlir::OwningOpRef<mlir::ModuleOp> before = module.clone();
  BERTC_RETURN_IF_ERROR(runPass(module, pass));
  for (auto func : before->getOps<mlir::func::FuncOp>()) {
    if (!module.lookupSymbol(func.getSymName())) {
      continue;
    }
    BERTC_RETURN_IF_ERROR(
        interpret::compareModules(module, *before, func.getSymName(), seed,
                                  tolerance, rounding)
            .annotate(pass + ", seed " + std::to_string(seed)));
  }
  return Status::okStatus();
}

} // namespace bertc
