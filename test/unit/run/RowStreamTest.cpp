// SPDX-License-Identifier: Apache-2.0
//
// Every row once and in order, the last batch partial; a stream may be left
// early.
#include "run/RowStream.h"

#include <gtest/gtest.h>

using namespace bertc;

namespace {

/// Feature i is [i, i, ...], i % 4 + 2 tokens.
class CountedFeatures : public FeatureSet {
public:
  explicit CountedFeatures(size_t size) : size_(size) {}
  size_t size() const override { return size_; }
  uint32_t length(size_t feature) const override {
    return static_cast<uint32_t>(feature % 4) + 2;
  }
  void write(size_t feature, int32_t *inputIds,
             int32_t *segmentIds) const override {
    std::fill_n(inputIds, length(feature), static_cast<int32_t>(feature));
    std::fill_n(segmentIds, length(feature), 0);
  }
  const std::vector<FeatureTarget> &targets() const override {
    static const std::vector<FeatureTarget> none;
    return none;
  }
  int32_t target(size_t, size_t) const override { return 0; }

private:
  size_t size_;
};

TEST(RowStream, givesEveryRowOnceInOrder) {
  for (size_t size : {0, 1, 5, 6, 7, 600}) {
    CountedFeatures features(size);
    RowPlan rows = RowPlan::onePerRow(features);
    RowStream stream(features, rows, {3, 8}, {}, 2);
    EXPECT_EQ(stream.batches(), (size + 2) / 3);
    size_t expected = 0;
    for (;;) {
      auto batch = stream.next();
      ASSERT_TRUE(batch.ok()) << batch.status().message();
      if (!*batch) {
        break;
      }
      EXPECT_EQ((*batch)->realRows(), std::min<size_t>(3, size - expected));
      for (const BatchSequence &sequence : (*batch)->sequences()) {
        EXPECT_EQ(sequence.feature, expected);
        EXPECT_EQ((*batch)->tensors()[0].ints[sequence.row * 8],
                  static_cast<int32_t>(expected));
        ++expected;
      }
    }
    EXPECT_EQ(expected, size);
    auto again = stream.next();
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(*again, nullptr);
  }
}

TEST(RowStream, mayBeLeftEarly) {
  CountedFeatures features(1000);
  RowPlan rows = RowPlan::onePerRow(features);
  for (int taken = 0; taken < 20; ++taken) {
    RowStream stream(features, rows, {2, 8}, {}, 1);
    for (int i = 0; i < taken; ++i) {
      ASSERT_TRUE(stream.next().ok());
    }
  }
}

TEST(RowStream, saysWhatDoesNotFit) {
  CountedFeatures features(4); // lengths 2 to 5
  RowPlan rows = RowPlan::onePerRow(features);
  RowStream stream(features, rows, {2, 4});
  EXPECT_TRUE(stream.next().ok());
  EXPECT_FALSE(stream.next().ok());
}

} // namespace
