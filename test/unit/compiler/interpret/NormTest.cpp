// SPDX-License-Identifier: Apache-2.0
#include "runtime/kernels/philox/Philox.h"
#include "test/unit/compiler/interpret/Evaluate.h"

#include <cmath>

namespace bertc::interpret {
namespace {

using testing::ElementsAre;

TEST(Norm, SoftmaxOfLogarithmsIsProportions) {
  // Shifted by 1000: the largest of the row is subtracted first.
  Tensor x = floats({2, 3}, {1000, 1000 + M_LN2, 1000, std::log(1.0),
                             std::log(2.0), std::log(5.0)});
  EXPECT_THAT(
      values("bert.softmax %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>", {x}),
      near({0.25, 0.5, 0.25, 0.125, 0.25, 0.625}));
  EXPECT_THAT(
      values("bert.log_softmax %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>", {x}),
      near({std::log(0.25), std::log(0.5), std::log(0.25), std::log(0.125),
            std::log(0.25), std::log(0.625)}));
}

TEST(Norm, SoftmaxGradients) {
  const char *types = " : (tensor<1x2xf32>, tensor<1x2xf32>) -> "
                      "tensor<1x2xf32>";
  Tensor dy = floats({1, 2}, {1, 3});
  // y . dy = 2.5; dx = y (dy - 2.5)
  EXPECT_THAT(values(std::string("bert.softmax_grad %0, %1") + types,
                     {dy, floats({1, 2}, {0.25, 0.75})}),
              near({0.25 * -1.5, 0.75 * 0.5}));
  EXPECT_THAT(values(std::string("bert.log_softmax_grad %0, %1") + types,
                     {dy, floats({1, 2}, {std::log(0.25), std::log(0.75)})}),
              near({1 - 0.25 * 4, 3 - 0.75 * 4}));
}

TEST(Norm, LayerNormOfTwoElementsIsPlusMinusOne) {
  std::vector<Tensor> y = evaluate(
      "bert.layer_norm %0, %1, %2 {eps = 0.0 : f32} : (tensor<2x2xf32>, "
      "tensor<2xf32>, tensor<2xf32>) -> (tensor<2x2xf32>, tensor<2xf32>, "
      "tensor<2xf32>)",
      {floats({2, 2}, {1, 5, 7, 6}), floats({2}, {2, 3}),
       floats({2}, {10, 20})});
  EXPECT_THAT(y[0].values, near({8, 23, 12, 17}));
  EXPECT_THAT(y[1].values, near({3, 6.5}));
  EXPECT_THAT(y[2].values, near({0.5, 2}));
}

TEST(Norm, LayerNormAddsEpsToTheVariance) {
  std::vector<Tensor> y = evaluate(
      "bert.layer_norm %0, %1, %2 {eps = 5.0 : f32} : (tensor<1x2xf32>, "
      "tensor<2xf32>, tensor<2xf32>) -> (tensor<1x2xf32>, tensor<1xf32>, "
      "tensor<1xf32>)",
      {floats({1, 2}, {1, 5}), floats({2}, {1, 1}), floats({2}, {0, 0})});
  EXPECT_THAT(y[2].values, near({1.0 / 3}));
}

TEST(Norm, LayerNormGradient) {
  // x = (-1, 0, 1) up to scale: mean 0, rstd sqrt(3/2), h = rstd x.
  double r = std::sqrt(1.5);
  std::vector<Tensor> y = evaluate(
      "bert.layer_norm_grad %0, %1, %2, %3, %4 : (tensor<1x3xf32>, "
      "tensor<1x3xf32>, tensor<3xf32>, tensor<1xf32>, tensor<1xf32>) -> "
      "(tensor<1x3xf32>, tensor<3xf32>, tensor<3xf32>)",
      {floats({1, 3}, {1, 2, 6}), floats({1, 3}, {-1, 0, 1}),
       floats({3}, {1, 1, 1}), floats({1}, {0}), floats({1}, {r})});
  // mean g = 3, mean g h = 5 r / 3; dx = r (g - 3 - h 5 r / 3), r^2 = 3/2
  EXPECT_THAT(y[0].values,
              near({r * (1 - 3 + 2.5), r * (2 - 3), r * (6 - 3 - 2.5)}));
  EXPECT_THAT(y[1].values, near({-r, 0, 6 * r}));
  EXPECT_THAT(y[2].values, near({1, 2, 6}));
}

std::string dropoutLine(const std::string &op, const std::string &rate) {
  return "bert." + op + " %0, %1 {rate = " + rate +
         " : f32, op_id = 7 : i32} : (tensor<2x200xf32>, tensor<4xi32>) -> "
         "tensor<2x200xf32>";
}

TEST(Norm, DropoutKeepsWhatPhiloxSays) {
  Tensor x = Tensor::zeros(DataType::F32, {2, 200});
  for (int64_t i = 0; i < x.size(); ++i) {
    x[i] = 1 + i;
  }
  Tensor rng = integers({4}, {5, -6, 3, 0});
  philox::DropoutKey key{5, 0xfffffffau, 3, 7};
  philox::DropoutScale scale = philox::dropoutScale(0.25f);
  for (const char *op : {"dropout", "dropout_grad"}) {
    std::vector<double> y = values(dropoutLine(op, "0.25"), {x, rng});
    int kept = 0;
    for (int64_t i = 0; i < x.size(); ++i) {
      bool keeps = philox::dropoutKeeps(key, scale, i);
      kept += keeps;
      ASSERT_EQ(y[i], keeps ? x[i] * scale.factor : 0) << op << " at " << i;
    }
    EXPECT_GT(kept, 250);
    EXPECT_LT(kept, 350);
  }
}

TEST(Norm, DropoutOfRowsKeepsWhatThoseRowsDo) {
  Tensor all = Tensor::zeros(DataType::F32, {6, 200});
  for (int64_t i = 0; i < all.size(); ++i) {
    all[i] = 1 + i;
  }
  Tensor rng = integers({4}, {5, -6, 3, 0});
  const std::string tail = " {rate = 0.25 : f32, op_id = 7 : i32} : (";
  for (const std::string op : {"bert.dropout", "bert.dropout_grad"}) {
    std::vector<double> whole =
        values(op + " %0, %1" + tail +
                   "tensor<6x200xf32>, tensor<4xi32>) -> tensor<6x200xf32>",
               {all, rng});
    Tensor some = Tensor::zeros(DataType::F32, {3, 200});
    std::vector<double> expected;
    for (int64_t row : {4, 0, 4}) {
      for (int64_t c = 0; c < 200; ++c) {
        some[static_cast<int64_t>(expected.size())] = all[row * 200 + c];
        expected.push_back(whole[row * 200 + c]);
      }
    }
    EXPECT_EQ(values(op + " %0, %1, %2" + tail +
                         "tensor<3x200xf32>, tensor<4xi32>, tensor<3xi32>) -> "
                         "tensor<3x200xf32>",
                     {some, rng, integers({3}, {4, 0, 4})}),
              expected)
        << op;
  }
}

TEST(Norm, DropoutOffIsTheIdentity) {
  Tensor x = Tensor::zeros(DataType::F32, {2, 200});
  x.values.assign(400, 3.0);
  EXPECT_EQ(
      values(dropoutLine("dropout", "0.25"), {x, integers({4}, {5, 6, 3, 1})}),
      x.values);
  EXPECT_EQ(
      values(dropoutLine("dropout", "0.0"), {x, integers({4}, {5, 6, 3, 0})}),
      x.values);
}

} // namespace
} // namespace bertc::interpret
