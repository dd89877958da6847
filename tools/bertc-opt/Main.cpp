// SPDX-License-Identifier: Apache-2.0
//
// bertc-opt: the mlir-opt of this project. Reads IR, runs the passes named on
// the command line, prints IR.
#include "passes/Dialects.h"
#include "passes/Passes.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  bertc::registerAllDialects(registry);
  bertc::registerAllPasses();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  mlir::registerSymbolDCEPass();
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "compiler of static BERT graphs: pass driver\n", registry));
}
