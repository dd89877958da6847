// SPDX-License-Identifier: Apache-2.0
#include "tasks/RowBatch.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "test/unit/tasks/FakeFeatures.h"
#include "test/unit/tasks/TaskTesting.h"

namespace bertc {
namespace {

std::vector<uint32_t> randomLengths(size_t count, uint32_t most,
                                    uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<uint32_t> lengths(count);
  for (uint32_t &length : lengths) {
    length = 3 + static_cast<uint32_t>(random()) % (most - 2);
  }
  return lengths;
}

std::vector<uint64_t> allRows(const RowPlan &plan) {
  std::vector<uint64_t> rows(plan.rows());
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

TEST(RowPlan, PackedRowsHoldEveryFeatureOnce) {
  constexpr int positions = 64, packed = 3;
  FakeFeatures features(randomLengths(5000, positions, 3));
  StatusOr<RowPlan> plan = RowPlan::packed(features, positions, packed, 9);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  std::vector<int> seen(features.size());
  for (size_t row = 0; row < plan->rows(); ++row) {
    uint32_t tokens = 0;
    for (uint32_t feature : plan->features(row)) {
      ++seen[feature];
      tokens += features.length(feature);
    }
    EXPECT_GE(plan->features(row).size(), 1U);
    EXPECT_LE(plan->features(row).size(), 3U);
    EXPECT_LE(tokens, 64U);
  }
  EXPECT_TRUE(std::all_of(seen.begin(), seen.end(),
                          [](int times) { return times == 1; }));
  EXPECT_GT(plan->efficiency(positions), 0.95);
  EXPECT_NEAR(plan->sequencesPerRow(),
              5000.0 / static_cast<double>(plan->rows()), 1e-12);
}

TEST(RowPlan, TheSeedDecides) {
  FakeFeatures features(randomLengths(500, 64, 3));
  auto membersOf = [&](uint64_t seed) {
    RowPlan plan = *RowPlan::packed(features, 64, 3, seed);
    std::vector<uint32_t> members;
    for (size_t row = 0; row < plan.rows(); ++row) {
      FeatureRange range = plan.features(row);
      members.insert(members.end(), range.begin(), range.end());
    }
    return members;
  };
  EXPECT_EQ(membersOf(1), membersOf(1));
  EXPECT_NE(membersOf(1), membersOf(2));
}

TEST(RowPlan, ByLengthIsFromLongToShortAndStable) {
  FakeFeatures features({5, 9, 5, 3, 9});
  RowPlan plan = RowPlan::byLength(features);
  std::vector<uint32_t> order;
  for (size_t row = 0; row < plan.rows(); ++row) {
    order.push_back(*plan.features(row).begin());
  }
  EXPECT_EQ(order, (std::vector<uint32_t>{1, 4, 0, 2, 3}));
  EXPECT_EQ(plan.maxSequencesPerRow(), 0);
  EXPECT_EQ(plan.sequencesPerRow(), 1);
}

TEST(RowPlan, WithoutFeaturesThereAreNoRows) {
  FakeFeatures none({});
  EXPECT_EQ(RowPlan::packed(none, 16, 3, 0)->rows(), 0U);
  EXPECT_EQ(RowPlan::onePerRow(none).rows(), 0U);
}

TEST(RowPlan, LongerThanARow) {
  FakeFeatures features({5, 17});
  EXPECT_EQ(RowPlan::packed(features, 16, 3, 0).status().message(),
            "sequence 1 has 17 tokens, a row has 16");
}

TEST(RowBatch, OneSequenceARow) {
  FakeFeatures features({4, 2, 3});
  RowPlan plan = RowPlan::onePerRow(features);
  RowBatch batch(features, plan, {2, 5});
  const uint64_t rows[] = {2};
  ASSERT_TRUE(batch.fill(rows, 1).ok());
  auto ints = [&](const char *name) { return batch.find(name)->ints; };
  using Ints = std::vector<int32_t>;
  EXPECT_EQ(ints("input_ids"), (Ints{3000, 3001, 3002, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(ints("input_mask"), (Ints{1, 1, 1, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(ints("segment_ids"), (Ints{0, 1, 1, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(ints("label_ids"), (Ints{9, 0}));
  EXPECT_EQ(ints("start_positions"), (Ints{2, 0}));
  EXPECT_EQ(batch.find("label_ids")->shape, std::vector<int64_t>{2});
  EXPECT_EQ(batch.find("example_weights")->floats, (std::vector<float>{1, 0}));
  EXPECT_EQ(batch.find("positions"), nullptr);
  EXPECT_EQ(batch.realRows(), 1U);
  ASSERT_EQ(batch.sequences().size(), 1U);
  EXPECT_EQ(batch.sequences()[0].feature, 2U);
  EXPECT_EQ(batch.sequences()[0].outputRow, 0U);
}

TEST(RowBatch, PackedRows) {
  // One length each, so that the only full pack is both.
  FakeFeatures features({3, 4});
  StatusOr<RowPlan> plan = RowPlan::packed(features, 8, 3, 0);
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->rows(), 1U);
  RowBatch batch(features, *plan, {2, 8});
  const uint64_t rows[] = {0};
  ASSERT_TRUE(batch.fill(rows, 1).ok());
  auto first = [&](const char *name, size_t count) {
    std::vector<int32_t> values = batch.find(name)->ints;
    values.resize(count);
    return values;
  };
  using Ints = std::vector<int32_t>;
  EXPECT_EQ(first("input_ids", 8),
            (Ints{1000, 1001, 1002, 2000, 2001, 2002, 2003, 0}));
  EXPECT_EQ(first("input_mask", 8), (Ints{1, 1, 1, 2, 2, 2, 2, 0}));
  EXPECT_EQ(first("segment_ids", 8), (Ints{0, 1, 1, 0, 0, 1, 1, 0}));
  EXPECT_EQ(first("positions", 8), (Ints{0, 1, 2, 0, 1, 2, 3, 0}));
  EXPECT_EQ(first("sequence_positions", 6), (Ints{0, 3, 0, 0, 0, 0}));
  EXPECT_EQ(first("label_ids", 6), (Ints{7, 8, 0, 0, 0, 0}));
  EXPECT_EQ(first("start_positions", 6), (Ints{2, 6, 0, 0, 0, 0}));
  EXPECT_EQ(batch.find("sequence_weights")->floats,
            (std::vector<float>{1, 1, 0, 0, 0, 0}));
  EXPECT_EQ(batch.find("sequence_weights")->shape,
            (std::vector<int64_t>{2, 3}));
}

TEST(RowBatch, EverySequenceComesBackFromItsOutputRow) {
  constexpr int positions = 48, packed = 4, rowsPerBatch = 5;
  FakeFeatures features(randomLengths(333, positions, 17));
  for (int k : {0, packed}) {
    RowPlan plan = k == 0 ? RowPlan::onePerRow(features)
                          : *RowPlan::packed(features, positions, k, 4);
    RowBatch batch(features, plan, {rowsPerBatch, positions});
    std::vector<uint64_t> rows = allRows(plan);
    std::vector<int> seen(features.size());
    for (size_t at = 0; at < rows.size(); at += rowsPerBatch) {
      size_t count = std::min<size_t>(rowsPerBatch, rows.size() - at);
      ASSERT_TRUE(batch.fill(rows.data() + at, count).ok());
      for (const BatchSequence &s : batch.sequences()) {
        ++seen[s.feature];
        EXPECT_EQ(s.length, features.length(s.feature));
        EXPECT_EQ(batch.find("input_ids")->ints[s.row * positions + s.offset],
                  static_cast<int32_t>(1000 * (s.feature + 1)));
        EXPECT_EQ(batch.find("label_ids")->ints[s.outputRow],
                  features.target(s.feature, 0));
      }
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 1),
              static_cast<ptrdiff_t>(features.size()));
  }
}

TEST(RowBatch, TooMuchIsAnError) {
  FakeFeatures features({4, 9});
  RowPlan plan = RowPlan::onePerRow(features);
  RowBatch batch(features, plan, {1, 8});
  const uint64_t rows[] = {1, 0};
  EXPECT_EQ(batch.fill(rows, 2).message(), "2 rows for a batch of 1");
  EXPECT_EQ(batch.fill(rows, 1).message(),
            "sequence 1 of 9 tokens does not fit a row of 8 behind 0 others");
}

} // namespace
} // namespace bertc
