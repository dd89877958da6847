// SPDX-License-Identifier: Apache-2.0
//
// Each fused operation against the plain operations that its description is
// composed of, on random tensors without rounding.
#include "compiler/interpret/Compare.h"
#include "test/unit/compiler/interpret/Evaluate.h"

#include <cmath>

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

TEST(Fused, MatmulEpilogue) {
  expectSame("func.func @f(%a: tensor<3x2xf32>, %b: tensor<4x3xf32>, %bias: "
             "tensor<4xf32>, %f: tensor<2x4xf32>, %r: tensor<2x4xf32>) -> "
             "tensor<2x4xf32> {\n",
             R"(
  %c = bert.matmul_epilogue %a, %b bias %bias factor %f residual %r {activation = #bert.activation<gelu_tanh>, transpose_a, transpose_b} : (tensor<3x2xf32>, tensor<4x3xf32>, tensor<4xf32>, tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %c : tensor<2x4xf32>
)",
             R"(
  %m = bert.matmul_bias %a, %b, %bias {transpose_a, transpose_b} : (tensor<3x2xf32>, tensor<4x3xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %g = bert.gelu %m {approximate = #bert.gelu<tanh>} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %p = bert.mul %g, %f : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %c = bert.add %p, %r : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %c : tensor<2x4xf32>
)");
}

TEST(Fused, ActivationsOfMatmulEpilogue) {
  auto applied = [](const std::string &activation) {
    return values("bert.matmul_epilogue %0, %1 {activation = "
                  "#bert.activation<" +
                      activation +
                      ">} : (tensor<1x1xf32>, tensor<1x2xf32>) -> "
                      "tensor<1x2xf32>",
                  {floats({1, 1}, {1}), floats({1, 2}, {-1, 1})});
  };
  EXPECT_THAT(applied("relu"), near({0, 1}));
  EXPECT_THAT(applied("tanh"), near({-std::tanh(1.0), std::tanh(1.0)}));
  EXPECT_THAT(applied("gelu"),
              near({-0.15865525393145707, 0.8413447460685429}));
}

TEST(Fused, GeluWithDerivative) {
  for (const char *form : {"none", "tanh"}) {
    std::string attribute =
        std::string("{approximate = #bert.gelu<") + form + ">}";
    expectSame("func.func @f(%x: tensor<7xf32>, %one: tensor<7xf32>) -> "
               "(tensor<7xf32>, tensor<7xf32>) {\n",
               "  %y, %d = bert.gelu_with_derivative %x " + attribute +
                   " : (tensor<7xf32>) -> (tensor<7xf32>, tensor<7xf32>)\n"
                   "  %e = bert.mul %d, %one : (tensor<7xf32>, "
                   "tensor<7xf32>) -> tensor<7xf32>\n"
                   "  return %y, %e : tensor<7xf32>, tensor<7xf32>\n",
               "  %y = bert.gelu %x " + attribute +
                   " : (tensor<7xf32>) -> tensor<7xf32>\n"
                   "  %e = bert.gelu_grad %one, %x " +
                   attribute +
                   " : (tensor<7xf32>, tensor<7xf32>) -> tensor<7xf32>\n"
                   "  return %y, %e : tensor<7xf32>, tensor<7xf32>\n");
  }
}

TEST(Fused, GeluBackward) {
  for (const char *form : {"none", "tanh"}) {
    std::string attribute =
        std::string("{approximate = #bert.gelu<") + form + ">}";
    expectSame("func.func @f(%dy: tensor<3x2xf32>, %x: tensor<3x2xf32>) -> "
               "(tensor<3x2xf32>, tensor<3x2xf32>, tensor<2xf32>) {\n",
               "  %y, %dx, %db = bert.gelu_backward %dy, %x " + attribute +
                   " : (tensor<3x2xf32>, tensor<3x2xf32>) -> "
                   "(tensor<3x2xf32>, tensor<3x2xf32>, tensor<2xf32>)\n"
                   "  return %y, %dx, %db : tensor<3x2xf32>, "
                   "tensor<3x2xf32>, tensor<2xf32>\n",
               "  %y = bert.gelu %x " + attribute +
                   " : (tensor<3x2xf32>) -> tensor<3x2xf32>\n"
                   "  %dx = bert.gelu_grad %dy, %x " +
                   attribute +
                   " : (tensor<3x2xf32>, tensor<3x2xf32>) -> "
                   "tensor<3x2xf32>\n"
                   "  %db = bert.bias_add_grad %dx : (tensor<3x2xf32>) -> "
                   "tensor<2xf32>\n"
                   "  return %y, %dx, %db : tensor<3x2xf32>, "
                   "tensor<3x2xf32>, tensor<2xf32>\n");
  }
}

TEST(Fused, MatmulGroup) {
  std::vector<Tensor> inputs = {floats({2, 2}, {1, 2, 3, 4}),
                                floats({2, 1}, {1, 10}),
                                floats({2, 2}, {100, 0, 0, 1000})};
  std::vector<Tensor> y = evaluate(
      "bert.matmul_group %0, %1, %2 : (tensor<2x2xf32>, tensor<2x1xf32>, "
      "tensor<2x2xf32>) -> (tensor<2x1xf32>, tensor<2x2xf32>)",
      inputs);
  EXPECT_THAT(y[0].values, testing::ElementsAre(21, 43));
  EXPECT_THAT(y[1].values, testing::ElementsAre(100, 2000, 300, 4000));
  inputs.push_back(floats({1}, {7}));
  inputs.push_back(floats({2}, {8, 9}));
  y = evaluate("bert.matmul_group %0, %1, %2 bias %3, %4 : (tensor<2x2xf32>, "
               "tensor<2x1xf32>, tensor<2x2xf32>, tensor<1xf32>, "
               "tensor<2xf32>) -> (tensor<2x1xf32>, tensor<2x2xf32>)",
               inputs);
  EXPECT_THAT(y[0].values, testing::ElementsAre(28, 50));
  EXPECT_THAT(y[1].values, testing::ElementsAre(108, 2009, 308, 4009));
}

TEST(Fused, MatmulBiasGrad) {
  std::vector<Tensor> y = evaluate(
      "bert.matmul_bias_grad %0, %1 : (tensor<2x1xf32>, tensor<2x2xf32>) -> "
      "(tensor<1x2xf32>, tensor<2xf32>)",
      {floats({2, 1}, {2, 3}), floats({2, 2}, {1, 10, 100, 1000})});
  EXPECT_THAT(y[0].values, testing::ElementsAre(302, 3020));
  EXPECT_THAT(y[1].values, testing::ElementsAre(101, 1010));
}

TEST(Fused, GatherGradAdd) {
  EXPECT_THAT(values("bert.gather_grad_add %0, %1, %2 : (tensor<3x2xf32>, "
                     "tensor<2x2xf32>, tensor<2xi32>) -> tensor<3x2xf32>",
                     {floats({3, 2}, {1, 1, 1, 1, 1, 1}),
                      floats({2, 2}, {1, 2, 3, 4}), integers({2}, {2, 2})}),
              testing::ElementsAre(1, 1, 1, 1, 5, 7));
}

// 1 + 2^-8 is half way to the next bf16 and would be 1 again; the sum of both
// rows is a whole step.
TEST(Fused, GatherGradAddRoundsABaseOfBf16Once) {
  const double half = 0.00390625;
  EXPECT_THAT(
      values("bert.gather_grad_add %0, %1, %2 : (tensor<3x1xbf16>, "
             "tensor<3x1xbf16>, tensor<3xi32>) -> tensor<3x1xbf16>",
             {floats({3, 1}, {1, 1, 1}), floats({3, 1}, {half, half, half}),
              integers({3}, {2, 0, 2})},
             Rounding::AsTyped),
      testing::ElementsAre(1, 1, 1 + 2 * half));
}

TEST(Fused, CrossEntropy) {
  std::vector<Tensor> y = evaluate(
      "bert.cross_entropy %0, %1 : (tensor<2x2xf32>, tensor<2xi32>) -> "
      "(tensor<2xf32>, tensor<2xf32>)",
      {floats({2, 2}, {0, 0, 1000, 999}), integers({2}, {1, 0})});
  EXPECT_THAT(y[0].values, near({std::log(2.0), 0.31326168751822286}));
  EXPECT_THAT(y[1].values, near({std::log(2.0), 1000.3132616875182}));
}

TEST(Fused, CrossEntropyGrad) {
  EXPECT_THAT(values("bert.cross_entropy_grad %0, %1, %2, %3 : (tensor<1xf32>, "
                     "tensor<1x2xf32>, tensor<1xf32>, tensor<1xi32>) -> "
                     "tensor<1x2xf32>",
                     {floats({1}, {2}), floats({1, 2}, {0, 0}),
                      floats({1}, {std::log(2.0)}), integers({1}, {1})}),
              near({1, -1}));
}

namespace attention {
const char kHeads[] = "tensor<2x3x5x4xf32>";
const char kPlain[] = R"(
  %s = bert.batch_matmul %q, %k {adj_y} : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>) -> tensor<2x3x5x5xf32>
  %d, %p = bert.attention_softmax %s, %m, %r {scale = 0.5 : f32, rate = 0.5 : f32, op_id = 3 : i32} : (tensor<2x3x5x5xf32>, tensor<2x1x1x5xf32>, tensor<4xi32>) -> (tensor<2x3x5x5xf32>, tensor<2x3x5x5xf32>)
  %o = bert.batch_matmul %d, %v : (tensor<2x3x5x5xf32>, tensor<2x3x5x4xf32>) -> tensor<2x3x5x4xf32>
)";
const char kFused[] = R"(
  %o, %l = bert.attention %q, %k, %v mask %m rng %r {scale = 0.5 : f32, rate = 0.5 : f32, op_id = 3 : i32} : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x1x1x5xf32>, tensor<4xi32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x5xf32>)
)";
std::string header(const std::string &results) {
  std::string heads = kHeads;
  return "func.func @f(%q: " + heads + ", %k: " + heads + ", %v: " + heads +
         ", %g: " + heads +
         ", %m: tensor<2x1x1x5xf32>, %r: tensor<4xi32>) -> " + results + " {\n";
}
} // namespace attention

TEST(Fused, Attention) {
  std::string heads = attention::kHeads;
  std::string ret = "  return %o : " + heads + "\n";
  expectSame(attention::header(heads), attention::kFused + ret,
             attention::kPlain + ret);
}

TEST(Fused, AttentionGrad) {
  std::string h = attention::kHeads;
  std::string ret =
      "  return %dq, %dk, %dv : " + h + ", " + h + ", " + h + "\n";
  expectSame(attention::header("(" + h + ", " + h + ", " + h + ")"),
             attention::kFused + std::string(R"(
  %dq, %dk, %dv = bert.attention_grad %g, %q, %k, %v, %l mask %m rng %r {scale = 0.5 : f32, rate = 0.5 : f32, op_id = 3 : i32} : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x5xf32>, tensor<2x1x1x5xf32>, tensor<4xi32>) -> (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>)
)") + ret,
             attention::kPlain + std::string(R"(
  %dd = bert.batch_matmul %g, %v {adj_y} : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>) -> tensor<2x3x5x5xf32>
  %dv = bert.batch_matmul %d, %g {adj_x} : (tensor<2x3x5x5xf32>, tensor<2x3x5x4xf32>) -> tensor<2x3x5x4xf32>
  %ds = bert.attention_softmax_grad %dd, %p, %r {scale = 0.5 : f32, rate = 0.5 : f32, op_id = 3 : i32} : (tensor<2x3x5x5xf32>, tensor<2x3x5x5xf32>, tensor<4xi32>) -> tensor<2x3x5x5xf32>
  %dq = bert.batch_matmul %ds, %k : (tensor<2x3x5x5xf32>, tensor<2x3x5x4xf32>) -> tensor<2x3x5x4xf32>
  %dk = bert.batch_matmul %ds, %q {adj_x} : (tensor<2x3x5x5xf32>, tensor<2x3x5x4xf32>) -> tensor<2x3x5x4xf32>
)") + ret);
}

// Query 0 sees keys 1 and 2, query 1 none.
TEST(Fused, AttentionLooksAtRangesOfKeysOnly) {
  std::vector<Tensor> y = evaluate(
      "bert.attention %0, %1, %2 ranges %3 {scale = 1.0 : f32, rate = 0.0 : "
      "f32, op_id = 3 : i32} : (tensor<1x1x2x1xf32>, tensor<1x1x3x1xf32>, "
      "tensor<1x1x3x1xf32>, tensor<1x2x2xi32>) -> (tensor<1x1x2x1xf32>, "
      "tensor<1x1x2xf32>)",
      {floats({1, 1, 2, 1}, {0, 0}), floats({1, 1, 3, 1}, {1, 1, 1}),
       floats({1, 1, 3, 1}, {100, 2, 4}), integers({1, 2, 2}, {1, 3, 0, 0})});
  EXPECT_THAT(y[0].values, near({3, 0}));
  EXPECT_THAT(y[1].values, near({std::log(2.0), 0}));
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
