// SPDX-License-Identifier: Apache-2.0
#include "dialects/bert/BertShapes.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bertc::bert {
namespace {

using testing::ElementsAre;

TEST(BertShapes, BroadcastAlignsAtTheEnd) {
  EXPECT_THAT(*broadcastShapes({{2, 1, 4}, {3, 1}}), ElementsAre(2, 3, 4));
  EXPECT_THAT(*broadcastShapes({{}, {5}, {1}}), ElementsAre(5));
  EXPECT_FALSE(broadcastShapes({{2, 3}, {2}}));
  EXPECT_FALSE(broadcastShapes({{1}, {2}, {3}}));
}

TEST(BertShapes, ReductionDropsOrKeepsAxes) {
  EXPECT_THAT(*reducedShape({2, 3, 4}, {0, 2}, false), ElementsAre(3));
  EXPECT_THAT(*reducedShape({2, 3, 4}, {0, 2}, true), ElementsAre(1, 3, 1));
  EXPECT_FALSE(reducedShape({2, 3}, {1, 1}, false));
  EXPECT_FALSE(reducedShape({2, 3}, {2}, false));
  EXPECT_FALSE(reducedShape({2, 3}, {-1}, false));
}

TEST(BertShapes, GatherReplacesTheIndexedDimension) {
  EXPECT_THAT(*gatheredShape({9, 4}, {2, 3}, 0), ElementsAre(2, 3, 4));
  EXPECT_THAT(*gatheredShape({2, 9, 4}, {2, 3}, 1), ElementsAre(2, 3, 4));
  EXPECT_FALSE(gatheredShape({2, 9, 4}, {3, 3}, 1));
  EXPECT_FALSE(gatheredShape({9}, {9}, 1));
}

TEST(BertShapes, StatisticsAreAtLeastF32) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  mlir::Builder b(&context);
  auto rows = [&](mlir::Type element) {
    return mlir::RankedTensorType::get({2, 3}, element);
  };
  auto statistics = [&](mlir::Type element) {
    return mlir::RankedTensorType::get({2}, element);
  };
  EXPECT_EQ(statisticsType(rows(b.getBF16Type())), statistics(b.getF32Type()));
  EXPECT_EQ(statisticsType(rows(b.getF32Type())), statistics(b.getF32Type()));
  EXPECT_EQ(statisticsType(rows(b.getF64Type())), statistics(b.getF64Type()));
}

TEST(BertShapes, MatmulSizesFollowTranspositions) {
  MatmulSizes sizes = matmulSizes({7, 3, 2}, {7, 4, 5}, true, true);
  EXPECT_EQ(sizes.m, 2);
  EXPECT_EQ(sizes.ka, 3);
  EXPECT_EQ(sizes.kb, 5);
  EXPECT_EQ(sizes.n, 4);
}

TEST(BertShapes, TextOfShapes) {
  EXPECT_EQ(shapeText({2, 3}), "2x3");
  EXPECT_EQ(shapeText({}), "scalar");
}

} // namespace
} // namespace bertc::bert
