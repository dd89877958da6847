// SPDX-License-Identifier: Apache-2.0
#include "test/unit/compiler/interpret/Evaluate.h"

namespace bertc::interpret {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr double kM = -10000;
const char *const kRanges =
    "bert.key_ranges %0 : (tensor<2x4xi32>) -> tensor<2x4x2xi32>";

TEST(Mask, PackedMaskKeepsSequencesApartAndPaddingOut) {
  EXPECT_THAT(values("bert.packed_mask %0 : (tensor<1x4xi32>) -> "
                     "tensor<1x1x4x4xf32>",
                     {integers({1, 4}, {1, 1, 2, 0})}),
              ElementsAre(0, 0, kM, kM,  //
                          0, 0, kM, kM,  //
                          kM, kM, 0, kM, //
                          kM, kM, kM, kM));
}

TEST(Mask, PackedMaskComparesNumbersWhereverTheyStand) {
  EXPECT_THAT(values("bert.packed_mask %0 : (tensor<1x3xi32>) -> "
                     "tensor<1x1x3x3xf32>",
                     {integers({1, 3}, {2, 0, 2})}),
              ElementsAre(0, kM, 0, kM, kM, kM, 0, kM, 0));
}

TEST(Mask, KeyRangesAreThoseOfTheOwnSequenceInItsRow) {
  EXPECT_THAT(values(kRanges, {integers({2, 4}, {1, 1, 2, 0, 3, 2, 2, 2})}),
              ElementsAre(0, 2, 0, 2, 2, 3, 0, 0, //
                          0, 1, 1, 4, 1, 4, 1, 4));
}

TEST(Mask, KeyRangesRefuseASequenceInTwoPieces) {
  EXPECT_THAT(tryEvaluate(kRanges, {integers({2, 4}, {1, 1, 2, 0, 3, 2, 3, 0})})
                  .status()
                  .message(),
              HasSubstr("sequence 3 of row 1 is not in one piece"));
}

TEST(Mask, RangeMaskIsZeroInsideTheRange) {
  EXPECT_THAT(values("bert.range_mask %0 : (tensor<1x3x2xi32>) -> "
                     "tensor<1x1x3x3xf32>",
                     {integers({1, 3, 2}, {0, 2, 1, 3, 0, 0})}),
              ElementsAre(0, 0, kM, kM, 0, 0, kM, kM, kM));
}

} // namespace
} // namespace bertc::interpret
