// SPDX-License-Identifier: Apache-2.0
#include "run/ProductTable.h"
#include "run/Quantile.h"
#include "test/unit/runtime/PlanBuilder.h"

#include <gtest/gtest.h>

using namespace bertc;

namespace {

/// Two layers of one product with a bias, then one that adds to its residual.
StatusOr<rt::Plan> threeProducts() {
  rt::test::PlanBuilder b;
  uint32_t x = b.arena({8, 16}), w = b.arena({16, 16}), bias = b.arena({16});
  b.input("x", x);
  b.input("w", w);
  b.input("bias", bias);
  uint32_t y = b.arena({8, 16}), z = b.arena({8, 16});
  b.step(plan::MatmulParamsT(), {x, w, bias}, {y});
  b.step(plan::MatmulParamsT(), {y, w, bias}, {z});
  uint32_t flipped = b.view(w, {16, 16}, {1, 16});
  b.step(plan::MatmulParamsT(), {z, flipped, rt::kNoOperand, y}, {y});
  return b.load();
}

void addRun(const rt::ProfileHook &hook, double scale) {
  for (uint32_t i = 0; i < 3; ++i) {
    std::string scope = "layer_" + std::to_string(i + 9) + "/MatMul";
    int64_t ns = static_cast<int64_t>(scale * 1e6 * (i + 1));
    hook({"main", i, scope.c_str(), "Matmul", "brg", 0, 0, 100, 100 + ns});
  }
}

TEST(ProductTable, groupsEqualProductsAndSumsMedians) {
  StatusOr<rt::Plan> loaded = threeProducts();
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  StepTimes times;
  for (double scale : {1.0, 1.0, 50.0}) {
    addRun(times.hook(), scale);
  }
  rt::GemmTime alone;
  alone.shape = {1, 8, 16, 16};
  alone.seconds = 0.5e-3;
  auto rows = times.productRows(*loaded, "main", {alone});
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  ASSERT_EQ(rows->size(), 2u);
  const ProductRow &bias = (*rows)[0].count == 2 ? (*rows)[0] : (*rows)[1];
  const ProductRow &residual = (*rows)[0].count == 2 ? (*rows)[1] : (*rows)[0];
  EXPECT_EQ(bias.count, 2);
  EXPECT_EQ(bias.shape, "8x16x16");
  EXPECT_EQ(bias.layout, "nn");
  EXPECT_EQ(bias.epilogue, "bias");
  EXPECT_EQ(bias.scope, "layer_#/MatMul");
  EXPECT_DOUBLE_EQ(bias.ms, 3.0);
  EXPECT_DOUBLE_EQ(bias.aloneMs, 1.0);
  EXPECT_EQ(residual.layout, "nt");
  EXPECT_EQ(residual.epilogue, "residual in place");
  EXPECT_DOUBLE_EQ(residual.ms, 3.0);
  EXPECT_DOUBLE_EQ(times.totalMs(), 6.0);
  EXPECT_EQ(times.runMs(), (std::vector<double>{6.0, 6.0, 300.0}));
}

TEST(ProductTable, anEntryThatIsNotThere) {
  StatusOr<rt::Plan> loaded = threeProducts();
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(StepTimes().productRows(*loaded, "gone", {}).status().code(),
            StatusCode::NotFound);
}

TEST(Quantile, isOneOfTheValues) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 3, 2}), 3);
  EXPECT_EQ(median({}), 0);
  EXPECT_EQ(quantile({5, 9, 7}, 0), 5);
  EXPECT_EQ(quantile({5, 9, 7}, 1), 9);
  EXPECT_EQ(quantile({5, 4, 3, 2, 1}, 0.25), 2);
}

} // namespace
