// SPDX-License-Identifier: Apache-2.0
//
// Where products of bf16 are formed: what decides, and that it is the same each
// time.

#include "runtime/core/Bf16Rate.h"
#include "runtime/core/CpuFeatures.h"

#include <cstdlib>
#include <gmock/gmock.h>

namespace bertc::rt {
namespace {

using testing::HasSubstr;

TEST(Bf16Rate, noLibraryNoBf16) {
  Bf16Choice choice = chooseBf16(false);
  EXPECT_FALSE(choice.inBf16);
  EXPECT_THAT(choice.reason, HasSubstr("the library does not multiply bf16"));
}

TEST(Bf16Rate, theEnvironmentDecidesFirst) {
  ASSERT_EQ(setenv("BERTC_BF16_PRODUCTS", "bf16", 1), 0);
  EXPECT_TRUE(chooseBf16(true).inBf16);
  EXPECT_FALSE(chooseBf16(false).inBf16);
  ASSERT_EQ(setenv("BERTC_BF16_PRODUCTS", "f32", 1), 0);
  EXPECT_FALSE(chooseBf16(true).inBf16);
  EXPECT_THAT(chooseBf16(true).reason, HasSubstr("BERTC_BF16_PRODUCTS"));
  ASSERT_EQ(unsetenv("BERTC_BF16_PRODUCTS"), 0);
}

TEST(Bf16Rate, theMeasurementDecidesAlikeEachTime) {
  ASSERT_EQ(unsetenv("BERTC_BF16_PRODUCTS"), 0);
  Bf16Choice first = chooseBf16(true);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(chooseBf16(true).inBf16, first.inBf16) << first.reason;
  }
  if (std::min(usableIsa(), detectedIsa()) < Isa::Avx512Bf16) {
    EXPECT_EQ(bf16InstructionGain(), 0.0);
  } else {
    EXPECT_GT(bf16InstructionGain(), 0.1);
    EXPECT_LT(bf16InstructionGain(), 4.5);
  }
}

} // namespace
} // namespace bertc::rt
