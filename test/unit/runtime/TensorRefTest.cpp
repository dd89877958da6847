// SPDX-License-Identifier: Apache-2.0

#include "runtime/core/StepHandler.h"

#include <gtest/gtest.h>
#include <random>
#include <set>

namespace bertc::rt {
namespace {

TensorRef make(Shape dims, Shape strides, void *data) {
  TensorRef t;
  t.present = true;
  t.rank = static_cast<int>(dims.size());
  std::copy(dims.begin(), dims.end(), t.dims);
  std::copy(strides.begin(), strides.end(), t.strides);
  t.data = data;
  return t;
}

std::set<int64_t> elements(const TensorRef &t, const float *base) {
  std::set<int64_t> all;
  for (int64_t i = 0; i < t.numElements(); ++i) {
    int64_t rest = i;
    int64_t at = t.as<float>() - base;
    for (int axis = t.rank - 1; axis >= 0; --axis) {
      at += rest % t.dims[axis] * t.strides[axis];
      rest /= t.dims[axis];
    }
    all.insert(at);
  }
  return all;
}

TEST(TensorRef, knowsDenseLayouts) {
  EXPECT_TRUE(make({2, 3}, {3, 1}, nullptr).isDense());
  EXPECT_TRUE(make({2, 1, 3}, {3, 99, 1}, nullptr).isDense());
  EXPECT_FALSE(make({2, 3}, {1, 2}, nullptr).isDense());
  EXPECT_FALSE(make({2, 3}, {4, 1}, nullptr).isDense());
  EXPECT_TRUE(make({}, {}, nullptr).isDense());
}

TEST(TensorRef, describesItself) {
  EXPECT_EQ(make({2, 3}, {3, 1}, nullptr).describe(), "f32 [2,3]");
  EXPECT_EQ(make({2, 3}, {1, 2}, nullptr).describe(),
            "f32 [2,3] strides [1,2]");
}

TEST(TensorRef, columnsOfOneMatrixDoNotOverlap) {
  float data[24];
  TensorRef left = make({4, 3}, {6, 1}, data);
  TensorRef right = make({4, 3}, {6, 1}, data + 3);
  EXPECT_FALSE(overlaps(left, right));
  EXPECT_TRUE(overlaps(left, make({4, 3}, {6, 1}, data + 2)));
  EXPECT_TRUE(overlaps(left, make({24}, {1}, data)));
}

TEST(TensorRef, aMissingOperandOverlapsNothing) {
  float data[4];
  EXPECT_FALSE(overlaps(TensorRef(), make({4}, {1}, data)));
}

// Against the sets of elements, over random shifted windows of one pattern.
TEST(TensorRef, shiftedWindowsOverlapExactlyWhenTheyShareAnElement) {
  constexpr uint32_t kSeed = 11;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  std::vector<float> data(4096);
  for (int round = 0; round < 500; ++round) {
    Shape dims;
    Shape strides;
    int64_t span = 1;
    for (int axis = 0; axis < 3; ++axis) {
      dims.push_back(1 + static_cast<int64_t>(random() % 4));
      strides.push_back(span + static_cast<int64_t>(random() % 3));
      span = strides.back() * (dims.back() - 1) + span;
    }
    TensorRef a = make(dims, strides, data.data());
    TensorRef b = make(dims, strides, data.data() + random() % 40);
    std::set<int64_t> inA = elements(a, data.data());
    std::set<int64_t> inB = elements(b, data.data());
    bool share = std::any_of(inA.begin(), inA.end(),
                             [&](int64_t e) { return inB.count(e) != 0; });
    ASSERT_EQ(overlaps(a, b), share) << a.describe();
  }
}

} // namespace
} // namespace bertc::rt
