// SPDX-License-Identifier: Apache-2.0
#include "test/unit/compiler/synapse/LoweredModels.h"

#include "compiler/interpret/Compare.h"
#include "dialects/bert/BertDialect.h"
#include "test/unit/compiler/differential/Differential.h"

using namespace bertc::interpret;

namespace bertc {

namespace {

/// Random arguments by name, with dropout off.
TensorMap namedArguments(mlir::func::FuncOp entry, uint64_t seed) {
  TensorMap named;
  std::vector<Tensor> arguments = randomArguments(entry, seed);
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    std::string name =
        entry.getArgAttrOfType<mlir::StringAttr>(i, bert::kNameAttr).str();
    if (name == "rng") {
      argument[3] = 1;
    }
    named[name] = argument;
  }
  return named;
}

} // namespace

std::vector<std::string> synapsePasses(const std::string &optimizer,
                                       bool bf16) {
  std::vector<std::string> passes = {
      "bert-gradients", "bert-optimizer{optimizer=" + optimizer + "}"};
  if (bf16) {
    passes.push_back("bert-bf16-conversion");
  }
  passes.insert(passes.end(), {"canonicalize", "cse"});
  return passes;
}

Status compareLowering(mlir::ModuleOp module, const LoweringCase &options) {
  for (const std::string &pass : options.passes) {
    BERTC_RETURN_IF_ERROR(runPass(module, pass));
  }
  mlir::OwningOpRef<mlir::ModuleOp> lowered = module.clone();
  for (const std::string &pass : options.lowering) {
    BERTC_RETURN_IF_ERROR(runPass(*lowered, pass));
  }
  for (auto entry : module.getOps<mlir::func::FuncOp>()) {
    std::string name = entry.getSymName().str();
    TensorMap inputs = namedArguments(entry, options.seed);
    Interpreter interpreter(module);
    BERTC_RETURN_IF_ERROR(randomVariables(interpreter, module, options.seed));
    GraphRunner graphs(*lowered, options.device == "gaudi"
                                     ? rt::syn::synDeviceGaudi
                                     : rt::syn::synDeviceGaudi2);
    graphs.setVariables(interpreter.variables());
    std::string twin = name + ".deterministic";
    bool hasTwin = lowered->lookupSymbol(twin);
    BERTC_ASSIGN_OR_RETURN(TensorMap expected, interpreter.run(name, inputs));
    BERTC_ASSIGN_OR_RETURN(TensorMap found,
                           graphs.run(hasTwin ? twin : name, inputs));
    BERTC_RETURN_IF_ERROR(
        compareMaps(name, found, expected, options.tolerance));
    BERTC_RETURN_IF_ERROR(compareMaps(name + ", variables", graphs.variables(),
                                      interpreter.variables(),
                                      options.tolerance));
  }
  return Status::okStatus();
}

} // namespace bertc
