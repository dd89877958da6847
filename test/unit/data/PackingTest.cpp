// SPDX-License-Identifier: Apache-2.0
//
// Packing plans from histograms: exact for any histogram, by any method, and
// good where it can be known what good is.
#include "data/packing/Packing.h"

#include <cmath>
#include <numeric>
#include <random>

#include <gmock/gmock.h>

#include "data/packing/CuttingStock.h"
#include "data/packing/PackMetadata.h"
#include "data/packing/Partitions.h"

namespace bertc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Lengths = std::vector<uint16_t>;

/// Like the lengths of an encyclopedia, at S 128: a fifth full, the rest skewed
/// towards short ones.
LengthHistogram skewed(int sequences) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> length(3.8, 0.7);
  LengthHistogram histogram(129);
  for (int i = 0; i < sequences; ++i) {
    double drawn = std::round(length(random));
    ++histogram[random() % 5 == 0
                    ? 128
                    : static_cast<size_t>(std::clamp(drawn, 5.0, 128.0))];
  }
  return histogram;
}

LengthHistogram randomHistogram(std::mt19937 &random) {
  LengthHistogram histogram(2 + random() % 70);
  auto kinds = 1 + random() % histogram.size();
  for (size_t i = 0; i < kinds; ++i) {
    size_t length = 1 + random() % (histogram.size() - 1);
    histogram[length] += random() % (1U << random() % 16);
  }
  return histogram;
}

TEST(Packing, EveryMethodPacksEverySequenceOnce) {
  for (unsigned seed = 1; seed <= 150; ++seed) {
    std::mt19937 random(seed);
    LengthHistogram histogram = randomHistogram(random);
    int perPack = static_cast<int>(1 + random() % 5);
    for (PackingMethod method : packingMethods) {
      // planPacking() itself checks that the plan is exact.
      StatusOr<PackingPlan> plan = planPacking(histogram, perPack, method);
      ASSERT_TRUE(plan.ok())
          << "seed " << seed << " method " << static_cast<int>(method) << ": "
          << plan.status().message();
      EXPECT_GE(plan->packs(), fewestPacksPossible(histogram, perPack));
      EXPECT_TRUE(checkPlan(*plan, histogram, perPack).ok());
    }
  }
}

TEST(Packing, FewestIsNoWorseThanAnyMethod) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::mt19937 random(seed);
    LengthHistogram histogram = randomHistogram(random);
    uint64_t fewest = planPacking(histogram, 3, PackingMethod::Fewest)->packs();
    double slack = static_cast<double>(fewestPacksPossible(histogram, 3));
    for (PackingMethod method : packingMethods) {
      uint64_t packs = planPacking(histogram, 3, method)->packs();
      EXPECT_LE(static_cast<double>(fewest),
                static_cast<double>(packs) + slack * 5e-4)
          << "seed " << seed;
    }
  }
}

TEST(Packing, FindsThePerfectPacking) {
  // 1000 packs of 10 + 20 + 34 and 500 of 30 + 34, none of which wastes a
  // token of 64.
  LengthHistogram histogram(65);
  histogram[10] = histogram[20] = 1000;
  histogram[34] = 1500;
  histogram[30] = 500;
  for (PackingMethod method :
       {PackingMethod::LeastSquares, PackingMethod::Linear,
        PackingMethod::Fewest, PackingMethod::LongestFirst}) {
    StatusOr<PackingPlan> plan = planPacking(histogram, 3, method);
    ASSERT_TRUE(plan.ok());
    EXPECT_EQ(plan->packs(), 1500U) << static_cast<int>(method);
    EXPECT_EQ(packingStatistics(*plan, histogram).efficiency, 1);
  }
}

TEST(Packing, LongestFirstTakesTheFullestPackThatFits) {
  LengthHistogram histogram(11);
  histogram[7] = histogram[6] = histogram[3] = 1;
  EXPECT_EQ(kindText(planLongestFirst(histogram, 3).kinds[0]), "3+7");
  EXPECT_EQ(kindText(planShortestFirst(histogram, 3).kinds[0]), "3+6");
}

TEST(Packing, SkewedLengthsPackTightly) {
  LengthHistogram histogram = skewed(200000);
  PackingPlan plan = *planPacking(histogram, 3, PackingMethod::Fewest);
  PackingStatistics statistics = packingStatistics(plan, histogram);
  EXPECT_GE(statistics.efficiency, 0.98);
  EXPECT_GE(statistics.speedup, 0.98 * statistics.theoreticalSpeedup);
}

TEST(Packing, LinearIsNearItsBoundWhereTheNumberOfSequencesBinds) {
  // Many more short sequences than can be had three to a pack.
  LengthHistogram histogram(101);
  histogram[90] = 10000;
  histogram[40] = 10000;
  histogram[9] = 40000;
  // 90+9 and 40+40+9 leave 25000 of 9, three to a pack.
  StatusOr<PackingPlan> plan = planPacking(histogram, 3, PackingMethod::Linear);
  ASSERT_TRUE(plan.ok());
  CuttingStockSolution solution =
      solveCuttingStock({9, 40, 90}, {40000, 10000, 10000}, 100, 3);
  EXPECT_LE(static_cast<double>(plan->packs()), solution.lowerBound + 3);
  EXPECT_GE(static_cast<double>(plan->packs()), solution.lowerBound);
}

TEST(Packing, BadQuestionsAreRefused) {
  LengthHistogram histogram(101);
  EXPECT_THAT(
      planPacking(histogram, 0, PackingMethod::Fewest).status().message(),
      HasSubstr("expected 1 to 16"));
  EXPECT_THAT(planPacking(histogram, 16, PackingMethod::LeastSquares)
                  .status()
                  .message(),
              HasSubstr("unknowns"));
  EXPECT_TRUE(planPacking(histogram, 16, PackingMethod::Fewest).ok());
  EXPECT_FALSE(planPacking({}, 3, PackingMethod::Fewest).ok());
}

TEST(Packing, ChecksFindWrongPlans) {
  LengthHistogram histogram(11);
  histogram[5] = 2;
  EXPECT_TRUE(checkPlan(makePlan(10, {{{5, 5}, 1}}), histogram, 2).ok());
  EXPECT_FALSE(checkPlan(makePlan(10, {{{5}, 1}}), histogram, 2).ok());
  EXPECT_FALSE(checkPlan(makePlan(10, {{{5, 5}, 1}}), histogram, 1).ok());
  EXPECT_FALSE(checkPlan(makePlan(9, {{{5, 5}, 1}}), histogram, 2).ok());
  EXPECT_FALSE(checkPlan(makePlan(10, {{{11}, 1}}), histogram, 2).ok());
}

TEST(Partitions, AreThoseOfTheReference) {
  Partitions partitions(5, 3);
  std::vector<Lengths> all;
  for (size_t i = 0; i < partitions.size(); ++i) {
    all.emplace_back(partitions.begin(i), partitions.end(i));
    EXPECT_EQ(partitions.find(all.back()), i);
  }
  EXPECT_THAT(all, ElementsAre(Lengths{1, 1, 3}, Lengths{1, 2, 2},
                               Lengths{1, 4}, Lengths{2, 3}, Lengths{5}));
  EXPECT_EQ(partitions.find({1, 3}), partitions.size());
  // The reference names 22102 strategies for 512 tokens.
  EXPECT_EQ(Partitions(512, 3).size(), 22102U);
  EXPECT_EQ(Partitions::count(512, 3, 1000000), 22102U);
  EXPECT_GT(Partitions::count(512, 8, 1000), 1000U);
}

TEST(PackMetadata, HasTheReferencesKeysAndFormulas) {
  LengthHistogram histogram(11);
  histogram[3] = 2;
  histogram[7] = 1;
  histogram[10] = 1;
  PackingPlan plan = makePlan(10, {{{3, 7}, 1}, {{3}, 1}, {{10}, 1}});
  ASSERT_TRUE(checkPlan(plan, histogram, 3).ok());
  EXPECT_EQ(packMetadataText(plan, histogram, 3), R"({
  "avg_seq_per_sample": 1.3333333333333333,
  "compression_ratio": 0.25,
  "expected_speedup": 1.3333333333333333,
  "new_number_of_samples": 3,
  "num_strategies_utilized": 3,
  "original_number_of_samples": 4,
  "packing_efficiency": 0.7666666666666667,
  "padding_tokens_original_dataset": 17,
  "padding_tokens_packed_dataset": 7.0,
  "sequences_dropped": 0,
  "theoretical_speedup": 1.7391304347826086,
  "top_8_strategies": [
    13,
    10,
    13
  ]
}
)");
  EXPECT_EQ(packMetadataPath("a/b/"), "a/b_metadata.json");
}

} // namespace
} // namespace bertc
