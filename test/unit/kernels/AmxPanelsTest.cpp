// SPDX-License-Identifier: Apache-2.0
//
// Weights in panels: every element is where the layout says, rounded to nearest
// even, and zeros are around them; both forms and each alone.

#include "runtime/kernels/amx/Panels.h"

#include "test/unit/kernels/AmxTesting.h"

namespace bertc::rt::kernels::amx {
namespace {

// B[k][n] of panels of [k, n], by the words of Panels.h.
uint16_t elementOf(const AlignedHalves &panels, int64_t rows, int64_t k,
                   int64_t n) {
  int64_t tile = (n / 32 * stepsOf(rows) + k / 32) * 2 + n % 32 / 16;
  return panels
      .data()[tile * kTileHalves + k % 32 / 2 * 32 + n % 16 * 2 + k % 2];
}

void checkForm(const Values &w, int64_t cols, const AlignedHalves &panels,
               int64_t k, int64_t n, bool transposed) {
  for (int64_t i = 0; i < stepsOf(k) * 32; ++i) {
    for (int64_t j = 0; j < panelsOf(n) * 32; ++j) {
      auto at = static_cast<size_t>(transposed ? j * cols + i : i * cols + j);
      uint16_t want = i < k && j < n ? floatToBf16(w[at]) : uint16_t{0};
      ASSERT_EQ(elementOf(panels, k, i, j), want) << i << ", " << j;
    }
  }
}

TEST(AmxPanels, EveryElementIsWhereTheLayoutSays) {
  forEachTarget([] {
    for (auto [rows, cols] : {std::array<int64_t, 2>{32, 32},
                              {1, 1},
                              {31, 33},
                              {100, 70},
                              {64, 2},
                              {5, 200}}) {
      Values w = randomValues(DType::F32, static_cast<size_t>(rows * cols));
      for (int forms : {1, 2, 3}) {
        AlignedHalves plain, transposed;
        plain.resize(static_cast<size_t>(panelHalves(rows, cols)));
        transposed.resize(static_cast<size_t>(panelHalves(cols, rows)));
        packPanels(w.f32(), rows, cols,
                   (forms & 1) != 0 ? plain.data() : nullptr,
                   (forms & 2) != 0 ? transposed.data() : nullptr);
        if ((forms & 1) != 0) {
          checkForm(w, cols, plain, rows, cols, false);
        }
        if ((forms & 2) != 0) {
          checkForm(w, cols, transposed, cols, rows, true);
        }
      }
    }
  });
}

TEST(AmxPanels, OneFormTurnedIsTheOther) {
  forEachTarget([] {
    for (auto [rows, cols] :
         {std::array<int64_t, 2>{32, 32}, {1, 1}, {31, 33}, {100, 170}}) {
      Values w = randomValues(DType::F32, static_cast<size_t>(rows * cols));
      AlignedHalves plain, transposed, turned;
      plain.resize(static_cast<size_t>(panelHalves(rows, cols)));
      packPanels(w.f32(), rows, cols, plain.data(), nullptr);
      for (int64_t first = 0; first < panelsOf(rows); ++first) {
        for (int64_t last = first + 1; last <= panelsOf(rows); ++last) {
          auto halves = static_cast<size_t>(panelHalves(cols, 32));
          turned.resize(static_cast<size_t>(last - first) * halves);
          turnPanels(plain.data(), cols, rows, first, last, turned.data());
          int64_t from = first * 32;
          int64_t n = std::min(rows, last * 32) - from;
          Values part = w;
          for (int64_t i = 0; i < n * cols; ++i) {
            part.set(static_cast<size_t>(i),
                     w[static_cast<size_t>(from * cols + i)]);
          }
          checkForm(part, cols, turned, cols, n, true);
        }
      }
    }
  });
}

TEST(AmxPanels, PaddingIsWritten) {
  std::vector<float> w(33 * 33, 1.0f);
  AlignedHalves plain;
  auto halves = static_cast<size_t>(panelHalves(33, 33));
  plain.resize(halves);
  std::memset(plain.data(), 0xff, halves * 2);
  packPanels(w.data(), 33, 33, plain.data(), nullptr);
  size_t ones = 0;
  for (size_t i = 0; i < halves; ++i) {
    ones += plain.data()[i] == floatToBf16(1.0f) ? 1 : 0;
    ASSERT_NE(plain.data()[i], 0xffff);
  }
  EXPECT_EQ(ones, w.size());
}

} // namespace
} // namespace bertc::rt::kernels::amx
