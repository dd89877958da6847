// SPDX-License-Identifier: Apache-2.0
#include "test/unit/compiler/interpret/Evaluate.h"

#include <cmath>

namespace bertc::interpret {
namespace {

using testing::ElementsAre;

std::string unary(const std::string &op, const std::string &attributes = "") {
  return "bert." + op + " %0 " + attributes +
         " : (tensor<3xf32>) -> tensor<3xf32>";
}

std::string binary(const std::string &op) {
  return "bert." + op +
         " %0, %1 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>";
}

TEST(Elementwise, UnaryOperationsAreTheirFormulas) {
  Tensor x = floats({3}, {0.25, 1, 4});
  EXPECT_THAT(values(unary("neg"), {x}), ElementsAre(-0.25, -1, -4));
  EXPECT_THAT(values(unary("exp"), {x}),
              near({std::exp(0.25), M_E, std::exp(4.0)}));
  EXPECT_THAT(values(unary("log"), {x}), near({-2 * M_LN2, 0, 2 * M_LN2}));
  EXPECT_THAT(values(unary("sqrt"), {x}), ElementsAre(0.5, 1, 2));
  EXPECT_THAT(values(unary("rsqrt"), {x}), ElementsAre(2, 1, 0.5));
  EXPECT_THAT(values(unary("identity"), {x}), ElementsAre(0.25, 1, 4));
}

TEST(Elementwise, TanhOfLogarithmsIsRational) {
  // tanh(ln a) = (a^2 - 1) / (a^2 + 1)
  Tensor x = floats({3}, {0, M_LN2, -std::log(3.0)});
  EXPECT_THAT(values(unary("tanh"), {x}), near({0, 0.6, -0.8}));
}

TEST(Elementwise, ReluKeepsNan) {
  std::vector<double> y =
      values(unary("relu"), {floats({3}, {-1, 2, std::nan("")})});
  EXPECT_EQ(y[0], 0);
  EXPECT_EQ(y[1], 2);
  EXPECT_TRUE(std::isnan(y[2]));
}

TEST(Elementwise, GeluMatchesTheNormalDistribution) {
  // x times the standard normal distribution function, from tables.
  EXPECT_THAT(values(unary("gelu"), {floats({3}, {0, 1, -2})}),
              near({0, 0.8413447460685429, -2 * 0.022750131948179195}));
}

TEST(Elementwise, GeluTanhFormDiffersFromErfForm) {
  double u = std::sqrt(2 / M_PI) * 1.044715;
  EXPECT_THAT(values(unary("gelu", "{approximate = #bert.gelu<tanh>}"),
                     {floats({3}, {0, 1, -1})}),
              near({0, (1 + std::tanh(u)) / 2, -(1 - std::tanh(u)) / 2}));
}

TEST(Elementwise, BinaryOperationsBroadcast) {
  Tensor x = floats({2, 3}, {1, 2, 3, 4, 5, 6}), y = floats({3}, {4, 2, 1});
  EXPECT_THAT(values(binary("add"), {x, y}), ElementsAre(5, 4, 4, 8, 7, 7));
  EXPECT_THAT(values(binary("sub"), {x, y}), ElementsAre(-3, 0, 2, 0, 3, 5));
  EXPECT_THAT(values(binary("mul"), {x, y}), ElementsAre(4, 4, 3, 16, 10, 6));
  EXPECT_THAT(values(binary("div"), {x, y}),
              ElementsAre(0.25, 1, 3, 1, 2.5, 6));
  EXPECT_THAT(values(binary("maximum"), {x, y}), ElementsAre(4, 2, 3, 4, 5, 6));
  EXPECT_THAT(values(binary("minimum"), {x, y}), ElementsAre(1, 2, 1, 4, 2, 1));
}

TEST(Elementwise, MiddleDimensionsBroadcast) {
  EXPECT_THAT(
      values("bert.add %0, %1 : (tensor<2x1x2xf32>, tensor<2x1xf32>) "
             "-> tensor<2x2x2xf32>",
             {floats({2, 1, 2}, {1, 2, 3, 4}), floats({2, 1}, {10, 20})}),
      ElementsAre(11, 12, 21, 22, 13, 14, 23, 24));
}

TEST(Elementwise, MaximumAndMinimumPropagateNan) {
  Tensor x = floats({2, 3}, {1, 2, 3, std::nan(""), 5, 6});
  Tensor y = floats({3}, {0, std::nan(""), 0});
  for (const char *op : {"maximum", "minimum"}) {
    std::vector<double> z = values(binary(op), {x, y});
    EXPECT_TRUE(std::isnan(z[1])) << op;
    EXPECT_TRUE(std::isnan(z[3])) << op;
    EXPECT_FALSE(std::isnan(z[0])) << op;
  }
}

TEST(Elementwise, CompareCoversAllPredicates) {
  Tensor x = integers({3}, {1, 2, 3}), y = integers({3}, {2, 2, 2});
  auto compare = [&](const std::string &predicate) {
    return values("bert.compare %0, %1 {predicate = #bert.predicate<" +
                      predicate +
                      ">} : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi1>",
                  {x, y});
  };
  EXPECT_THAT(compare("eq"), ElementsAre(0, 1, 0));
  EXPECT_THAT(compare("ne"), ElementsAre(1, 0, 1));
  EXPECT_THAT(compare("lt"), ElementsAre(1, 0, 0));
  EXPECT_THAT(compare("le"), ElementsAre(1, 1, 0));
  EXPECT_THAT(compare("gt"), ElementsAre(0, 0, 1));
  EXPECT_THAT(compare("ge"), ElementsAre(0, 1, 1));
}

TEST(Elementwise, SelectBroadcastsAllThree) {
  EXPECT_THAT(values("bert.select %0, %1, %2 : (tensor<2x1xi1>, "
                     "tensor<2x2xf32>, tensor<f32>) -> tensor<2x2xf32>",
                     {booleans({2, 1}, {1, 0}), floats({2, 2}, {1, 2, 3, 4}),
                      floats({}, {9})}),
              ElementsAre(1, 2, 9, 9));
}

TEST(Elementwise, AddNSumsAllOperands) {
  EXPECT_THAT(values("bert.add_n %0, %1, %2 : (tensor<2xf32>, tensor<2xf32>, "
                     "tensor<2xf32>) -> tensor<2xf32>",
                     {floats({2}, {1, 2}), floats({2}, {10, 20}),
                      floats({2}, {100, 200})}),
              ElementsAre(111, 222));
}

TEST(Elementwise, CastTruncatesRoundsAndTests) {
  Tensor x = floats({4}, {-1.9, 1.9, 0, 1e20});
  EXPECT_THAT(values("bert.cast %0 : (tensor<4xf32>) -> tensor<4xi32>", {x}),
              ElementsAre(-1, 1, 0, 2147483647));
  EXPECT_THAT(values("bert.cast %0 : (tensor<4xf32>) -> tensor<4xi1>", {x}),
              ElementsAre(1, 1, 0, 1));
  // 1 + 2^-8 lies half way between two bf16 numbers; the even one is 1.
  EXPECT_THAT(values("bert.cast %0 : (tensor<2xf32>) -> tensor<2xbf16>",
                     {floats({2}, {1 + 0x1p-8, 1 + 3 * 0x1p-8})},
                     Rounding::AsTyped),
              ElementsAre(1, 1 + 0x1p-6));
}

TEST(Elementwise, ActivationGradientsAreTheirFormulas) {
  auto line = [](const std::string &op, const std::string &attributes = "") {
    return "bert." + op + " %0, %1 " + attributes +
           " : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>";
  };
  EXPECT_THAT(values(line("tanh_grad"),
                     {floats({2}, {0.5, -0.2}), floats({2}, {2, 10})}),
              near({1.5, 9.6}));
  EXPECT_THAT(
      values(line("relu_grad"), {floats({2}, {5, 7}), floats({2}, {1, -1})}),
      ElementsAre(5, 0));
  // At 0 the derivative of gelu is 1/2 in either form.
  EXPECT_THAT(
      values(line("gelu_grad"), {floats({2}, {1, 3}), floats({2}, {0, 1})}),
      near({0.5,
            3 * (0.8413447460685429 + std::exp(-0.5) / std::sqrt(2 * M_PI))}));
  EXPECT_THAT(values(line("gelu_grad", "{approximate = #bert.gelu<tanh>}"),
                     {floats({2}, {1, 3}), floats({2}, {0, 0})}),
              near({0.5, 1.5}));
}

} // namespace
} // namespace bertc::interpret
