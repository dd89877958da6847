// SPDX-License-Identifier: Apache-2.0
//
// The ceiling on instruction sets. A program of its own: a cap stays.

#include "runtime/kernels/common/TargetName.h"
#include "runtime/kernels/elementwise/Elementwise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace bertc::rt::kernels {
namespace {

float expOfOne() {
  float x = 1.0f;
  float y = 0.0f;
  OperandShape s = denseShape(DType::F32, {});
  void *data[] = {&y, &x};
  unary(UnaryKind::Exp, makeElementwise(s, {s}), data);
  return y;
}

TEST(Targets, TheCeilingIsObeyed) {
  std::string best = kernelTargetName();
  if (detectedIsa() >= Isa::Avx512) {
    EXPECT_EQ(best, "avx512");
  }
  EXPECT_FLOAT_EQ(expOfOne(), std::exp(1.0f));
  limitKernels(Isa::Amx);
  EXPECT_EQ(kernelTargetName(), best);
  limitKernels(Isa::Avx2);
  if (detectedIsa() >= Isa::Avx2) {
    EXPECT_STREQ(kernelTargetName(), "avx2");
  }
  EXPECT_FLOAT_EQ(expOfOne(), std::exp(1.0f));
  limitKernels(Isa::None);
  EXPECT_STREQ(kernelTargetName(), "x86-64");
  EXPECT_FLOAT_EQ(expOfOne(), std::exp(1.0f));
}

} // namespace
} // namespace bertc::rt::kernels
