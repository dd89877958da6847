// SPDX-License-Identifier: Apache-2.0
//
// Weights into panels: blocks of 32 x 32 are read once, rounded in the L1
// cache, and written in either or both of the two forms.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/amx/Panels.h"
#include "runtime/kernels/common/Parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/amx/Panels.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/amx/Blocks-inl.h"

#ifndef BERTC_RUNTIME_KERNELS_AMX_PANELS_SHARED_
#define BERTC_RUNTIME_KERNELS_AMX_PANELS_SHARED_
namespace bertc::rt::kernels::amx {

struct PackTask {
  const float *w;
  int64_t rows, cols;
  uint16_t *plain, *transposed;
};

struct TurnTask {
  const uint16_t *source;
  /// Of the source, whose panels are steps of the result and vice versa.
  int64_t panels, steps;
  int64_t first, last;
  uint16_t *out;
};

} // namespace bertc::rt::kernels::amx
#endif

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

// A block of w in bf16, with zeros where w ends.
HWY_INLINE void roundBlock(const amx::PackTask &t, int64_t row, int64_t col,
                           PaddedBlock &block) {
  int64_t rows = t.rows - row < 32 ? t.rows - row : 32;
  int64_t cols = t.cols - col < 32 ? t.cols - col : 32;
  if (rows < 32 || cols < 32) {
    __builtin_memset(block.halves, 0, sizeof block.halves);
  }
  for (int64_t r = 0; r < rows; ++r) {
    f32ToBf16(t.w + (row + r) * t.cols + col, block.halves + r * 32,
              static_cast<size_t>(cols));
  }
}

HWY_INLINE void streamTile(const uint32_t *tile, uint16_t *out) {
  auto *words = reinterpret_cast<uint32_t *>(out);
  for (size_t i = 0; i < amx::kTileBytes / 4; i += kLanes) {
    hn::Stream(hn::Load(DU(), tile + i), DU(), words + i);
  }
}

// Rows 32 block .. 32 block + 31 of w.
void packRows(const amx::PackTask &t, int64_t block) {
  PaddedBlock source;
  HWY_ALIGN uint32_t tile[256];
  int64_t steps = amx::stepsOf(t.rows), panels = amx::panelsOf(t.cols);
  for (int64_t panel = 0; panel < panels; ++panel) {
    roundBlock(t, block * 32, panel * 32, source);
    for (int half = 0; half < 2; ++half) {
      int64_t at = half * amx::kTileHalves;
      if (t.plain != nullptr) {
        interleaveTile(source.halves + half * 16, 32, tile);
        streamTile(tile,
                   t.plain + (panel * steps + block) * amx::kStepHalves + at);
      }
      if (t.transposed != nullptr) {
        auto *pairs = reinterpret_cast<const uint32_t *>(source.halves);
        transposeTile(pairs + half * 256, 16, tile);
        streamTile(tile, t.transposed +
                             (block * panels + panel) * amx::kStepHalves + at);
      }
    }
  }
  hwy::FlushStream();
}

// Panel `panel` of the source: one step of each panel of the result.
void turnPanel(const amx::TurnTask &t, int64_t panel) {
  for (int64_t step = t.first; step < t.last; ++step) {
    const uint16_t *from =
        t.source + (panel * t.steps + step) * amx::kStepHalves;
    turnStep(from,
             t.out + ((step - t.first) * t.panels + panel) * amx::kStepHalves);
  }
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(packRows);
HWY_EXPORT(turnPanel);
} // namespace

void amx::packPanels(const float *w, int64_t rows, int64_t cols,
                     uint16_t *plain, uint16_t *transposed) {
  PackTask task = {w, rows, cols, plain, transposed};
  parallelTasks(stepsOf(rows), [&](int64_t block) {
    HWY_DYNAMIC_DISPATCH(packRows)(task, block);
  });
}

void amx::turnPanels(const uint16_t *source, int64_t k, int64_t n,
                     int64_t first, int64_t last, uint16_t *out) {
  TurnTask task = {source, panelsOf(k), stepsOf(n), first, last, out};
  parallelTasks(task.panels, [&](int64_t panel) {
    HWY_DYNAMIC_DISPATCH(turnPanel)(task, panel);
  });
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
