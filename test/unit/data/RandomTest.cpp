// SPDX-License-Identifier: Apache-2.0
#include "data/Random.h"

#include <set>

#include <gtest/gtest.h>

namespace bertc {
namespace {

TEST(Random, SameCoordinatesSameNumbers) {
  Random a{1, 2, 3}, b{1, 2, 3};
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(a.next(), b.next());
  }
}

TEST(Random, EveryCoordinateMatters) {
  std::set<uint64_t> firsts;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    for (uint64_t document = 0; document < 10; ++document) {
      firsts.insert(Random{seed, document}.next());
      firsts.insert(Random{seed, document, 0}.next());
    }
  }
  EXPECT_EQ(firsts.size(), 200U);
}

TEST(Random, NumbersArePinned) {
  // Records made with a seed must stay the same for ever.
  Random random{12345, 2, 0, 0, 7};
  EXPECT_EQ(random.next(), 16665411795536237901ULL);
  EXPECT_EQ(random.below(1000), 120U);
}

TEST(Random, BelowIsUniform) {
  Random random{7};
  int counts[6] = {};
  for (int i = 0; i < 60000; ++i) {
    ++counts[random.below(6)];
  }
  for (int count : counts) {
    EXPECT_NEAR(count, 10000, 500);
  }
  EXPECT_EQ(random.below(1), 0U);
}

TEST(Random, BetweenIncludesBothEnds) {
  Random random{8};
  std::set<uint64_t> seen;
  for (int i = 0; i < 200; ++i) {
    seen.insert(random.between(2, 4));
  }
  EXPECT_EQ(seen, (std::set<uint64_t>{2, 3, 4}));
}

} // namespace
} // namespace bertc
