// SPDX-License-Identifier: Apache-2.0
#include "run/EpochOrder.h"

#include <cmath>
#include <gtest/gtest.h>
#include <vector>

using namespace bertc;

namespace {

TEST(EpochOrderTest, isAPermutationOfAnySize) {
  for (uint64_t size : {1, 2, 3, 4, 5, 16, 17, 100, 1023, 1025, 5000}) {
    EpochOrder order(size, 7, 3);
    std::vector<bool> seen(size, false);
    for (uint64_t i = 0; i < size; ++i) {
      uint64_t record = order.at(i);
      ASSERT_LT(record, size);
      ASSERT_FALSE(seen[record]) << "size " << size << " index " << i;
      seen[record] = true;
    }
  }
}

TEST(EpochOrderTest, differsBetweenEpochsAndSeeds) {
  constexpr uint64_t size = 1000;
  EpochOrder base(size, 7, 0), epoch(size, 7, 1), seed(size, 8, 0);
  int sameEpoch = 0, sameSeed = 0;
  for (uint64_t i = 0; i < size; ++i) {
    sameEpoch += base.at(i) == epoch.at(i);
    sameSeed += base.at(i) == seed.at(i);
  }
  // One is expected by chance.
  EXPECT_LT(sameEpoch, 8);
  EXPECT_LT(sameSeed, 8);
}

// A change of the order would break the resuming of older runs.
TEST(EpochOrderTest, staysTheSameForever) {
  EpochOrder order(10, 12345, 0);
  std::vector<uint64_t> found;
  for (uint64_t i = 0; i < 10; ++i) {
    found.push_back(order.at(i));
  }
  EXPECT_EQ(found, (std::vector<uint64_t>{9, 4, 1, 8, 6, 5, 7, 3, 2, 0}));
}

TEST(EpochOrderTest, spreadsNeighboursEvenly) {
  constexpr uint64_t size = 10000;
  EpochOrder order(size, 1, 2);
  // Where the first tenth of an epoch comes from: 10 bins of 100 expected,
  // deviation about 9.5; six of those allow for no unlucky seed.
  std::vector<int> bins(10, 0);
  for (uint64_t i = 0; i < size / 10; ++i) {
    ++bins[order.at(i) * 10 / size];
  }
  for (int count : bins) {
    EXPECT_NEAR(count, 100, 57);
  }
}

} // namespace
