// SPDX-License-Identifier: Apache-2.0
//
// Gradients of random graphs through fusion, lowering, memory planning, plan
// and runtime against the interpreter: what models do not need is lowered right
// as well. BERTC_TEST_SEED chooses other graphs.

#include "compiler/interpret/Compare.h"
#include "compiler/interpret/Files.h"
#include "dialects/bert/BertDialect.h"
#include "test/unit/compiler/differential/Differential.h"
#include "test/unit/compiler/differential/RandomGraph.h"
#include "test/unit/compiler/emit/PlanRunner.h"
#include "test/unit/models/GoldenCase.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace bertc {
namespace {

using interpret::Interpreter;
using interpret::Tensor;
using interpret::TensorMap;

constexpr int kGraphs = 60;
constexpr int kSteps = 20;

uint64_t firstSeed() {
  const char *seed = std::getenv("BERTC_TEST_SEED");
  return seed ? std::strtoull(seed, nullptr, 10) : 5000;
}

/// A module with the entry @gradients of a random graph, and no @loss.
StatusOr<mlir::OwningOpRef<mlir::ModuleOp>>
gradientsOf(mlir::MLIRContext &context, const std::string &text) {
  BERTC_ASSIGN_OR_RETURN(auto module, interpret::parseModule(context, text));
  BERTC_RETURN_IF_ERROR(runPass(*module, "bert-gradients"));
  return module;
}

/// Takes the module from gradients to a memory plan.
Status lower(mlir::ModuleOp module) {
  module.lookupSymbol("loss")->erase();
  mlir::Builder builder(module.getContext());
  auto text = [&](const char *key, const char *value) {
    return builder.getNamedAttr(key, builder.getStringAttr(value));
  };
  module->setAttr(bert::kModelAttr,
                  builder.getDictionaryAttr(
                      {text("task", "encode"), text("mode", "infer"),
                       text("hidden_act", "gelu"), text("precision", "f32"),
                       text("config_json", "{}")}));
  for (const char *pass :
       {"func.func(canonicalize)", "func.func(cse)",
        "func.func(bert-fuse-attention-softmax)",
        "func.func(bert-fuse-matmul-bias)",
        "func.func(bert-fuse-residual-layer-norm)",
        "func.func(bert-rematerialize)", "bert-to-cpu", "cpu-plan-memory"}) {
    Status status = runPass(module, pass);
    if (!status.ok()) {
      return status.annotate(pass);
    }
  }
  return Status::okStatus();
}

void check(mlir::MLIRContext &context, uint64_t seed) {
  std::string text = randomGraph(seed, kSteps);
  SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + text);
  auto module = gradientsOf(context, text);
  ASSERT_TRUE(module.ok()) << module.status().message();
  Interpreter interpreter(**module);
  ASSERT_TRUE(interpret::randomVariables(interpreter, **module, seed).ok());
  TensorMap weights = interpreter.variables();
  std::vector<Tensor> arguments = interpret::randomArguments(
      (*module)->lookupSymbol<mlir::func::FuncOp>("loss"), seed);
  TensorMap inputs = {
      {"rng", arguments[0]}, {"mask", arguments[1]}, {"indices", arguments[2]}};
  StatusOr<TensorMap> expected = interpreter.run("gradients", inputs);
  ASSERT_TRUE(expected.ok()) << expected.status().message();

  Status status = lower(**module);
  ASSERT_TRUE(status.ok()) << status.message();
  StatusOr<PlanRunner> runner = PlanRunner::create(**module, /*threads=*/2);
  ASSERT_TRUE(runner.ok()) << runner.status().message();
  status = runner->setVariables(weights);
  ASSERT_TRUE(status.ok()) << status.message();
  // An entry may not be asked for what it does not read.
  TensorMap wanted;
  for (const rt::TensorInfo &input :
       runner->plan().findEntry("gradients")->inputs) {
    wanted[input.name] = inputs.at(input.name);
  }
  StatusOr<TensorMap> found = runner->run("gradients", wanted);
  ASSERT_TRUE(found.ok()) << found.status().message();
  double largest = 0.0;
  for (const auto &[name, tensor] : *expected) {
    largest = std::max(largest, normOf(tensor));
  }
  for (const auto &[name, tensor] : *expected) {
    expectClose(name, (*found)[name], tensor, 1e-4, 1e-6 * largest);
  }
}

TEST(RandomPlan, GradientsAgreeWithTheInterpreter) {
  std::unique_ptr<mlir::MLIRContext> context = differentialContext();
  for (uint64_t seed = firstSeed(); seed < firstSeed() + kGraphs; ++seed) {
    check(*context, seed);
    if (HasFailure()) {
      return;
    }
  }
}

} // namespace
} // namespace bertc
