// SPDX-License-Identifier: Apache-2.0
//
// Each fused operation against the plain operations that its description is
// composed of, on random tensors without rounding.
#include "compiler/interpret/Compare.h"
#include "test/unit/compiler/interpret/Evaluate.h"

namespace bertc::interpret {
namespace {

/// Evaluates two bodies of a function with the same header on the same random
/// arguments.
void expectSame(const std::string &header, const std::string &fused,
                const std::string &plain) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto first = parseModule(context, header + fused + "}");
  auto second = parseModule(context, header + plain + "}");
  ASSERT_TRUE(first.ok()) << first.status().message();
  ASSERT_TRUE(second.ok()) << second.status().message();
  Status status = compareModules(first->get(), second->get(), "f", 11,
                                 {1e-12, 1e-12}, Rounding::None);
  EXPECT_TRUE(status.ok()) << status.message();
}

TEST(Fused, MatmulBias) {
  expectSame("func.func @f(%a: tensor<3x2xf32>, %b: tensor<4x3xf32>, %bias: "
             "tensor<4xf32>) -> tensor<2x4xf32> {\n",
             R"(
  %c = bert.matmul_bias %a, %b, %bias {transpose_a, transpose_b} : (tensor<3x2xf32>, tensor<4x3xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return %c : tensor<2x4xf32>
)",
             R"(
  %m = bert.matmul %a, %b {transpose_a, transpose_b} : (tensor<3x2xf32>, tensor<4x3xf32>) -> tensor<2x4xf32>
  %c = bert.bias_add %m, %bias : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return %c : tensor<2x4xf32>
)");
}

TEST(Fused, AttentionSoftmax) {
  expectSame("func.func @f(%s: tensor<2x3x5x5xf32>, %m: tensor<2x1x1x5xf32>, "
             "%r: tensor<4xi32>) -> (tensor<2x3x5x5xf32>, "
             "tensor<2x3x5x5xf32>) {\n",
             R"(
  %d, %p = bert.attention_softmax %s, %m, %r {scale = 0.125 : f32, rate = 0.5 : f32, op_id = 3 : i32} : (tensor<2x3x5x5xf32>, tensor<2x1x1x5xf32>, tensor<4xi32>) -> (tensor<2x3x5x5xf32>, tensor<2x3x5x5xf32>)
  return %d, %p : tensor<2x3x5x5xf32>, tensor<2x3x5x5xf32>
)",
             R"(
  %c = bert.constant {value = dense<0.125> : tensor<f32>} : () -> tensor<f32>
  %t = bert.mul %s, %c : (tensor<2x3x5x5xf32>, tensor<f32>) -> tensor<2x3x5x5xf32>
  %u = bert.add %t, %m : (tensor<2x3x5x5xf32>, tensor<2x1x1x5xf32>) -> tensor<2x3x5x5xf32>
  %p = bert.softmax %u : (tensor<2x3x5x5xf32>) -> tensor<2x3x5x5xf32>
  %d = bert.dropout %p, %r {rate = 0.5 : f32, op_id = 3 : i32} : (tensor<2x3x5x5xf32>, tensor<4xi32>) -> tensor<2x3x5x5xf32>
  return %d, %p : tensor<2x3x5x5xf32>, tensor<2x3x5x5xf32>
)");
}

TEST(Fused, AttentionSoftmaxWithoutRngKeepsEverything) {
  std::vector<Tensor> y = evaluate(
      "bert.attention_softmax %0, %1 {scale = 2.0 : f32, rate = 0.0 : f32, "
      "op_id = 3 : i32} : (tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32>) -> "
      "(tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32>)",
      {floats({1, 1, 1, 2}, {0, 0.5}), floats({1, 1, 1, 2}, {1, 0})});
  EXPECT_THAT(y[0].values, near({0.5, 0.5}));
  EXPECT_THAT(y[1].values, near({0.5, 0.5}));
}

TEST(Fused, AttentionSoftmaxGrad) {
  expectSame("func.func @f(%g: tensor<2x3x5x5xf32>, %p: tensor<2x3x5x5xf32>, "
             "%r: tensor<4xi32>) -> tensor<2x3x5x5xf32> {\n",
             R"(
  %d = bert.attention_softmax_grad %g, %p, %r {scale = 0.125 : f32, rate = 0.5 : f32, op_id = 3 : i32} : (tensor<2x3x5x5xf32>, tensor<2x3x5x5xf32>, tensor<4xi32>) -> tensor<2x3x5x5xf32>
  return %d : tensor<2x3x5x5xf32>
)",
             R"(
  %c = bert.constant {value = dense<0.125> : tensor<f32>} : () -> tensor<f32>
  %e = bert.dropout_grad %g, %r {rate = 0.5 : f32, op_id = 3 : i32} : (tensor<2x3x5x5xf32>, tensor<4xi32>) -> tensor<2x3x5x5xf32>
  %s = bert.softmax_grad %e, %p : (tensor<2x3x5x5xf32>, tensor<2x3x5x5xf32>) -> tensor<2x3x5x5xf32>
  %d = bert.mul %s, %c : (tensor<2x3x5x5xf32>, tensor<f32>) -> tensor<2x3x5x5xf32>
  return %d : tensor<2x3x5x5xf32>
)");
}

TEST(Fused, ResidualLayerNorm) {
  expectSame("func.func @f(%x: tensor<4x6xf32>, %res: tensor<4x6xf32>, %g: "
             "tensor<6xf32>, %b: tensor<6xf32>, %r: tensor<4xi32>) -> "
             "(tensor<4x6xf32>, tensor<4x6xf32>, tensor<4xf32>, "
             "tensor<4xf32>) {\n",
             R"(
  %y, %z, %m, %s = bert.residual_layer_norm %x, %res, %g, %b, %r {eps = 1.0e-12 : f32, rate = 0.25 : f32, op_id = 4 : i32} : (tensor<4x6xf32>, tensor<4x6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<4xi32>) -> (tensor<4x6xf32>, tensor<4x6xf32>, tensor<4xf32>, tensor<4xf32>)
  return %y, %z, %m, %s : tensor<4x6xf32>, tensor<4x6xf32>, tensor<4xf32>, tensor<4xf32>
)",
             R"(
  %d = bert.dropout %x, %r {rate = 0.25 : f32, op_id = 4 : i32} : (tensor<4x6xf32>, tensor<4xi32>) -> tensor<4x6xf32>
  %z = bert.add %d, %res : (tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<4x6xf32>
  %y, %m, %s = bert.layer_norm %z, %g, %b {eps = 1.0e-12 : f32} : (tensor<4x6xf32>, tensor<6xf32>, tensor<6xf32>) -> (tensor<4x6xf32>, tensor<4xf32>, tensor<4xf32>)
  return %y, %z, %m, %s : tensor<4x6xf32>, tensor<4x6xf32>, tensor<4xf32>, tensor<4xf32>
)");
}

TEST(Fused, ResidualLayerNormGrad) {
  expectSame("func.func @f(%dy: tensor<4x6xf32>, %z: tensor<4x6xf32>, %g: "
             "tensor<6xf32>, %m: tensor<4xf32>, %s: tensor<4xf32>, %r: "
             "tensor<4xi32>) -> (tensor<4x6xf32>, tensor<4x6xf32>, "
             "tensor<6xf32>, tensor<6xf32>) {\n",
             R"(
  %dx, %dr, %dg, %db = bert.residual_layer_norm_grad %dy, %z, %g, %m, %s, %r {rate = 0.25 : f32, op_id = 4 : i32} : (tensor<4x6xf32>, tensor<4x6xf32>, tensor<6xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> (tensor<4x6xf32>, tensor<4x6xf32>, tensor<6xf32>, tensor<6xf32>)
  return %dx, %dr, %dg, %db : tensor<4x6xf32>, tensor<4x6xf32>, tensor<6xf32>, tensor<6xf32>
)",
             R"(
  %dr, %dg, %db = bert.layer_norm_grad %dy, %z, %g, %m, %s : (tensor<4x6xf32>, tensor<4x6xf32>, tensor<6xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4x6xf32>, tensor<6xf32>, tensor<6xf32>)
  %dx = bert.dropout_grad %dr, %r {rate = 0.25 : f32, op_id = 4 : i32} : (tensor<4x6xf32>, tensor<4xi32>) -> tensor<4x6xf32>
  return %dx, %dr, %dg, %db : tensor<4x6xf32>, tensor<4x6xf32>, tensor<6xf32>, tensor<6xf32>
)");
}

TEST(Fused, AccumulateAddsAScaledTensor) {
  EXPECT_THAT(
      values("bert.accumulate %0, %1, %2 : (tensor<2xf32>, "
             "tensor<2xf32>, tensor<f32>) -> tensor<2xf32>",
             {floats({2}, {1, 2}), floats({2}, {10, 20}), floats({}, {0.5})}),
      testing::ElementsAre(6, 12));
}

} // namespace
} // namespace bertc::interpret
