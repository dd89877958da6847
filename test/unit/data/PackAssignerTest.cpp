// SPDX-License-Identifier: Apache-2.0
#include "data/packing/PackAssigner.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

namespace bertc {
namespace {

TEST(KeyedPermutation, IsOneAndDependsOnTheKey) {
  for (uint64_t size : {1U, 2U, 3U, 17U, 1000U, 4097U}) {
    std::set<uint64_t> seen;
    bool differs = false;
    KeyedPermutation a(size, 1), b(size, 2);
    for (uint64_t i = 0; i < size; ++i) {
      ASSERT_LT(a(i), size);
      seen.insert(a(i));
      differs = differs || a(i) != b(i);
    }
    EXPECT_EQ(seen.size(), size);
    EXPECT_EQ(differs, size > 3 || differs);
  }
}

TEST(KeyedPermutation, HasNoTrend) {
  constexpr uint64_t size = 10000;
  KeyedPermutation permutation(size, 5);
  // Sum over the first half of the indices: half of the places, on average.
  double sum = 0;
  for (uint64_t i = 0; i < size / 2; ++i) {
    sum += static_cast<double>(permutation(i));
  }
  EXPECT_NEAR(sum / (size / 2), size / 2.0, size * 0.02);
}

TEST(PackAssigner, FillsEveryPackWithWhatItsKindSays) {
  PackingPlan plan =
      makePlan(20, {{{5, 5, 10}, 7}, {{5, 15}, 3}, {{10, 10}, 4}, {{20}, 2}});
  PackAssigner assigner(plan, 3);
  EXPECT_EQ(assigner.packs(), 16U);
  std::map<uint64_t, std::multiset<int>> packs;
  std::map<int, int> counts = {{5, 17}, {10, 15}, {15, 3}, {20, 2}};
  // In any order of the lengths.
  for (bool more = true; more;) {
    more = false;
    for (auto &[length, left] : counts) {
      if (left > 0) {
        packs[assigner.next(static_cast<size_t>(length))].insert(length);
        more = --left > 0 || more;
      }
    }
  }
  EXPECT_TRUE(assigner.complete());
  EXPECT_EQ(assigner.next(5), assigner.packs());
  EXPECT_EQ(assigner.next(6), assigner.packs());
  EXPECT_EQ(assigner.next(99), assigner.packs());
  std::map<std::multiset<int>, int> kinds;
  std::set<uint64_t> keys;
  for (const auto &[pack, lengths] : packs) {
    ++kinds[lengths];
    keys.insert(assigner.orderKey(pack));
  }
  EXPECT_EQ(kinds,
            (std::map<std::multiset<int>, int>{
                {{5, 5, 10}, 7}, {{5, 15}, 3}, {{10, 10}, 4}, {{20}, 2}}));
  EXPECT_EQ(keys.size(), 16U);
}

} // namespace
} // namespace bertc
