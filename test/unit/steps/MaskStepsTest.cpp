// SPDX-License-Identifier: Apache-2.0
#include "test/unit/steps/StepTesting.h"

#include <random>

namespace bertc::rt {
namespace {

using Ints = std::vector<int32_t>;
using Floats = std::vector<float>;

struct KeyRangesStep : StepUnderTest<plan::KeyRangesParamsT> {
  Ints numbers = {1, 1, 2, 0, 3, 2, 2, 2};
  Ints ranges = Ints(16, -1);
  KeyRangesStep() {
    inputs = {tensor({2, 4}, numbers)};
    outputs = {tensor({2, 4, 2}, ranges)};
  }
};

TEST(KeyRangesStep, FindsThePieceOfEachPosition) {
  KeyRangesStep s;
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.ranges, (Ints{0, 2, 0, 2, 2, 3, 0, 0, //
                            0, 1, 1, 4, 1, 4, 1, 4}));
}

TEST(KeyRangesStep, RefusesASequenceInTwoPieces) {
  KeyRangesStep s;
  s.numbers[6] = 3;
  Status status = s.run();
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  EXPECT_EQ(status.message(), "sequence 3 of row 1 is not in one piece");
}

TEST(KeyRangesStep, AllowsPaddingAnywhere) {
  KeyRangesStep s;
  s.numbers = {0, 1, 0, 2, 0, 0, 0, 0};
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.ranges, (Ints{0, 0, 1, 2, 0, 0, 3, 4, //
                            0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(KeyRangesStep, RefusesMalformedOperands) {
  KeyRangesStep rank;
  rank.inputs = {tensor({8}, rank.numbers)};
  EXPECT_REFUSED(rank.prepare(), "numbers are i32 [8], expected [B,S] i32");
  KeyRangesStep shape;
  shape.outputs = {tensor({2, 8}, shape.ranges)};
  EXPECT_REFUSED(shape.prepare(),
                 "ranges is i32 [2,8], expected shape [2,4,2]");
  KeyRangesStep type;
  Floats f(16);
  type.inputs = {tensor({2, 4}, f)};
  EXPECT_REFUSED(type.prepare(), "expected i32");
}

struct RangeMaskStep : StepUnderTest<plan::RangeMaskParamsT> {
  Ints ranges = {0, 2, 1, 3, 0, 0};
  Floats mask = Floats(9, 7.0f);
  RangeMaskStep() {
    inputs = {tensor({1, 3, 2}, ranges)};
    outputs = {tensor({1, 1, 3, 3}, mask)};
  }
};

TEST(RangeMaskStep, IsZeroInsideTheRange) {
  RangeMaskStep s;
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.mask,
            (Floats{0, 0, -10000, -10000, 0, 0, -10000, -10000, -10000}));
}

TEST(RangeMaskStep, StaysInsideTheRowWhateverTheRanges) {
  RangeMaskStep s;
  s.ranges = {-5, 9, 2, 1, 7, 8};
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.mask,
            (Floats{0, 0, 0, -10000, -10000, -10000, -10000, -10000, -10000}));
}

TEST(RangeMaskStep, RefusesMalformedOperands) {
  RangeMaskStep ranges;
  ranges.inputs = {tensor({3, 2}, ranges.ranges)};
  EXPECT_REFUSED(ranges.prepare(), "ranges are i32 [3,2], expected [B,S,2]");
  RangeMaskStep mask;
  mask.outputs = {tensor({1, 3, 3}, mask.mask)};
  EXPECT_REFUSED(mask.prepare(),
                 "mask is f32 [1,3,3], expected shape [1,1,3,3]");
}

/// Both steps after each other are the comparison of all numbers.
TEST(RangeMaskStep, AgreesWithComparingNumbers) {
  std::mt19937 random(3);
  constexpr int64_t rows = 5, positions = 67;
  Ints numbers(rows * positions), ranges(2 * rows * positions);
  for (int64_t row = 0; row < rows; ++row) {
    int32_t number = 1;
    for (int64_t s = 0; s < positions; ++s) {
      number += random() % 16 == 0 ? 1 : 0;
      numbers[row * positions + s] = number > 4 ? 0 : number;
    }
  }
  Floats mask(rows * positions * positions);
  StepUnderTest<plan::KeyRangesParamsT> first;
  first.inputs = {tensor({rows, positions}, numbers)};
  first.outputs = {tensor({rows, positions, 2}, ranges)};
  ASSERT_TRUE(first.run().ok());
  StepUnderTest<plan::RangeMaskParamsT> second;
  second.inputs = {tensor({rows, positions, 2}, ranges)};
  second.outputs = {tensor({rows, 1, positions, positions}, mask)};
  ASSERT_TRUE(second.run().ok());
  for (int64_t i = 0; i < rows * positions * positions; ++i) {
    int64_t query = i / positions;
    int64_t key = query / positions * positions + i % positions;
    bool together = numbers[query] != 0 && numbers[query] == numbers[key];
    ASSERT_EQ(mask[i], together ? 0.0f : -10000.0f) << "seed 3, " << i;
  }
}

} // namespace
} // namespace bertc::rt
