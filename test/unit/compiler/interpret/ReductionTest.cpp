// SPDX-License-Identifier: Apache-2.0
#include "test/unit/compiler/interpret/Evaluate.h"

namespace bertc::interpret {
namespace {

using testing::ElementsAre;

const Tensor kX = floats({2, 3}, {1, 5, 3, 4, 2, 6});

TEST(Reduction, SumOverEachAndAllAxes) {
  auto line = [](const std::string &axes, const std::string &type) {
    return "bert.reduce_sum %0 {axes = array<i64" + axes +
           ">} : (tensor<2x3xf32>) -> " + type;
  };
  EXPECT_THAT(values(line(": 0", "tensor<3xf32>"), {kX}), ElementsAre(5, 7, 9));
  EXPECT_THAT(values(line(": 1", "tensor<2xf32>"), {kX}), ElementsAre(9, 12));
  EXPECT_THAT(values(line(": 0, 1", "tensor<f32>"), {kX}), ElementsAre(21));
  EXPECT_THAT(values(line("", "tensor<2x3xf32>"), {kX}),
              ElementsAre(1, 5, 3, 4, 2, 6));
}

TEST(Reduction, MeanDividesByWhatWasSummed) {
  std::vector<Tensor> y =
      evaluate("bert.reduce_mean %0 {axes = array<i64: 1>, keep_dims} : "
               "(tensor<2x3xf32>) -> tensor<2x1xf32>",
               {kX});
  EXPECT_THAT(y[0].shape, ElementsAre(2, 1));
  EXPECT_THAT(y[0].values, near({3, 4}));
}

TEST(Reduction, MaxOfNegativeNumbersIsNegative) {
  EXPECT_THAT(values("bert.reduce_max %0 {axes = array<i64: 0>} : "
                     "(tensor<2x2xf32>) -> tensor<2xf32>",
                     {floats({2, 2}, {-1, -2, -3, -1.5})}),
              ElementsAre(-1, -1.5));
}

TEST(Reduction, ArgmaxTakesTheFirstOfEquals) {
  EXPECT_THAT(values("bert.argmax %0 : (tensor<2x3xf32>) -> tensor<2xi32>",
                     {floats({2, 3}, {1, 7, 7, 9, 2, 9})}),
              ElementsAre(1, 0));
}

TEST(Reduction, L2LossIsHalfTheSquares) {
  EXPECT_THAT(values("bert.l2_loss %0 : (tensor<2xf32>) -> tensor<f32>",
                     {floats({2}, {3, 4})}),
              ElementsAre(12.5));
}

} // namespace
} // namespace bertc::interpret
