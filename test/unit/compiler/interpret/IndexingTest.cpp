// SPDX-License-Identifier: Apache-2.0
#include "test/unit/compiler/interpret/Evaluate.h"

namespace bertc::interpret {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const char *const kGather = "bert.gather %0, %1 : (tensor<3x2xf32>, "
                            "tensor<2xi32>) -> tensor<2x2xf32>";

TEST(Indexing, GatherReadsRows) {
  Tensor table = floats({3, 2}, {1, 2, 3, 4, 5, 6});
  EXPECT_THAT(values(kGather, {table, integers({2}, {2, 0})}),
              ElementsAre(5, 6, 1, 2));
}

TEST(Indexing, GatherStaysInsideItsBatch) {
  EXPECT_THAT(values("bert.gather %0, %1 {batch_dims = 1 : i64} : "
                     "(tensor<2x2x1xf32>, tensor<2x3xi32>) -> "
                     "tensor<2x3x1xf32>",
                     {floats({2, 2, 1}, {1, 2, 3, 4}),
                      integers({2, 3}, {1, 1, 0, 0, 1, 0})}),
              ElementsAre(2, 2, 1, 3, 4, 3));
}

TEST(Indexing, GatherGradSumsRowsPickedTwice) {
  EXPECT_THAT(
      values("bert.gather_grad %0, %1 {input_shape = array<i64: 3, "
             "2>} : (tensor<3x2xf32>, tensor<3xi32>) -> "
             "tensor<3x2xf32>",
             {floats({3, 2}, {1, 2, 3, 4, 5, 6}), integers({3}, {2, 0, 2})}),
      ElementsAre(3, 4, 0, 0, 6, 8));
  EXPECT_THAT(
      values("bert.gather_grad %0, %1 {batch_dims = 1 : i64, "
             "input_shape = array<i64: 2, 2>} : (tensor<2x2xf32>, "
             "tensor<2x2xi32>) -> tensor<2x2xf32>",
             {floats({2, 2}, {1, 2, 3, 4}), integers({2, 2}, {1, 1, 0, 1})}),
      ElementsAre(0, 3, 3, 4));
}

TEST(Indexing, NllAndItsGradientPickTheLabel) {
  EXPECT_THAT(
      values("bert.nll %0, %1 : (tensor<2x3xf32>, tensor<2xi32>) -> "
             "tensor<2xf32>",
             {floats({2, 3}, {-1, -2, -3, -4, -5, -6}), integers({2}, {2, 0})}),
      ElementsAre(3, 4));
  EXPECT_THAT(values("bert.nll_grad %0, %1 {num_classes = 3 : i64} : "
                     "(tensor<2xf32>, tensor<2xi32>) -> tensor<2x3xf32>",
                     {floats({2}, {7, 8}), integers({2}, {2, 0})}),
              ElementsAre(0, 0, -7, -8, 0, 0));
}

const char *const kRows =
    "bert.row_numbers %0, %1 {sequence_length = 5 : i64} : (tensor<2x3xi32>, "
    "tensor<2x1xi32>) -> tensor<8xi32>";

TEST(Indexing, RowNumbersCountOnBySequence) {
  EXPECT_THAT(values(kRows, {integers({2, 3}, {4, 0, 2, 1, 1, 3}),
                             integers({2, 1}, {0, 4})}),
              ElementsAre(4, 0, 2, 6, 6, 8, 0, 9));
}

TEST(Indexing, APositionOutsideTheSequenceIsAnError) {
  for (double position : {-1.0, 5.0}) {
    auto result = tryEvaluate(kRows, {integers({2, 3}, {4, 0, 2, 1, 1, 3}),
                                      integers({2, 1}, {0, position})});
    ASSERT_FALSE(result.ok());
    EXPECT_THAT(result.status().message(), HasSubstr("outside 0 .. 4"));
  }
}

TEST(Indexing, IndexOutsideTheTableIsAnError) {
  Tensor table = floats({3, 2}, {1, 2, 3, 4, 5, 6});
  for (double index : {-1.0, 3.0}) {
    auto result = tryEvaluate(kGather, {table, integers({2}, {0, index})});
    ASSERT_FALSE(result.ok());
    EXPECT_THAT(result.status().message(),
                HasSubstr("at position 1 is outside 0 .. 2"));
  }
  auto result = tryEvaluate("bert.nll %0, %1 : (tensor<1x3xf32>, "
                            "tensor<1xi32>) -> tensor<1xf32>",
                            {floats({1, 3}, {1, 2, 3}), integers({1}, {3})});
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.status().message(), HasSubstr("bert.nll: index 3"));
}

} // namespace
} // namespace bertc::interpret
