// SPDX-License-Identifier: Apache-2.0

#include "runtime/core/CpuFeatures.h"

#include <gtest/gtest.h>

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

TEST(CpuFeatures, theUsableLevelIsNeverAboveTheDetectedOne) {
  EXPECT_LE(usableIsa(), detectedIsa());
}

} // namespace
} // namespace bertc::rt
