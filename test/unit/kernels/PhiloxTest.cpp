// SPDX-License-Identifier: Apache-2.0
//
// The generator against the known answers of its publication.

#include "runtime/kernels/philox/Philox.h"

#include <gtest/gtest.h>

namespace bertc::philox {
namespace {

// The kat_vectors of Random123 for philox4x32, 10 rounds.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, 0, 0),
            (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                       0xffffffff, 0xffffffff),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                       0xa4093822, 0x299f31d0),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, ElementTakesItsBlockAndSlot) {
  DropoutKey key{1, 2, 3, 4};
  // Element 300 is 44 of group 2: block 2 * 16 + 44 % 16, slot 44 / 16 = 2.
  Block out = philox4x32({44, 0, 4, 3}, 1, 2);
  EXPECT_EQ(dropoutBits(key, 300), out[1] & 0xffff);
  // Element 127 of group 0: block 15, slot 7.
  out = philox4x32({15, 0, 4, 3}, 1, 2);
  EXPECT_EQ(dropoutBits(key, 127), out[3] >> 16);
}

TEST(Philox, BlockNumbersBeyond32Bits) {
  DropoutKey key{1, 2, 3, 4};
  uint64_t group = uint64_t{1} << 30;
  Block out = philox4x32({5, 4, 4, 3}, 1, 2);
  EXPECT_EQ(dropoutBits(key, group * 128 + 5), out[0] & 0xffff);
}

TEST(DropoutScale, RoundsTheRateToSixteenBits) {
  DropoutScale scale = dropoutScale(0.1f);
  EXPECT_EQ(scale.threshold, 6554u);
  EXPECT_EQ(scale.factor, static_cast<float>(65536.0 / (65536.0 - 6554.0)));
  EXPECT_EQ(dropoutScale(0.0f).threshold, 0u);
  EXPECT_EQ(dropoutScale(0.0f).factor, 1.0f);
}

// A rate that rounds to 1 may not divide by zero.
TEST(DropoutScale, StaysBelowOne) {
  EXPECT_EQ(dropoutScale(0.999999f).threshold, 65535u);
}

} // namespace
} // namespace bertc::philox
