// SPDX-License-Identifier: Apache-2.0
//
// What @train_step adds to the accumulators: gradients of the scaled loss,
// clipped by their global norm, at norms below, above, zero and not finite.

#include "compiler/interpret/Interpreter.h"
#include "passes/Dialects.h"
#include "passes/Passes.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace bertc {
namespace {

using interpret::Interpreter;
using interpret::Tensor;
using interpret::TensorMap;

// The gradient of @a is x, that of @b is y.
constexpr const char *kModule = R"(
bert.variable @a : tensor<2xf32> {trainable}
bert.variable @b : tensor<f32> {trainable}
func.func private @loss(%x: tensor<2xf32> {bert.name = "x"},
                        %y: tensor<f32> {bert.name = "y"})
    -> (tensor<f32> {bert.name = "total_loss"}) {
  %a = bert.read @a : tensor<2xf32>
  %b = bert.read @b : tensor<f32>
  %0 = bert.mul %a, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %1 = bert.reduce_sum %0 {axes = array<i64: 0>} : (tensor<2xf32>) -> tensor<f32>
  %2 = bert.mul %b, %y : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %3 = bert.add %1, %2 : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %3 : tensor<f32>
}
)";

Tensor tensor(std::vector<int64_t> shape, std::vector<double> values) {
  Tensor out = Tensor::zeros(DataType::F32, std::move(shape));
  out.values = std::move(values);
  return out;
}

class TrainStep : public testing::Test {
protected:
  TrainStep() {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    context_.appendDialectRegistry(registry);
    context_.loadAllAvailableDialects();
    module_ = mlir::parseSourceString<mlir::ModuleOp>(kModule, &context_);
    mlir::PassManager manager(&context_);
    manager.addPass(createBertOptimizer());
    EXPECT_TRUE(mlir::succeeded(manager.run(*module_)));
    interpreter_.emplace(*module_);
    set("a", tensor({2}, {1, 2}));
    set("b", tensor({}, {3}));
  }

  void set(const char *name, Tensor value) {
    Status status = interpreter_->setVariable(name, std::move(value));
    EXPECT_TRUE(status.ok()) << status.message();
  }

  /// One micro-batch whose unscaled gradients are {x0, x1} and y.
  void step(double x0, double x1, double y, double lossScale) {
    StatusOr<TensorMap> out = interpreter_->run(
        "train_step", {{"x", tensor({2}, {x0, x1})},
                       {"y", tensor({}, {y})},
                       {"loss_scale", tensor({}, {lossScale})}});
    ASSERT_TRUE(out.ok()) << out.status().message();
    loss_ = (*out)["total_loss"][0];
  }

  /// The accumulators: both elements of a's, then b's.
  std::vector<double> sums() const {
    std::vector<double> out = interpreter_->variable("a/accum")->values;
    out.push_back((*interpreter_->variable("b/accum"))[0]);
    return out;
  }

  mlir::MLIRContext context_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
  std::optional<Interpreter> interpreter_;
  double loss_ = 0.0;
};

TEST_F(TrainStep, addsSmallGradientsAsTheyAre) {
  step(0.5, 0.0, 0.25, 1.0);
  step(0.0, 0.5, 0.25, 1.0);
  EXPECT_EQ(sums(), (std::vector<double>{0.5, 0.5, 0.5}));
}

TEST_F(TrainStep, scalesGradientsButNotTheLoss) {
  step(0.5, 0.0, 0.25, 0.5);
  EXPECT_EQ(loss_, 0.5 * 1 + 0.25 * 3);
  EXPECT_EQ(sums(), (std::vector<double>{0.25, 0.0, 0.125}));
}

TEST_F(TrainStep, clipsEachMicroBatchToNormOne) {
  step(2.0, 1.0, 2.0, 1.0); // norm 3
  std::vector<double> once = sums();
  EXPECT_NEAR(once[0], 2.0 / 3, 1e-7);
  EXPECT_NEAR(once[1], 1.0 / 3, 1e-7);
  EXPECT_NEAR(once[2], 2.0 / 3, 1e-7);
  step(2.0, 1.0, 2.0, 1.0);
  EXPECT_NEAR(sums()[1], 2.0 / 3, 1e-7);
}

TEST_F(TrainStep, clipsTheScaledGradient) {
  step(2.0, 1.0, 2.0, 0.25); // norm 0.75
  EXPECT_EQ(sums(), (std::vector<double>{0.5, 0.25, 0.5}));
}

TEST_F(TrainStep, leavesZeroGradientsZero) {
  step(0.0, 0.0, 0.0, 1.0);
  EXPECT_EQ(sums(), (std::vector<double>{0, 0, 0}));
}

TEST_F(TrainStep, turnsANormThatIsNotFiniteIntoNaN) {
  step(std::numeric_limits<double>::infinity(), 1.0, 1.0, 1.0);
  for (double sum : sums()) {
    EXPECT_TRUE(std::isnan(sum)) << sum;
  }
}

} // namespace
} // namespace bertc
