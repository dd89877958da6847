// SPDX-License-Identifier: Apache-2.0
//
// Dropout with the device's random numbers: which elements it drops is its own
// affair, but how many, what becomes of the others, that the gradient drops the
// same, and on what the choice depends, is not.
#include "compiler/interpret/Files.h"
#include "test/unit/compiler/differential/Differential.h"
#include "test/unit/compiler/synapse/GraphRunner.h"

#include "gtest/gtest.h"

namespace bertc {
namespace {

using interpret::Tensor;
using interpret::TensorMap;

constexpr const char *kGraph = R"(
func.func @f(%x: tensor<64x64xf32> {bert.name = "x"}, %rng: tensor<4xi32> {bert.name = "rng"}) -> (tensor<64x64xf32> {bert.name = "y"}, tensor<64x64xf32> {bert.name = "dx"}, tensor<64x64xf32> {bert.name = "z"}) attributes {bert.entry} {
  %y = bert.dropout %x, %rng {rate = 0.25 : f32, op_id = 1 : i32} : (tensor<64x64xf32>, tensor<4xi32>) -> tensor<64x64xf32>
  %dx = bert.dropout_grad %x, %rng {rate = 0.25 : f32, op_id = 1 : i32} : (tensor<64x64xf32>, tensor<4xi32>) -> tensor<64x64xf32>
  %z = bert.dropout %x, %rng {rate = 0.25 : f32, op_id = 2 : i32} : (tensor<64x64xf32>, tensor<4xi32>) -> tensor<64x64xf32>
  return %y, %dx, %z : tensor<64x64xf32>, tensor<64x64xf32>, tensor<64x64xf32>
})";

class SynapseDropoutTest : public testing::Test {
protected:
  void SetUp() override {
    auto module = interpret::parseModule(*context_, kGraph);
    ASSERT_TRUE(module.ok()) << module.status().message();
    module_ = std::move(*module);
    Status status = runPass(*module_, "bert-to-synapse");
    ASSERT_TRUE(status.ok()) << status.message();
  }

  /// Outputs for ones, with the random state {seed, 0, step, 0}.
  TensorMap run(double seed, double step, const char *entry = "f") {
    GraphRunner runner(*module_, rt::syn::synDeviceGaudi2);
    Tensor ones = Tensor::zeros(DataType::F32, {64, 64});
    ones.values.assign(ones.size(), 1.0);
    Tensor rng{DataType::I32, {4}, {seed, 0, step, 0}};
    auto outputs = runner.run(entry, {{"x", ones}, {"rng", rng}});
    EXPECT_TRUE(outputs.ok()) << outputs.status().message();
    return outputs.ok() ? *outputs : TensorMap();
  }

  std::unique_ptr<mlir::MLIRContext> context_ = differentialContext();
  mlir::OwningOpRef<mlir::ModuleOp> module_;
};

TEST_F(SynapseDropoutTest, DropsTheShareAndScalesTheRest) {
  TensorMap outputs = run(5, 0);
  int dropped = 0;
  for (double value : outputs["y"].values) {
    dropped += value == 0.0;
    EXPECT_TRUE(value == 0.0 || value == double(1.0f / 0.75f)) << value;
  }
  // Within five deviations of 1024.
  EXPECT_NEAR(dropped, 1024, 5 * 28);
}

TEST_F(SynapseDropoutTest, GradientDropsTheSame) {
  TensorMap outputs = run(5, 0);
  EXPECT_EQ(outputs["y"].values, outputs["dx"].values);
}

TEST_F(SynapseDropoutTest, ChoiceDependsOnSeedStepAndOperation) {
  TensorMap outputs = run(5, 0);
  EXPECT_EQ(outputs["y"].values, run(5, 0)["y"].values);
  EXPECT_NE(outputs["y"].values, outputs["z"].values);
  EXPECT_NE(outputs["y"].values, run(6, 0)["y"].values);
  EXPECT_NE(outputs["y"].values, run(5, 1)["y"].values);
}

TEST_F(SynapseDropoutTest, TwinDropsNothing) {
  TensorMap outputs = run(5, 0, "f.deterministic");
  EXPECT_EQ(outputs["y"].values, std::vector<double>(64 * 64, 1.0));
  EXPECT_EQ(outputs["dx"].values, std::vector<double>(64 * 64, 1.0));
}

} // namespace
} // namespace bertc
