// SPDX-License-Identifier: Apache-2.0
#include "run/RandomInputs.h"
#include "test/unit/runtime/PlanBuilder.h"

#include <gtest/gtest.h>
#include <set>

using namespace bertc;

namespace {

constexpr int64_t kRows = 16, kPositions = 64, kPredictions = 13;

/// A plan that only has the inputs of pre-training.
StatusOr<rt::Plan> planFor(uint32_t packed) {
  rt::test::PlanBuilder b;
  b.plan.model->config_json = R"({"vocab_size": 50, "type_vocab_size": 2})";
  b.plan.model->batch_size = kRows;
  b.plan.model->max_seq_length = kPositions;
  b.plan.model->packed = packed;
  for (const char *name :
       {"input_ids", "input_mask", "segment_ids", "positions"}) {
    b.input(name, b.arena({kRows, kPositions}, rt::DType::I32));
  }
  b.input("masked_lm_positions",
          b.arena({kRows, kPredictions}, rt::DType::I32));
  b.input("masked_lm_weights", b.arena({kRows, kPredictions}));
  b.input("next_sentence_positions",
          b.arena({kRows, std::max(1u, packed)}, rt::DType::I32));
  b.input("next_sentence_weights", b.arena({kRows, std::max(1u, packed)}));
  return b.load();
}

/// The values of an input.
template <typename T>
std::vector<T> values(const RandomInputs &inputs, const std::string &name) {
  for (const auto &[key, view] : inputs.inputs()) {
    if (key == name) {
      const T *data = view.template as<T>();
      return std::vector<T>(data, data + rt::numElements(view.shape));
    }
  }
  return {};
}

TEST(RandomInputs, packsAreSequencesInOnePieceThatFillTheirRow) {
  StatusOr<rt::Plan> plan = planFor(3);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  StatusOr<rt::RowLengths> rows = randomLengths(*plan, {}, 7);
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  ASSERT_EQ(rows->size(), size_t{kRows});
  auto inputs = RandomInputs::make(*plan, "main", *rows, 7);
  ASSERT_TRUE(inputs.ok()) << inputs.status().message();
  auto mask = values<int32_t>(*inputs, "input_mask");
  auto positions = values<int32_t>(*inputs, "positions");
  auto ids = values<int32_t>(*inputs, "input_ids");
  auto first = values<int32_t>(*inputs, "next_sentence_positions");
  auto weights = values<float>(*inputs, "next_sentence_weights");
  std::set<size_t> counts;
  for (size_t r = 0; r < rows->size(); ++r) {
    const std::vector<int64_t> &lengths = (*rows)[r];
    counts.insert(lengths.size());
    size_t at = r * kPositions;
    for (size_t k = 0; k < 3; ++k) {
      bool real = k < lengths.size();
      EXPECT_EQ(weights[r * 3 + k], real ? 1.0f : 0.0f);
      EXPECT_EQ(first[r * 3 + k],
                real ? static_cast<int32_t>(at - r * kPositions) : 0);
      for (int64_t i = 0; real && i < lengths[k]; ++i, ++at) {
        EXPECT_EQ(mask[at], static_cast<int32_t>(k) + 1);
        EXPECT_EQ(positions[at], i);
        EXPECT_LT(ids[at], 50);
      }
    }
    EXPECT_LE((r + 1) * kPositions - at, size_t{1}) << "padding of row " << r;
    for (; at < (r + 1) * kPositions; ++at) {
      EXPECT_EQ(mask[at] + positions[at] + ids[at], 0);
    }
  }
  EXPECT_EQ(counts, (std::set<size_t>{1, 2, 3}));
}

TEST(RandomInputs, masksDifferentTokensInsideTheSequences) {
  StatusOr<rt::Plan> plan = planFor(2);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  auto rows = randomLengths(*plan, {20, 30}, 1);
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  auto inputs = RandomInputs::make(*plan, "main", *rows, 1);
  ASSERT_TRUE(inputs.ok()) << inputs.status().message();
  auto masked = values<int32_t>(*inputs, "masked_lm_positions");
  auto weights = values<float>(*inputs, "masked_lm_weights");
  for (size_t r = 0; r < size_t{kRows}; ++r) {
    const int32_t *row = masked.data() + r * kPredictions;
    // 15% of 20 and of 30, rounded up.
    std::set<int32_t> different(row, row + 3 + 5);
    EXPECT_EQ(different.size(), 8u);
    EXPECT_LT(row[2], 20);
    EXPECT_GE(row[3], 20);
    EXPECT_LT(row[7], 50);
    EXPECT_EQ(weights[r * kPredictions + 7], 1.0f);
    EXPECT_EQ(weights[r * kPredictions + 8], 0.0f);
  }
}

TEST(RandomInputs, rowsOfAPlainPlanAreFull) {
  StatusOr<rt::Plan> plan = planFor(0);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  auto rows = randomLengths(*plan, {}, 1);
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  EXPECT_EQ(*rows, rt::RowLengths(kRows, {kPositions}));
}

TEST(RandomInputs, refusesLengthsThatDoNotFit) {
  StatusOr<rt::Plan> plan = planFor(2);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  for (const std::vector<int64_t> &lengths :
       {std::vector<int64_t>{40, 30}, {1, 2, 3}, {0}, {-5}}) {
    auto rows = randomLengths(*plan, lengths, 1);
    EXPECT_EQ(rows.status().code(), StatusCode::InvalidArgument);
    EXPECT_NE(rows.status().message().find("at most 2 sequences"),
              std::string::npos);
  }
}

} // namespace
