// SPDX-License-Identifier: Apache-2.0
//
// bertc-interpret: runs an entry point of bert IR in the reference interpreter
// on named tensors, or compares two modules on random ones.
#include "compiler/interpret/Compare.h"
#include "compiler/interpret/Files.h"
#include "support/Cli.h"

#include "mlir/IR/MLIRContext.h"

#include <iostream>

using namespace bertc;
using namespace bertc::interpret;

namespace {

struct Options {
  std::string module, entry, input, weights, output, compare, variablesOutput;
  std::optional<uint64_t> seed;
  bool f64 = false;
  int64_t workers = 1;
  Tolerance tolerance{1e-6, 1e-5};

  Rounding rounding() const { return f64 ? Rounding::None : Rounding::AsTyped; }
};

Status runEntry(const Options &options, mlir::ModuleOp module) {
  Interpreter interpreter(module, options.rounding());
  interpreter.setWorkers(options.workers);
  if (options.seed) {
    interpreter.initialiseVariables(*options.seed);
  }
  if (!options.weights.empty()) {
    BERTC_ASSIGN_OR_RETURN(TensorMap weights, readTensors(options.weights));
    for (auto &[name, value] : weights) {
      BERTC_RETURN_IF_ERROR(interpreter.setVariable(name, std::move(value)));
    }
  }
  TensorMap inputs;
  if (!options.input.empty()) {
    BERTC_ASSIGN_OR_RETURN(inputs, readTensors(options.input));
  }
  BERTC_ASSIGN_OR_RETURN(TensorMap outputs,
                         interpreter.run(options.entry, inputs));
  BERTC_RETURN_IF_ERROR(writeTensors(options.output, outputs, options.f64));
  if (options.variablesOutput.empty()) {
    return Status::okStatus();
  }
  return writeTensors(options.variablesOutput, interpreter.variables(),
                      options.f64);
}

Status compareWith(const Options &options, mlir::MLIRContext &context,
                   mlir::ModuleOp module) {
  auto other = readModule(context, options.compare);
  if (!other.ok()) {
    return other.status();
  }
  uint64_t seed = options.seed.value_or(1);
  BERTC_RETURN_IF_ERROR(compareModules(module, other->get(), options.entry,
                                       seed, options.tolerance,
                                       options.rounding())
                            .annotate("seed " + std::to_string(seed)));
  std::cout << options.entry << ": equal within the tolerance\n";
  return Status::okStatus();
}

Status run(const Options &options) {
  if (options.workers < 1) {
    return invalidArgument("--workers is " + std::to_string(options.workers) +
                           ", expected at least 1");
  }
  if (options.compare.empty() && options.output.empty()) {
    return invalidArgument("expected --output FILE or --compare FILE");
  }
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module = readModule(context, options.module);
  if (!module.ok()) {
    return module.status();
  }
  return options.compare.empty() ? runEntry(options, module->get())
                                 : compareWith(options, context, module->get());
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  CLI::App app("Runs an entry point of bert IR in the reference interpreter.",
               "bertc-interpret");
  app.add_option("module", options.module, "IR of the bert dialect")
      ->required();
  app.add_option("entry", options.entry,
                 "entry point (or function, to compare)")
      ->required();
  app.add_option("--input", options.input, "safetensors file of inputs");
  app.add_option("--weights", options.weights,
                 "safetensors file of variables, under their own names");
  app.add_option("--output", options.output, "safetensors file to write");
  app.add_option("--variables-output", options.variablesOutput,
                 "also write the variables as they are after the run");
  app.add_option("--seed", options.seed,
                 "initialise variables (or draw everything, to compare)");
  addBoolFlag(app, "--f64", options.f64, "evaluate every float type in f64");
  app.add_option("--workers", options.workers,
                 "all-reduces add up this many workers, all like this one; "
                 "without --compare")
      ->capture_default_str();
  app.add_option("--compare", options.compare,
                 "run this module too, on random inputs, and compare");
  app.add_option("--atol", options.tolerance.atol, "absolute tolerance")
      ->capture_default_str();
  app.add_option("--rtol", options.tolerance.rtol, "relative tolerance")
      ->capture_default_str();
  CliResult parsed =
      parseCommandLine(app, argc, argv, versionText({"bertc-interpret"}));
  if (parsed.done) {
    return parsed.exitCode;
  }
  Status status = run(options);
  return status.ok() ? 0 : reportError("bertc-interpret", status);
}
