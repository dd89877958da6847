// SPDX-License-Identifier: Apache-2.0
//
// The compiler as a library: a configuration goes in, the module of any phase
// comes out. Diagnostics of passes become the message of a Status.
//
//   Compiler compiler(options);
//   BERTC_RETURN_IF_ERROR(compiler.import());
//   BERTC_RETURN_IF_ERROR(compiler.runThrough(Phase::Fuse));
//   compiler.module().print(llvm::outs());
#pragma once

#include "bertc/status.h"
#include "models/Models.h"
#include "passes/Pipeline.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Support/Timing.h"

#include <string>

namespace bertc {

struct CompileOptions {
  std::string configPath;
  ModelOptions model;
  /// cpu, gaudi or gaudi2.
  std::string target = "cpu";
  /// On gaudi and gaudi2: most nodes of a graph, 0 for no limit.
  unsigned maxGraphNodes = 0;
  /// With model.precision "bf16": the file that says which operations become
  /// bf16; empty for the built-in lists.
  std::string bf16ConfigPath;
  ExchangeOptions exchange;
  /// Prints the IR after each pass on stderr.
  bool printIrAfterAll = false;
  /// Prints where the time went on stderr, when the compiler is destroyed.
  bool timing = false;
};

class Compiler {
public:
  explicit Compiler(CompileOptions options);

  /// Reads the configurations and builds the module of Phase::Import. What the
  /// user should know but is no error is then in notes(), to which phases add.
  Status import();

  /// Runs the phases after the last one that ran, through `last`; the module
  /// is verified after each. Needs import().
  Status runThrough(Phase last);

  const CompileOptions &options() const { return options_; }
  const std::vector<std::string> &notes() const { return notes_; }
  mlir::ModuleOp module() { return *module_; }
  /// The module as text that parses again.
  std::string moduleText();

private:
  Status runPhase(Phase phase);

  CompileOptions options_;
  std::vector<std::string> notes_;
  mlir::MLIRContext context_;
  mlir::DefaultTimingManager timing_;
  mlir::TimingScope rootScope_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
  Phase done_ = Phase::Import;
};

} // namespace bertc
