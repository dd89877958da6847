// SPDX-License-Identifier: Apache-2.0
#include "test/unit/compiler/interpret/Evaluate.h"

namespace bertc::interpret {
namespace {

using testing::ElementsAre;

TEST(Shape, ConstantHoldsItsElements) {
  EXPECT_THAT(values("bert.constant {value = dense<[1.5, -2.0]> : "
                     "tensor<2xf32>} : () -> tensor<2xf32>",
                     {}),
              ElementsAre(1.5, -2));
  EXPECT_THAT(values("bert.constant {value = dense<-7> : tensor<2xi32>} : () "
                     "-> tensor<2xi32>",
                     {}),
              ElementsAre(-7, -7));
  EXPECT_THAT(values("bert.constant {value = dense<[true, false]> : "
                     "tensor<2xi1>} : () -> tensor<2xi1>",
                     {}),
              ElementsAre(1, 0));
}

TEST(Shape, ReshapeKeepsRowMajorOrder) {
  std::vector<Tensor> y =
      evaluate("bert.reshape %0 : (tensor<2x3xf32>) -> tensor<3x2xf32>",
               {floats({2, 3}, {1, 2, 3, 4, 5, 6})});
  EXPECT_THAT(y[0].shape, ElementsAre(3, 2));
  EXPECT_THAT(y[0].values, ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(Shape, TransposePermutesThreeDimensions) {
  EXPECT_THAT(values("bert.transpose %0 {permutation = array<i64: 2, 0, 1>} : "
                     "(tensor<1x2x3xf32>) -> tensor<3x1x2xf32>",
                     {floats({1, 2, 3}, {1, 2, 3, 4, 5, 6})}),
              ElementsAre(1, 4, 2, 5, 3, 6));
}

TEST(Shape, SliceAndItsGradientUseTheSameWindow) {
  EXPECT_THAT(values("bert.slice %0 {starts = array<i64: 0, 1>, sizes = "
                     "array<i64: 2, 2>} : (tensor<2x3xf32>) -> "
                     "tensor<2x2xf32>",
                     {floats({2, 3}, {1, 2, 3, 4, 5, 6})}),
              ElementsAre(2, 3, 5, 6));
  EXPECT_THAT(values("bert.slice_grad %0 {starts = array<i64: 0, 1>, "
                     "input_shape = array<i64: 2, 3>} : (tensor<2x2xf32>) -> "
                     "tensor<2x3xf32>",
                     {floats({2, 2}, {2, 3, 5, 6})}),
              ElementsAre(0, 2, 3, 0, 5, 6));
}

TEST(Shape, ConcatJoinsAlongTheAxis) {
  EXPECT_THAT(values("bert.concat %0, %1 {axis = 1 : i64} : (tensor<2x1xf32>, "
                     "tensor<2x2xf32>) -> tensor<2x3xf32>",
                     {floats({2, 1}, {1, 2}), floats({2, 2}, {3, 4, 5, 6})}),
              ElementsAre(1, 3, 4, 2, 5, 6));
}

TEST(Shape, BroadcastToRepeats) {
  EXPECT_THAT(
      values("bert.broadcast_to %0 : (tensor<2x1xf32>) -> tensor<2x2x2xf32>",
             {floats({2, 1}, {1, 2})}),
      ElementsAre(1, 1, 2, 2, 1, 1, 2, 2));
}

} // namespace
} // namespace bertc::interpret
