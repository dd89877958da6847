// SPDX-License-Identifier: Apache-2.0
//
// 50 updates of LAMB and of AdamW, two micro-batches each, with warm-up,
// clipping and dropout, against NumPy and PyTorch in f64: every variable and
// moment at the end within 1e-6 in exact arithmetic, 1e-4 in f32.

#include "test/unit/models/GoldenCase.h"

#include <gtest/gtest.h>

namespace bertc {
namespace {

using interpret::Interpreter;
using interpret::Rounding;
using interpret::Tensor;
using interpret::TensorMap;

constexpr int kUpdates = 50;
constexpr int kAccumulation = 2;
constexpr int kMicroBatches = 4;

Tensor scalar(DataType dtype, double value) {
  Tensor tensor = Tensor::zeros(dtype, {});
  tensor[0] = value;
  return tensor;
}

class GoldenOptimizer
    : public testing::TestWithParam<std::tuple<const char *, Phase, Rounding>> {
protected:
  /// Runs micro-batch `step`; returns its total loss.
  double trainStep(Interpreter &interpreter, TensorMap batch, int step) {
    batch["rng"] = Tensor::zeros(DataType::I32, {4});
    batch["rng"].values = {5, 0, double(step), 0};
    batch["loss_scale"] = scalar(DataType::F32, 1.0 / kAccumulation);
    StatusOr<TensorMap> losses = interpreter.run("train_step", batch);
    EXPECT_TRUE(losses.ok()) << losses.status().message();
    return losses.ok() ? (*losses)["total_loss"][0] : 0.0;
  }

  void applyGradients(Interpreter &interpreter, double rate, int update) {
    StatusOr<TensorMap> none = interpreter.run(
        "apply_gradients", {{"learning_rate", scalar(DataType::F32, rate)},
                            {"update_step", scalar(DataType::I32, update)}});
    ASSERT_TRUE(none.ok()) << none.status().message();
  }
};

TEST_P(GoldenOptimizer, fiftyUpdates) {
  const auto &[name, phase, rounding] = GetParam();
  const double tolerance = rounding == Rounding::None ? 1e-6 : 1e-4;
  GoldenCase golden(name);
  Compiler compiler(golden.options());
  Status status = compiler.import();
  ASSERT_TRUE(status.ok()) << status.message();
  status = compiler.runThrough(phase);
  ASSERT_TRUE(status.ok()) << status.message();
  Interpreter interpreter(compiler.module(), rounding);
  setWeights(interpreter, golden.tensors("weights"));
  std::vector<TensorMap> batches;
  for (int k = 0; k < kMicroBatches; ++k) {
    batches.push_back(golden.tensors("micro_" + std::to_string(k) + ".in"));
  }
  TensorMap schedule = golden.tensors("schedule");
  TensorMap expected = golden.tensors("final");
  for (int update = 0; update < kUpdates; ++update) {
    for (int part = 0; part < kAccumulation; ++part) {
      int step = update * kAccumulation + part;
      double loss = trainStep(interpreter, batches[step % kMicroBatches], step);
      double known = expected["losses"][step];
      ASSERT_NEAR(loss, known, 10 * tolerance * known) << "step " << step;
    }
    applyGradients(interpreter, schedule["learning_rate"][update], update + 1);
  }
  expected.erase("losses");
  for (const auto &[variable, tensor] : expected) {
    const Tensor *found = interpreter.variable(variable);
    ASSERT_NE(found, nullptr) << variable;
    // A key bias moves all scores of a query alike, so its gradient is nothing
    // but rounding, and an optimizer that divides by its size makes noise of
    // any size of that. It has no influence on anything else.
    if (variable.find("key/bias") == std::string::npos) {
      expectClose(variable, *found, tensor, tolerance, 1e-9);
    }
  }
  for (const auto &[variable, tensor] : interpreter.variables()) {
    if (variable.find("/accum") != std::string::npos) {
      EXPECT_EQ(normOf(tensor), 0.0) << variable;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Bert, GoldenOptimizer,
    testing::Values(
        std::make_tuple("lamb", Phase::Optimizer, Rounding::None),
        std::make_tuple("lamb", Phase::Optimizer, Rounding::AsTyped),
        std::make_tuple("adamw", Phase::Optimizer, Rounding::None),
        std::make_tuple("adamw", Phase::Optimizer, Rounding::AsTyped),
        std::make_tuple("adamw", Phase::Fuse, Rounding::None)),
    [](const auto &info) {
      return std::string(std::get<0>(info.param)) +
             (std::get<1>(info.param) == Phase::Fuse ? "_Fused" : "") +
             (std::get<2>(info.param) == Rounding::None ? "_Exact" : "_F32");
    });

} // namespace
} // namespace bertc
