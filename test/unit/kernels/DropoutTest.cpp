// SPDX-License-Identifier: Apache-2.0
//
// The dropout kernel against the scalar definition, bit for bit.

#include "runtime/kernels/dropout/Dropout.h"
#include "test/unit/kernels/KernelTesting.h"

namespace bertc::rt::kernels {
namespace {

const int32_t kRng[4] = {77, -5, 9, 0};

Values run(DType out, Values x, float rate, const int32_t *rng) {
  Values y(out, x.size());
  dropout(dropoutState(rate, 12, rng), y.buffer(), x.buffer(),
          static_cast<int64_t>(x.size()));
  return y;
}

TEST(Dropout, EqualsTheScalarDefinition) {
  forEachTarget([] {
    DropoutState state = dropoutState(0.3f, 12, kRng);
    ASSERT_TRUE(state.active);
    for (size_t n : {1u, 7u, 127u, 128u, 129u, 1024u, 1025u, 40000u}) {
      Values x = randomValues(DType::F32, n);
      Values y = run(DType::F32, x, 0.3f, kRng);
      EXPECT_TRUE(y.guardIntact());
      for (size_t i = 0; i < n; ++i) {
        bool keep = philox::dropoutKeeps(state.key, state.scale, i);
        ASSERT_EQ(y[i], keep ? x[i] * state.scale.factor : 0.0f)
            << i << " of " << n;
      }
    }
  });
}

// Rows in any order, one of them twice, of lengths that end inside a group.
TEST(Dropout, RowsAreThoseOfTheWholeTensor) {
  forEachTarget([] {
    const std::vector<int32_t> rows = {5, 0, 3, 5, 1};
    for (size_t columns : {1u, 7u, 128u, 200u, 1500u}) {
      for (DType dtype : {DType::F32, DType::BF16}) {
        Values whole = randomValues(dtype, 6 * columns);
        Values dropped = run(dtype, whole, 0.3f, kRng);
        Values x(dtype, rows.size() * columns), expected = x, y = x;
        auto *from = static_cast<char *>(whole.buffer().data);
        auto *kept = static_cast<char *>(dropped.buffer().data);
        size_t bytes = columns * (dtype == DType::F32 ? 4 : 2);
        for (size_t r = 0; r < rows.size(); ++r) {
          size_t row = static_cast<size_t>(rows[r]);
          std::memcpy(static_cast<char *>(x.buffer().data) + r * bytes,
                      from + row * bytes, bytes);
          std::memcpy(static_cast<char *>(expected.buffer().data) + r * bytes,
                      kept + row * bytes, bytes);
        }
        dropoutRows(dropoutState(0.3f, 12, kRng), y.buffer(), x.buffer(),
                    rows.data(), static_cast<int64_t>(rows.size()),
                    static_cast<int64_t>(columns));
        EXPECT_TRUE(y.guardIntact());
        EXPECT_TRUE(y.sameBits(expected)) << columns;
      }
    }
  });
}

TEST(Dropout, RowsAreCopiedWhereNothingIsDropped) {
  const int32_t rows[2] = {9, 4};
  Values x = randomValues(DType::F32, 300), y(DType::F32, 300);
  dropoutRows(dropoutState(0.3f, 12, nullptr), y.buffer(), x.buffer(), rows, 2,
              150);
  EXPECT_TRUE(y.sameBits(x));
}

TEST(Dropout, WorksInPlaceAndOnBf16) {
  forEachTarget([] {
    Values x = randomValues(DType::BF16, 1000);
    Values apart = run(DType::BF16, x, 0.5f, kRng);
    dropout(dropoutState(0.5f, 12, kRng), x.buffer(), x.buffer(), 1000);
    EXPECT_TRUE(x.sameBits(apart));
  });
}

TEST(Dropout, SameBitsForAnyNumberOfThreads) {
  expectSameBitsForThreads([] {
    return run(DType::F32, randomValues(DType::F32, 100003), 0.1f, kRng);
  });
}

TEST(Dropout, DropsTheAskedShare) {
  Values y = run(DType::F32, Values(DType::F32, std::vector<float>(1 << 20, 1)),
                 0.1f, kRng);
  int dropped = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    dropped += y[i] == 0.0f ? 1 : 0;
  }
  // Five standard deviations of a binomial.
  EXPECT_NEAR(dropped / double(1 << 20), 0.1, 5 * std::sqrt(0.09 / (1 << 20)));
}

TEST(Dropout, RateZeroAndTheOffFlagCopy) {
  const int32_t off[4] = {77, -5, 9, 1};
  Values x = randomValues(DType::F32, 300);
  EXPECT_TRUE(run(DType::F32, x, 0.0f, kRng).sameBits(x));
  EXPECT_TRUE(run(DType::F32, x, 0.5f, off).sameBits(x));
  EXPECT_TRUE(run(DType::F32, x, 0.5f, nullptr).sameBits(x));
}

TEST(Dropout, StepAndOpChangeTheMask) {
  const int32_t next[4] = {77, -5, 10, 0};
  Values x(DType::F32, std::vector<float>(256, 1.0f));
  EXPECT_FALSE(
      run(DType::F32, x, 0.5f, kRng).sameBits(run(DType::F32, x, 0.5f, next)));
}

// A dropped infinity is zero, not NaN.
TEST(Dropout, DroppedInfinityIsZero) {
  Values x(DType::F32, std::vector<float>(256, INFINITY));
  Values y = run(DType::F32, x, 0.5f, kRng);
  for (size_t i = 0; i < y.size(); ++i) {
    EXPECT_FALSE(std::isnan(y[i]));
  }
}

} // namespace
} // namespace bertc::rt::kernels
