// SPDX-License-Identifier: Apache-2.0
//
// The plan writer: the same bytes every time, the same results as the
// interpreter with dropout on and off and at any thread count, refusals that
// say what is missing.

#include "compiler/emit/PlanWriter.h"
#include "test/unit/compiler/emit/PlanRunner.h"
#include "test/unit/models/GoldenCase.h"

#include <gtest/gtest.h>

#include <cmath>

namespace bertc {
namespace {

using interpret::Interpreter;
using interpret::Tensor;
using interpret::TensorMap;

/// The golden case "dropout": rates above 0, biases and statistics set.
struct Model {
  GoldenCase golden{"dropout"};
  Compiler compiler{golden.options()};

  Model() {
    Status status = compiler.import();
    EXPECT_TRUE(status.ok()) << status.message();
  }

  TensorMap inputs(int flags) const {
    TensorMap batch = golden.tensors("gradients.in");
    batch["rng"] = Tensor::zeros(DataType::I32, {4});
    batch["rng"].values = {77, -3, 12, double(flags)};
    return batch;
  }
};

std::string planOf(Model &model) {
  Status status = model.compiler.runThrough(Phase::Memory);
  EXPECT_TRUE(status.ok()) << status.message();
  StatusOr<std::string> plan = writePlan(model.compiler.module(), {});
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  return plan.ok() ? *plan : "";
}

TEST(PlanWriter, TheSameModelGivesTheSameBytes) {
  Model one, two;
  EXPECT_EQ(planOf(one), planOf(two));
}

TEST(PlanWriter, AModuleWithoutMemoryPlanIsRefused) {
  Model model;
  Status status = model.compiler.runThrough(Phase::Lower);
  ASSERT_TRUE(status.ok()) << status.message();
  StatusOr<std::string> plan = writePlan(model.compiler.module(), {});
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.status().code(), StatusCode::FailedPrecondition);
  EXPECT_EQ(plan.status().message(),
            "the module has no model description or has not been through "
            "memory planning");
}

/// Runs @gradients in the interpreter, before any fusion or lowering, and in
/// the runtime; every output within 1e-5 of the other (2-norm; gradients that
/// are rounding alone are measured against the largest).
void expectPlanAgrees(int flags, int threads) {
  Model reference;
  Status status = reference.compiler.runThrough(Phase::Optimizer);
  ASSERT_TRUE(status.ok()) << status.message();
  Interpreter interpreter(reference.compiler.module(),
                          interpret::Rounding::None);
  setWeights(interpreter, reference.golden.tensors("weights"));
  StatusOr<TensorMap> expected =
      interpreter.run("gradients", reference.inputs(flags));
  ASSERT_TRUE(expected.ok()) << expected.status().message();

  Model model;
  StatusOr<PlanRunner> runner = PlanRunner::create(model.compiler, threads);
  ASSERT_TRUE(runner.ok()) << runner.status().message();
  status = runner->setVariables(model.golden.tensors("weights"));
  ASSERT_TRUE(status.ok()) << status.message();
  StatusOr<TensorMap> found = runner->run("gradients", model.inputs(flags));
  ASSERT_TRUE(found.ok()) << found.status().message();
  double largest = 0.0;
  for (const auto &[name, tensor] : *expected) {
    largest = std::max(largest, normOf(tensor));
  }
  ASSERT_EQ(found->size(), expected->size());
  for (const auto &[name, tensor] : *expected) {
    expectClose(name, (*found)[name], tensor, 1e-5, 1e-7 * largest);
  }
}

TEST(PlanWriter, GradientsWithDropoutAgreeWithTheInterpreter) {
  expectPlanAgrees(/*flags=*/0, /*threads=*/2);
}

TEST(PlanWriter, GradientsWithoutDropoutAgreeWithTheInterpreter) {
  expectPlanAgrees(/*flags=*/1, /*threads=*/1);
}

TEST(PlanWriter, AnEntryGivesTheSameAgainWithoutNewInputs) {
  Model model;
  StatusOr<PlanRunner> runner = PlanRunner::create(model.compiler);
  ASSERT_TRUE(runner.ok()) << runner.status().message();
  ASSERT_TRUE(runner->setVariables(model.golden.tensors("weights")).ok());
  StatusOr<TensorMap> first = runner->run("gradients", model.inputs(0));
  StatusOr<TensorMap> second = runner->run("gradients", model.inputs(0));
  ASSERT_TRUE(first.ok() && second.ok());
  for (const auto &[name, tensor] : *first) {
    EXPECT_EQ(tensor.values, (*second)[name].values) << name;
  }
}

} // namespace
} // namespace bertc
