// SPDX-License-Identifier: Apache-2.0
//
// The arena planner: hand-made cases with a known best plan, and properties
// over random lifetimes.

#include "passes/memory/ArenaPlanner.h"

#include <gtest/gtest.h>

#include <random>

namespace bertc {
namespace {

/// Fails the test when two requests alive together overlap, or one is not
/// aligned or reaches past the end.
void expectValid(const std::vector<ArenaRequest> &requests,
                 const ArenaPlan &plan) {
  ASSERT_EQ(plan.offsets.size(), requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    EXPECT_GE(plan.offsets[i], 0);
    EXPECT_EQ(plan.offsets[i] % kArenaAlignment, 0);
    EXPECT_LE(plan.offsets[i] + requests[i].bytes, plan.bytes);
    for (size_t j = 0; j < i; ++j) {
      bool together = requests[i].first <= requests[j].last &&
                      requests[j].first <= requests[i].last;
      bool apart = plan.offsets[i] + requests[i].bytes <= plan.offsets[j] ||
                   plan.offsets[j] + requests[j].bytes <= plan.offsets[i];
      EXPECT_TRUE(!together || apart) << "requests " << i << " and " << j;
    }
  }
}

TEST(ArenaPlanner, NothingNeedsNothing) {
  EXPECT_EQ(planArena({}).bytes, 0);
  EXPECT_EQ(arenaLowerBound({}), 0);
}

TEST(ArenaPlanner, SizesAreRoundedUpToTheAlignment) {
  ArenaPlan plan = planArena({{1, 0, 1}, {1, 1, 2}});
  EXPECT_EQ(plan.bytes, 128);
}

TEST(ArenaPlanner, BuffersThatNeverMeetShareTheirPlace) {
  ArenaPlan plan = planArena({{256, 0, 1}, {256, 2, 3}, {256, 4, 5}});
  EXPECT_EQ(plan.bytes, 256);
}

TEST(ArenaPlanner, ABufferThatEndsWhereAnotherStartsIsStillAlive) {
  ArenaPlan plan = planArena({{256, 0, 2}, {256, 2, 3}});
  EXPECT_EQ(plan.bytes, 512);
}

TEST(ArenaPlanner, TheGapThatFitsBestIsTaken) {
  // Between the long-lived buffers 0, 1 and 2 lie gaps of 512 and 128 bytes
  // once 3 and 4 are gone; the last two requests fit them exactly.
  std::vector<ArenaRequest> requests = {{1024, 0, 9}, {512, 0, 3}, {896, 0, 9},
                                        {128, 0, 3},  {768, 0, 9}, {128, 4, 9},
                                        {512, 4, 9}};
  ArenaPlan plan = planArena(requests);
  expectValid(requests, plan);
  EXPECT_EQ(plan.bytes, arenaLowerBound(requests));
}

TEST(ArenaPlanner, LowerBoundIsTheMostAliveAtOnce) {
  EXPECT_EQ(arenaLowerBound({{64, 0, 2}, {64, 2, 4}, {64, 3, 5}, {64, 6, 7}}),
            128);
}

TEST(ArenaPlanner, RandomLifetimesNeverOverlapAndStayNearTheLowerBound) {
  constexpr uint32_t kSeed = 20221;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  double worst = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<ArenaRequest> requests(1 + random() % 60);
    for (ArenaRequest &request : requests) {
      request.bytes = 1 + random() % 100000;
      request.first = random() % 100;
      request.last = request.first + random() % 20;
    }
    ArenaPlan plan = planArena(requests);
    expectValid(requests, plan);
    double ratio = double(plan.bytes) / arenaLowerBound(requests);
    EXPECT_GE(ratio, 1.0);
    worst = std::max(worst, ratio);
  }
  // Random sizes are harder than those of a network, where few occur.
  EXPECT_LE(worst, 1.17);
}

/// Forward and backward of a deep chain: activations are needed again in
/// reverse order, the shape of a training step.
TEST(ArenaPlanner, ATrainingStepReachesTheLowerBoundAlmost) {
  constexpr uint32_t kLayers = 200, kEnd = 2 * kLayers;
  std::vector<ArenaRequest> requests;
  for (uint32_t layer = 0; layer < kLayers; ++layer) {
    requests.push_back({6 << 20, layer, kEnd - layer});
    requests.push_back({24 << 20, layer, layer + 1});
    requests.push_back({24 << 20, kEnd - layer, kEnd - layer + 1});
    requests.push_back({4 << 20, kEnd - layer, kEnd});
  }
  ArenaPlan plan = planArena(requests);
  EXPECT_LE(double(plan.bytes), 1.02 * arenaLowerBound(requests));
}

TEST(ArenaPlanner, TheSameRequestsGiveTheSamePlan) {
  std::vector<ArenaRequest> requests;
  for (uint32_t i = 0; i < 300; ++i) {
    requests.push_back({64 * (1 + i * 7919 % 13), i, i + i * 31 % 17});
  }
  EXPECT_EQ(planArena(requests).offsets, planArena(requests).offsets);
}

} // namespace
} // namespace bertc
