// SPDX-License-Identifier: Apache-2.0
//
// Dropout: what it computes from its mask, and the mask's statistics.
#include "test/unit/synapse-stand-in/ops/OpTesting.h"

#include <cmath>

namespace bertc::standin::testing {
namespace {

using rt::syn::DropoutParams;

constexpr size_t Count = 100000;

std::vector<Tensor> dropout(rt::syn::synDataType dtype, const Tensor &x,
                            int32_t seed, float ratio) {
  return Node(dtype == F32 ? "dropout_fwd_f32" : "dropout_fwd_bf16",
              {x, Tensor::of(I32, {1}, {double(seed)})},
              {Tensor(dtype, x.shape()), Tensor(I8, x.shape())},
              DropoutParams{ratio, 0})
      .run();
}

TEST(DropoutTest, KeptElementsAreScaled) {
  for (const Suffix &type : FloatSuffixes) {
    Tensor x = Tensor::random(type.dtype, {300, 20});
    auto result = dropout(type.dtype, x, 5, 0.25f);
    for (size_t i = 0; i < x.count(); ++i) {
      double exact = x[i] * result[1][i] / 0.75;
      EXPECT_TRUE(result[1][i] == 0 || result[1][i] == 1);
      EXPECT_NEAR(result[0][i], exact, std::fabs(exact) / 256);
    }
    Node back(std::string("dropout_bwd_") + type.text, {x, result[1]},
              {Tensor(type.dtype, x.shape())}, DropoutParams{0.25f, 0});
    EXPECT_EQ(back.run()[0].values(), result[0].values());
  }
}

TEST(DropoutTest, TheShareDroppedIsTheRatio) {
  Tensor x = Tensor::random(F32, {Count});
  for (float ratio : {0.0f, 0.1f, 0.5f}) {
    double kept = 0;
    for (double bit : dropout(F32, x, 77, ratio)[1].values()) {
      kept += bit;
    }
    // Four standard deviations.
    EXPECT_NEAR(kept / Count, 1 - ratio,
                4 * std::sqrt(ratio * (1 - ratio) / Count) + 1e-12);
  }
}

/// Of two masks with half of the elements kept, the share on which they agree.
double agreement(const Tensor &a, const Tensor &b, size_t shift) {
  double equal = 0;
  for (size_t i = 0; i + shift < Count; ++i) {
    equal += a[i] == b[i + shift];
  }
  return equal / double(Count - shift);
}

TEST(DropoutTest, MasksOfOtherSeedsAndPlacesAreIndependent) {
  Tensor x = Tensor::random(F32, {Count});
  Tensor first = dropout(F32, x, 1, 0.5f)[1];
  double allowed = 5 * 0.5 / std::sqrt(double(Count));
  for (int32_t seed : {0, 2, 1000, -1}) {
    EXPECT_NEAR(agreement(first, dropout(F32, x, seed, 0.5f)[1], 0), 0.5,
                allowed);
  }
  for (size_t shift : {1, 2, 64, 768}) {
    EXPECT_NEAR(agreement(first, first, shift), 0.5, allowed);
  }
  EXPECT_EQ(first.values(), dropout(F32, x, 1, 0.5f)[1].values());
}

TEST(DropoutTest, ASeedInTheParameters) {
  Tensor x = Tensor::random(F32, {1000});
  Node node("dropout_fwd_f32", {x}, {Tensor(F32, {1000}), Tensor(I8, {1000})},
            DropoutParams{0.5f, 9});
  EXPECT_EQ(node.run()[1].values(), dropout(F32, x, 9, 0.5f)[1].values());
}

TEST(DropoutTest, WrongNodesAreRefused) {
  Tensor x(F32, {4}), seed(I32, {1}), mask(I8, {4});
  DropoutParams params{0.5f, 0};
  expectRefused({
      {{"dropout_fwd_f32", {x, seed}, {x, mask}},
       "dropout_fwd_f32: has 0 bytes of parameters, expected 8"},
      {{"dropout_fwd_f32", {x, seed}, {x, mask}, DropoutParams{1, 0}},
       "dropout_fwd_f32: ratio is 1.000000, expected a probability to drop "
       "below 1"},
      {{"dropout_fwd_f32", {x, seed}, {x, mask}, DropoutParams{0.5f, 3}},
       "dropout_fwd_f32: both a seed tensor and a seed of 3 are given, "
       "expected the latter to be 0"},
      {{"dropout_fwd_f32", {x, x}, {x, mask}, params},
       "dropout_fwd_f32: seed is f32, expected i32"},
      {{"dropout_fwd_f32", {x, Tensor(I32, {2})}, {x, mask}, params},
       "dropout_fwd_f32: seed has shape [2], expected [1]"},
      {{"dropout_fwd_f32", {x, seed}, {x, x}, params},
       "dropout_fwd_f32: mask is f32, expected i8"},
      {{"dropout_bwd_f32", {x, Tensor(I8, {3})}, {x}, params},
       "dropout_bwd_f32: mask has shape [3], expected [4]"},
  });
}

} // namespace
} // namespace bertc::standin::testing
