// SPDX-License-Identifier: Apache-2.0

#include "runtime/core/CpuFeatures.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace bertc::rt {
namespace {

TEST(CpuFeatures, namesParseBack) {
  for (Isa isa : {Isa::Avx2, Isa::Avx512, Isa::Avx512Bf16, Isa::Amx}) {
    StatusOr<Isa> parsed = parseIsa(isaName(isa));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(*parsed, isa);
  }
}

TEST(CpuFeatures, refusesAnUnknownName) {
  EXPECT_EQ(parseIsa("sse9").status().message(),
            "unknown instruction set 'sse9', expected avx2, avx512, "
            "avx512_bf16 or amx");
}

TEST(CpuFeatures, agreesWithTheCompilersDetection) {
  __builtin_cpu_init();
  EXPECT_EQ(detectedIsa() >= Isa::Avx2, __builtin_cpu_supports("avx2") != 0);
  if (detectedIsa() >= Isa::Avx512) {
    EXPECT_TRUE(__builtin_cpu_supports("avx512bw"));
  }
}

// The tests of this file also run with BERTC_EMULATE_AMX and BERTC_MAX_ISA.
TEST(CpuFeatures, theUsableLevelIsTheDetectedOneUnlessVariablesSayOtherwise) {
  const char *emulate = std::getenv("BERTC_EMULATE_AMX");
  const char *cap = std::getenv("BERTC_MAX_ISA");
  Isa most = emulate != nullptr ? Isa::Amx : detectedIsa();
  EXPECT_EQ(usableIsa(),
            cap == nullptr ? most : std::min(most, *parseIsa(cap)));
}

TEST(CpuFeatures, tilesAreThereOnlyWithTheLevel) {
  EXPECT_EQ(tileUnit() != TileUnit::None, usableIsa() == Isa::Amx);
  if (tileUnit() == TileUnit::Hardware) {
    EXPECT_EQ(detectedIsa(), Isa::Amx);
  }
  if (std::getenv("BERTC_EMULATE_AMX") != nullptr) {
    EXPECT_NE(tileUnit(), TileUnit::Hardware);
  }
}

} // namespace
} // namespace bertc::rt
