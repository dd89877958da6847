// SPDX-License-Identifier: Apache-2.0
//
// Keep masks of runs of elements, as kernels with dropout fused in make them,
// against the scalar definition: runs inside groups, across them, and where
// numbers of Philox blocks outgrow 32 bits.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/dropout/Dropout.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "test/unit/kernels/DropoutRowsTest.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/dropout/Dropout-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

void keepRuns(const DropoutState &state, int64_t begin, int64_t stride,
              size_t n, int64_t rows, uint32_t *words, const uint32_t **to) {
  keepRows(state, begin, stride, n, rows, words, to);
}

size_t runWords(size_t n) { return keepRowWords(n); }

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "test/unit/kernels/KernelTesting.h"

namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(keepRuns);
HWY_EXPORT(runWords);

constexpr int64_t kRows = 3;
constexpr uint32_t kUntouched = 0x5a5a5a5a;

void expectRuns(const DropoutState &state, int64_t begin, int64_t stride,
                size_t n) {
  size_t need = HWY_DYNAMIC_DISPATCH(runWords)(n) * kRows;
  std::vector<uint32_t> words(need + 1, kUntouched);
  const uint32_t *to[kRows];
  HWY_DYNAMIC_DISPATCH(keepRuns)
  (state, begin, stride, n, kRows, words.data(), to);
  EXPECT_EQ(words[need], kUntouched);
  for (int64_t r = 0; r < kRows; ++r) {
    for (size_t i = 0; i < n; ++i) {
      uint64_t element = static_cast<uint64_t>(begin + r * stride) + i;
      bool keep = philox::dropoutKeeps(state.key, state.scale, element);
      ASSERT_EQ(to[r][i], keep ? ~0u : 0u)
          << "element " << element << " of run " << r << " of " << n;
    }
  }
}

TEST(DropoutRows, EqualTheScalarDefinition) {
  const int32_t rng[4] = {77, -5, 9, 0};
  forEachTarget([&] {
    DropoutState state = dropoutState(0.3f, 12, rng);
    for (size_t n : {1u, 43u, 127u, 128u, 129u, 171u, 255u, 300u}) {
      for (int64_t begin : {0, 1, 85, 127, 128, 171}) {
        expectRuns(state, begin, 512, n);
        expectRuns(state, begin, static_cast<int64_t>(n), n);
      }
    }
  });
}

TEST(DropoutRows, GoOnWhereNumbersOfBlocksOutgrow32Bits) {
  const int32_t rng[4] = {77, -5, 9, 0};
  // Eight elements a block.
  constexpr int64_t kEnd = int64_t{8} << 32;
  forEachTarget([&] {
    DropoutState state = dropoutState(0.3f, 12, rng);
    for (int64_t before : {1300, 1024, 600, 512, 171, 1, 0}) {
      expectRuns(state, kEnd - before, 512, 171);
    }
  });
}

} // namespace
} // namespace bertc::rt::kernels
#endif // HWY_ONCE
