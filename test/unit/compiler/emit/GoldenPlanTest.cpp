// SPDX-License-Identifier: Apache-2.0
//
// Whole models through plan and runtime against PyTorch in f64: losses within
// 1e-5 relative, every gradient and prediction within 1e-4 (2-norm of each
// tensor), all golden cases.

#include "test/unit/compiler/emit/PlanRunner.h"
#include "test/unit/models/GoldenCase.h"

#include <gtest/gtest.h>

namespace bertc {
namespace {

using interpret::Tensor;
using interpret::TensorMap;

constexpr double kLossTolerance = 1e-5;
constexpr double kTensorTolerance = 1e-4;

class GoldenPlan : public testing::TestWithParam<const char *> {
protected:
  void check(const std::string &entry) {
    GoldenCase golden(GetParam());
    Compiler compiler(golden.options());
    Status status = compiler.import();
    ASSERT_TRUE(status.ok()) << status.message();
    StatusOr<PlanRunner> runner = PlanRunner::create(compiler);
    ASSERT_TRUE(runner.ok()) << runner.status().message();
    status = runner->setVariables(golden.tensors("weights"));
    ASSERT_TRUE(status.ok()) << status.message();
    StatusOr<TensorMap> found =
        runner->run(entry, golden.tensors(entry + ".in"));
    ASSERT_TRUE(found.ok()) << found.status().message();
    compare(*found, golden.tensors(entry + ".out"));
  }

private:
  /// Gradients that are 0 but for rounding (key biases) are measured against
  /// the largest.
  void compare(TensorMap &found, const TensorMap &expected) {
    double largest = 0.0;
    for (const auto &[name, tensor] : expected) {
      largest = std::max(largest, normOf(tensor));
    }
    EXPECT_EQ(found.size(), expected.size());
    for (const auto &[name, tensor] : expected) {
      bool loss = tensor.rank() == 0;
      expectClose(name, found[name], tensor,
                  loss ? kLossTolerance : kTensorTolerance,
                  loss ? 0.0 : 1e-2 * kTensorTolerance * largest);
    }
  }
};

TEST_P(GoldenPlan, gradients) { check("gradients"); }

TEST_P(GoldenPlan, predict) { check("predict"); }

TEST_P(GoldenPlan, evaluate) { check("evaluate"); }

INSTANTIATE_TEST_SUITE_P(Bert, GoldenPlan,
                         testing::Values("gelu_padding", "gelu_tanh_odd",
                                         "one_head", "many_heads", "wide",
                                         "dropout", "classify", "squad"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

Tensor scalar(DataType dtype, double value) {
  Tensor tensor = Tensor::zeros(dtype, {});
  tensor[0] = value;
  return tensor;
}

/// 50 updates of two micro-batches with warm-up, clipping and dropout: every
/// weight within 1e-4 of f64 arithmetic.
class GoldenPlanOptimizer : public testing::TestWithParam<const char *> {};

TEST_P(GoldenPlanOptimizer, fiftyUpdates) {
  constexpr int kUpdates = 50, kAccumulation = 2, kMicroBatches = 4;
  GoldenCase golden(GetParam());
  Compiler compiler(golden.options());
  Status status = compiler.import();
  ASSERT_TRUE(status.ok()) << status.message();
  StatusOr<PlanRunner> runner = PlanRunner::create(compiler);
  ASSERT_TRUE(runner.ok()) << runner.status().message();
  status = runner->setVariables(golden.tensors("weights"));
  ASSERT_TRUE(status.ok()) << status.message();
  TensorMap schedule = golden.tensors("schedule");
  TensorMap expected = golden.tensors("final");
  for (int step = 0; step < kUpdates * kAccumulation; ++step) {
    TensorMap batch =
        golden.tensors("micro_" + std::to_string(step % kMicroBatches) + ".in");
    batch["rng"] = Tensor::zeros(DataType::I32, {4});
    batch["rng"].values = {5, 0, double(step), 0};
    batch["loss_scale"] = scalar(DataType::F32, 1.0 / kAccumulation);
    StatusOr<TensorMap> losses = runner->run("train_step", batch);
    ASSERT_TRUE(losses.ok()) << losses.status().message();
    double known = expected["losses"][step];
    ASSERT_NEAR((*losses)["total_loss"][0], known, 1e-3 * known)
        << "step " << step;
    if (step % kAccumulation == kAccumulation - 1) {
      int update = step / kAccumulation;
      double rate = schedule["learning_rate"][update];
      StatusOr<TensorMap> none =
          runner->run("apply_gradients",
                      {{"learning_rate", scalar(DataType::F32, rate)},
                       {"update_step", scalar(DataType::I32, update + 1)}});
      ASSERT_TRUE(none.ok()) << none.status().message();
    }
  }
  expected.erase("losses");
  for (const auto &[name, tensor] : expected) {
    // The gradient of a key bias is nothing but rounding; see
    // GoldenOptimizerTest.cpp.
    if (name.find("key/bias") != std::string::npos) {
      continue;
    }
    StatusOr<Tensor> found = runner->variable(name);
    ASSERT_TRUE(found.ok()) << found.status().message();
    // What is left of gradients that nearly cancel in a batch differs more than
    // the weights that they move.
    bool isMoment = name.find("/adam_") != std::string::npos;
    expectClose(name, *found, tensor, isMoment ? 1e-2 : 1e-4, 1e-9);
  }
  for (const rt::VariableInfo &variable : runner->plan().variables()) {
    if (variable.role == rt::VariableRole::Accum) {
      EXPECT_EQ(normOf(*runner->variable(variable.name)), 0.0) << variable.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Bert, GoldenPlanOptimizer,
                         testing::Values("lamb", "adamw"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

} // namespace
} // namespace bertc
