// SPDX-License-Identifier: Apache-2.0
//
// Layout arithmetic of the cpu dialect: views enumerate the elements they are
// said to, in order.

#include "dialects/cpu/Layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace bertc::cpu {
namespace {

using Numbers = llvm::SmallVector<int64_t>;

Window dense(llvm::ArrayRef<int64_t> shape) {
  Window window;
  window.shape.assign(shape.begin(), shape.end());
  window.strides = denseStrides(shape);
  return window;
}

/// Storage positions of all elements in row-major order.
std::vector<int64_t> positions(const Window &window) {
  std::vector<int64_t> list = {window.offset};
  for (size_t axis = 0; axis < window.shape.size(); ++axis) {
    std::vector<int64_t> next;
    for (int64_t base : list) {
      for (int64_t i = 0; i < window.shape[axis]; ++i) {
        next.push_back(base + i * window.strides[axis]);
      }
    }
    list = std::move(next);
  }
  return list;
}

TEST(Layout, SplittingHeadsNeedsNoCopy) {
  std::optional<Window> heads = reshapeWindow(dense({16, 64}), {2, 8, 4, 16});
  ASSERT_TRUE(heads);
  Window transposed = transposeWindow(*heads, {0, 2, 1, 3});
  EXPECT_EQ(transposed.strides, Numbers({512, 16, 64, 1}));
  EXPECT_FALSE(isContiguous(transposed));
}

TEST(Layout, JoiningTransposedDimensionsNeedsACopy) {
  Window transposed = transposeWindow(dense({4, 8}), {1, 0});
  EXPECT_FALSE(reshapeWindow(transposed, {32}));
  EXPECT_TRUE(reshapeWindow(transposed, {8, 2, 2}));
}

TEST(Layout, AScalarIsContiguous) {
  Window window = dense({});
  EXPECT_TRUE(isContiguous(window));
  EXPECT_EQ(extentOf(window), 1);
  EXPECT_TRUE(reshapeWindow(window, {1, 1}));
}

TEST(Layout, ASliceKeepsStridesAndMovesTheOffset) {
  Window window = sliceWindow(dense({4, 5}), {1, 2}, {2, 3});
  EXPECT_EQ(window.offset, 7);
  EXPECT_EQ(window.strides, Numbers({5, 1}));
  EXPECT_EQ(extentOf(window), 15);
}

TEST(Layout, ReshapedWindowsEnumerateTheSameElementsInTheSameOrder) {
  constexpr uint32_t kSeed = 77;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  const int64_t sizes[] = {1, 2, 3, 4, 6};
  int found = 0;
  for (int round = 0; round < 2000; ++round) {
    Numbers shape(1 + random() % 4), permutation(shape.size());
    for (size_t i = 0; i < shape.size(); ++i) {
      shape[i] = sizes[random() % 5];
      permutation[i] = i;
    }
    std::shuffle(permutation.begin(), permutation.end(), random);
    Window window = transposeWindow(dense(shape), permutation);
    // A random factorisation of the same number of elements.
    int64_t rest = 1;
    for (int64_t d : shape) {
      rest *= d;
    }
    Numbers wanted;
    while (rest > 1) {
      int64_t factor = 2 + random() % 11;
      if (rest % factor == 0) {
        wanted.push_back(factor);
        rest /= factor;
      } else if (random() % 8 == 0) {
        wanted.push_back(rest);
        rest = 1;
      }
    }
    std::optional<Window> reshaped = reshapeWindow(window, wanted);
    if (isContiguous(window)) {
      EXPECT_TRUE(reshaped);
    }
    if (reshaped) {
      ++found;
      EXPECT_EQ(positions(*reshaped), positions(window));
    }
  }
  EXPECT_GT(found, 500);
}

} // namespace
} // namespace bertc::cpu
