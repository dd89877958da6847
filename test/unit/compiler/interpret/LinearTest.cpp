// SPDX-License-Identifier: Apache-2.0
#include "test/unit/compiler/interpret/Evaluate.h"

namespace bertc::interpret {
namespace {

using testing::ElementsAre;

// [[1 2 3], [4 5 6]] times [[1 0], [0 1], [1 1]] = [[4 5], [10 11]].
const std::vector<double> kLeft = {1, 2, 3, 4, 5, 6};
const std::vector<double> kLeftT = {1, 4, 2, 5, 3, 6};
const std::vector<double> kRight = {1, 0, 0, 1, 1, 1};
const std::vector<double> kRightT = {1, 0, 1, 0, 1, 1};

TEST(Linear, MatmulInAllFourTranspositions) {
  auto line = [](const std::string &attributes, const std::string &types) {
    return "bert.matmul %0, %1 " + attributes + " : (" + types +
           ") -> tensor<2x2xf32>";
  };
  EXPECT_THAT(values(line("", "tensor<2x3xf32>, tensor<3x2xf32>"),
                     {floats({2, 3}, kLeft), floats({3, 2}, kRight)}),
              ElementsAre(4, 5, 10, 11));
  EXPECT_THAT(values(line("{transpose_a}", "tensor<3x2xf32>, tensor<3x2xf32>"),
                     {floats({3, 2}, kLeftT), floats({3, 2}, kRight)}),
              ElementsAre(4, 5, 10, 11));
  EXPECT_THAT(values(line("{transpose_b}", "tensor<2x3xf32>, tensor<2x3xf32>"),
                     {floats({2, 3}, kLeft), floats({2, 3}, kRightT)}),
              ElementsAre(4, 5, 10, 11));
  EXPECT_THAT(values(line("{transpose_a, transpose_b}",
                          "tensor<3x2xf32>, tensor<2x3xf32>"),
                     {floats({3, 2}, kLeftT), floats({2, 3}, kRightT)}),
              ElementsAre(4, 5, 10, 11));
}

TEST(Linear, BatchMatmulMultipliesEachPair) {
  EXPECT_THAT(values("bert.batch_matmul %0, %1 : (tensor<2x1x2xf32>, "
                     "tensor<2x2x1xf32>) -> tensor<2x1x1xf32>",
                     {floats({2, 1, 2}, {1, 2, 3, 4}),
                      floats({2, 2, 1}, {5, 6, 7, 8})}),
              ElementsAre(17, 53));
  EXPECT_THAT(values("bert.batch_matmul %0, %1 {adj_x, adj_y} : "
                     "(tensor<2x2x1xf32>, tensor<2x3x2xf32>) -> "
                     "tensor<2x1x3xf32>",
                     {floats({2, 2, 1}, {1, 2, 3, 4}),
                      floats({2, 3, 2}, {1, 0, 0, 1, 1, 1, 2, 0, 0, 2, 1, 1})}),
              ElementsAre(1, 2, 3, 6, 8, 7));
}

TEST(Linear, BiasAddAndItsGradient) {
  EXPECT_THAT(values("bert.bias_add %0, %1 : (tensor<2x2xf32>, tensor<2xf32>) "
                     "-> tensor<2x2xf32>",
                     {floats({2, 2}, {1, 2, 3, 4}), floats({2}, {10, 20})}),
              ElementsAre(11, 22, 13, 24));
  EXPECT_THAT(
      values("bert.bias_add_grad %0 : (tensor<2x1x2xf32>) -> tensor<2xf32>",
             {floats({2, 1, 2}, {1, 2, 3, 4})}),
      ElementsAre(4, 6));
}

} // namespace
} // namespace bertc::interpret
