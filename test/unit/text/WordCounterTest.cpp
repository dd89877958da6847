// SPDX-License-Identifier: Apache-2.0
#include "text/WordCounter.h"

#include <gmock/gmock.h>

namespace bertc {
namespace {

using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(WordCounter, CountsNormalisedWordsAndPunctuation) {
  CodePointMap map({true, true});
  WordCounter counter(map);
  counter.add("The the, TH\xc3\x89.\xff");
  counter.add("the");
  EXPECT_THAT(counter.take(),
              UnorderedElementsAre(Pair("the", 4), Pair(",", 1), Pair(".", 1)));
  EXPECT_TRUE(counter.take().empty());
}

TEST(WordCounter, TooLongWordsAreLeftOut) {
  CodePointMap map({true, true});
  WordCounter counter(map, 4);
  counter.add("abcd abcde");
  EXPECT_THAT(counter.take(), UnorderedElementsAre(Pair("abcd", 1)));
}

TEST(PruneWordCounts, DropsAllWordsOfTheLowestCounts) {
  WordCounts counts = {{"a", 5}, {"b", 1}, {"c", 2}, {"d", 2}, {"e", 9}};
  EXPECT_EQ(pruneWordCounts(5, &counts), 0U);
  // Two must go; c and d count the same, so both go with b.
  EXPECT_EQ(pruneWordCounts(3, &counts), 3U);
  EXPECT_THAT(counts, UnorderedElementsAre(Pair("a", 5), Pair("e", 9)));
}

TEST(MergeWordCounts, AddsUp) {
  WordCounts to = {{"a", 1}};
  mergeWordCounts({{"a", 2}, {"b", 3}}, &to);
  EXPECT_THAT(to, UnorderedElementsAre(Pair("a", 3), Pair("b", 3)));
}

} // namespace
} // namespace bertc
