// SPDX-License-Identifier: Apache-2.0
//
// One pass manager a phase, so that the module is verified once a phase and
// not once a pass: BERT-Large has thousands of operations.

#include "compiler/driver/Compiler.h"

#include "passes/Dialects.h"
#include "passes/Passes.h"
#include "passes/precision/Bf16Config.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"

#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

namespace bertc {
namespace {

mlir::DialectRegistry makeRegistry() {
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  return registry;
}

/// Collects the errors of a context while it lives, and adds warnings to notes.
class ErrorCollector {
public:
  ErrorCollector(mlir::MLIRContext &context, std::vector<std::string> &notes)
      : handler_(&context, [this, &notes](mlir::Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error) {
            text_ += (text_.empty() ? "" : "; ") + diagnostic.str();
          } else if (diagnostic.getSeverity() ==
                     mlir::DiagnosticSeverity::Warning) {
            notes.push_back("warning: " + diagnostic.str());
          }
          return mlir::success();
        }) {}

  Status error(Phase phase) const {
    return internalError(
        fmt::format("phase {} failed: {}", phaseName(phase).str(),
                    text_.empty() ? "no reason given" : text_));
  }

private:
  std::string text_;
  mlir::ScopedDiagnosticHandler handler_;
};

} // namespace

Compiler::Compiler(CompileOptions options)
    : options_(std::move(options)),
      // Threads cost more than they bring to graphs of this size.
      context_(makeRegistry(), mlir::MLIRContext::Threading::DISABLED) {
  timing_.setEnabled(options_.timing);
  rootScope_ = timing_.getRootScope();
}

Status Compiler::import() {
  mlir::TimingScope scope = rootScope_.nest("import");
  BERTC_ASSIGN_OR_RETURN(BertConfig config,
                         loadBertConfig(options_.configPath));
  if (!config.ignoredKeys.empty()) {
    notes_.push_back(fmt::format("{}: ignored keys that mean nothing here: {}",
                                 options_.configPath,
                                 fmt::join(config.ignoredKeys, ", ")));
  }
  // The pass reads it again; here its errors are found before any work is done.
  if (!options_.bf16ConfigPath.empty()) {
    BERTC_RETURN_IF_ERROR(Bf16Config::load(options_.bf16ConfigPath).status());
  }
  ErrorCollector errors(context_, notes_);
  BERTC_ASSIGN_OR_RETURN(module_, buildModel(context_, config, options_.model));
  if (mlir::failed(mlir::verify(*module_))) {
    return errors.error(Phase::Import);
  }
  done_ = Phase::Import;
  return Status::okStatus();
}

Status Compiler::runThrough(Phase last) {
  while (done_ < last) {
    Phase next = static_cast<Phase>(static_cast<int>(done_) + 1);
    BERTC_RETURN_IF_ERROR(runPhase(next));
    done_ = next;
  }
  return Status::okStatus();
}

Status Compiler::runPhase(Phase phase) {
  mlir::PassManager manager(&context_);
  PipelineOptions pipeline;
  pipeline.optimizer = options_.model.optimizer;
  pipeline.target = options_.target;
  pipeline.maxGraphNodes = options_.maxGraphNodes;
  pipeline.bf16 = options_.model.precision == "bf16";
  pipeline.bf16Config = options_.bf16ConfigPath;
  pipeline.exchange = options_.exchange;
  buildPhase(phase, pipeline, manager);
  if (manager.empty()) {
    return Status::okStatus();
  }
  manager.enableVerifier(false);
  mlir::TimingScope scope = rootScope_.nest(phaseName(phase));
  manager.enableTiming(scope);
  if (options_.printIrAfterAll) {
    manager.enableIRPrinting(
        [](mlir::Pass *, mlir::Operation *) { return false; },
        [](mlir::Pass *, mlir::Operation *) { return true; });
  }
  ErrorCollector errors(context_, notes_);
  if (mlir::failed(manager.run(*module_)) ||
      mlir::failed(mlir::verify(*module_))) {
    return errors.error(phase);
  }
  return Status::okStatus();
}

std::string Compiler::moduleText() {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module_->print(stream);
  stream << '\n';
  return text;
}

} // namespace bertc
