// SPDX-License-Identifier: Apache-2.0

#include "runtime/onednn/GemmCeiling.h"

#include "test/unit/runtime/PlanBuilder.h"

#include <gtest/gtest.h>

namespace bertc::rt::test {
namespace {

// "main" has a plain and a batched product, "none" has no step.
TEST(GemmCeiling, isPositiveAndZeroWithoutMatmuls) {
  PlanBuilder b;
  uint32_t x = b.arena({64, 64});
  b.input("x", x);
  uint32_t y = b.arena({64, 64});
  b.step(plan::MatmulParamsT(), {x, x}, {y});
  uint32_t p = b.view(x, {4, 16, 64}, {});
  uint32_t q = b.view(x, {4, 64, 16}, {});
  uint32_t r = b.arena({4, 16, 16});
  b.step(plan::MatmulParamsT(), {p, q}, {r});
  b.nextEntry("none");
  StatusOr<Plan> plan = b.load();
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  StatusOr<std::vector<GemmTime>> times = timeProducts(*plan, "main");
  ASSERT_TRUE(times.ok()) << times.status().message();
  ASSERT_EQ(times->size(), 2u);
  EXPECT_EQ((*times)[0].shape.describe(), "64x64x64");
  EXPECT_EQ((*times)[1].shape.describe(), "4*16x64x16");
  EXPECT_FALSE((*times)[0].implementation.empty());
  EXPECT_GT(ceilingSeconds(*times), 0.0);
  EXPECT_LT(ceilingSeconds(*times), 1.0);
  EXPECT_EQ(ceilingSeconds(*timeProducts(*plan, "none")), 0.0);
  EXPECT_EQ(timeProducts(*plan, "gone").status().code(), StatusCode::NotFound);
}

// The products inside an attention step count, and its gradient's four.
TEST(GemmCeiling, countsTheProductsOfAttention) {
  PlanBuilder b;
  uint32_t x = b.arena({1, 2, 64, 16});
  uint32_t lse = b.arena({1, 2, 64});
  b.input("x", x);
  b.input("lse", lse);
  uint32_t out = b.arena({1, 2, 64, 16});
  b.step(plan::AttentionParamsT(), {x, x, x}, {out});
  b.nextEntry("gradient");
  x = b.arena({1, 2, 64, 16});
  lse = b.arena({1, 2, 64});
  b.input("x", x);
  b.input("lse", lse);
  uint32_t dq = b.arena({1, 2, 64, 16}), dk = b.arena({1, 2, 64, 16});
  uint32_t dv = b.arena({1, 2, 64, 16});
  b.step(plan::AttentionGradParamsT(), {x, x, x, x, lse}, {dq, dk, dv});
  StatusOr<Plan> plan = b.load();
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  for (const char *entry : {"main", "gradient"}) {
    StatusOr<std::vector<GemmTime>> times = timeProducts(*plan, entry);
    ASSERT_TRUE(times.ok()) << times.status().message();
    int count = 0;
    for (const GemmTime &time : *times) {
      count += time.count;
    }
    EXPECT_EQ(count, entry == std::string("main") ? 2 : 4);
  }
}

// Over ranges of keys, a row of two sequences has two smaller squares.
TEST(Products, attentionStaysInsideTheSequences) {
  PlanBuilder b;
  uint32_t x = b.arena({1, 2, 64, 16});
  uint32_t ranges = b.arena({1, 64, 2}, DType::I32);
  b.input("x", x);
  b.input("ranges", ranges);
  uint32_t out = b.arena({1, 2, 64, 16});
  b.step(plan::AttentionParamsT(), {x, x, x, kNoOperand, kNoOperand, ranges},
         {out});
  StatusOr<Plan> plan = b.load();
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  const auto &entry = *plan->file().root().entries()->Get(0);
  const auto &step = *entry.steps()->Get(0);
  auto full = productsOfStep(entry, step);
  ASSERT_TRUE(full.ok()) << full.status().message();
  EXPECT_EQ(full->shapes.size(), 2u);
  EXPECT_EQ(full->epilogue, "softmax+ranges");
  auto packed = productsOfStep(entry, step, {{32, 32}});
  ASSERT_TRUE(packed.ok()) << packed.status().message();
  ASSERT_EQ(packed->shapes.size(), 2u);
  EXPECT_EQ(packed->shapes[0].describe(), "4*32x16x32");
  EXPECT_DOUBLE_EQ(packed->flops(), full->flops() / 2);
}

} // namespace
} // namespace bertc::rt::test
