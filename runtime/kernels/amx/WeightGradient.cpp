// SPDX-License-Identifier: Apache-2.0
//
// The operand with fewer columns is brought into tiles once, by all threads
// together. Each thread then takes its part of the columns of the other, in
// blocks that stay in its L2 cache, and walks the shared tiles over them. C is
// the start value of the sums and is written once.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/amx/GemmGrid.h"
#include "runtime/kernels/amx/WeightGradient.h"
#include "runtime/kernels/common/Parallel.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/amx/WeightGradient.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/amx/Blocks-inl.h"
#include "runtime/kernels/amx/Epilogue-inl.h"
#include "runtime/kernels/amx/Product-inl.h"

#ifndef BERTC_RUNTIME_KERNELS_AMX_WEIGHT_GRADIENT_SHARED_
#define BERTC_RUNTIME_KERNELS_AMX_WEIGHT_GRADIENT_SHARED_
namespace bertc::rt::kernels::amx {

inline constexpr int64_t kMaxBlockPanels = 8;

// What one thread does: panels of the side that is not shared, and room for a
// block of them.
struct GradientPart {
  PanelRange panels;
  int64_t blockPanels;
  const uint16_t *shared;
  uint16_t *block;
};

// Whether X is shared, and threads share the columns of C.
inline bool sharesX(const WeightGradientTask &t) { return t.n >= t.m; }

} // namespace bertc::rt::kernels::amx
#endif

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

using amx::GradientPart;
using amx::kMaxBlockPanels;
using amx::PanelRange;
using amx::WeightGradientTask;

HWY_INLINE int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }

// A block of 32 tokens and 32 columns where it is, or a padded copy.
struct BlockView {
  const uint16_t *data;
  int64_t pitch;
};

HWY_INLINE BlockView blockOf(const uint16_t *from, int64_t pitch, bool blocked,
                             int64_t tokens, int64_t columns, int64_t step,
                             int64_t panel, PaddedBlock &space) {
  if (blocked) {
    return {from + amx::blockOffset(step * 32, panel * 32, pitch), 32};
  }
  const uint16_t *data = from + step * 32 * pitch + panel * 32;
  int64_t rows = tokens - step * 32, cols = columns - panel * 32;
  if (rows >= 32 && cols >= 32) {
    return {data, pitch};
  }
  padBlock(data, pitch, 1, rows, cols, space);
  return {space.halves, 32};
}

// Panels of X^T for some steps, in blocks: [panel][steps][2] A tiles.
void packX(const WeightGradientTask &t, PanelRange panels, PanelRange steps,
           uint16_t *out) {
  PaddedBlock space;
  HWY_ALIGN uint32_t pairs[2 * 256];
  int64_t all = amx::stepsOf(t.tokens);
  for (int64_t step = steps.begin; step < steps.end; ++step) {
    for (int64_t panel = panels.begin; panel < panels.end; ++panel) {
      BlockView x =
          blockOf(t.x, t.xPitch, t.xBlocked, t.tokens, t.m, step, panel, space);
      interleaveStep(x.data, x.pitch, reinterpret_cast<uint16_t *>(pairs));
      for (int64_t half = 0; half < 2; ++half) {
        uint16_t *tile =
            out + ((panel - panels.begin) * all + step) * amx::kStepHalves +
            half * amx::kTileHalves;
        transposeTile(pairs + half * 256, 16,
                      reinterpret_cast<uint32_t *>(tile));
      }
    }
  }
}

// sums[n] += both halves of the pairs of the two B tiles of a step. They are
// summed by themselves first, which keeps the error of many tokens small, and
// first and second tokens of the pairs apart: four chains of additions instead
// of one that is waited for.
HWY_INLINE void addColumns(const uint16_t *step, float *sums) {
  const DU du;
  auto *tile = reinterpret_cast<const uint32_t *>(step);
  for (size_t c = 0; c < 16; c += kLanes) {
    VF even0 = hn::Zero(DF()), odd0 = even0, even1 = even0, odd1 = even0;
    for (int64_t r = 0; r < 16; ++r) {
      VU pair0 = hn::LoadU(du, tile + r * 16 + c);
      VU pair1 = hn::LoadU(du, tile + 256 + r * 16 + c);
      VU odd = hn::Set(du, 0xffff0000u);
      even0 = hn::Add(even0, hn::BitCast(DF(), hn::ShiftLeft<16>(pair0)));
      even1 = hn::Add(even1, hn::BitCast(DF(), hn::ShiftLeft<16>(pair1)));
      odd0 = hn::Add(odd0, hn::BitCast(DF(), hn::And(pair0, odd)));
      odd1 = hn::Add(odd1, hn::BitCast(DF(), hn::And(pair1, odd)));
    }
    VF total0 = hn::Add(even0, odd0), total1 = hn::Add(even1, odd1);
    hn::StoreU(hn::Add(hn::LoadU(DF(), sums + c), total0), DF(), sums + c);
    hn::StoreU(hn::Add(hn::LoadU(DF(), sums + 16 + c), total1), DF(),
               sums + 16 + c);
  }
}

// At most kMaxBlockPanels panels of Y; the sums of their columns are added to
// what there is.
void packY(const WeightGradientTask &t, PanelRange panels, uint16_t *out) {
  PaddedBlock space;
  HWY_ALIGN float sums[kMaxBlockPanels * 32] = {};
  int64_t steps = amx::stepsOf(t.tokens);
  for (int64_t step = 0; step < steps; ++step) {
    for (int64_t panel = panels.begin; panel < panels.end; ++panel) {
      BlockView y =
          blockOf(t.y, t.yPitch, t.yBlocked, t.tokens, t.n, step, panel, space);
      int64_t at = panel - panels.begin;
      uint16_t *tiles = out + (at * steps + step) * amx::kStepHalves;
      interleaveStep(y.data, y.pitch, tiles);
      if (t.columnSums != nullptr) {
        addColumns(tiles, sums + at * 32);
      }
    }
  }
  if (t.columnSums != nullptr) {
    int64_t first = panels.begin * 32, last = lesser(panels.end * 32, t.n);
    for (int64_t i = first; i < last; ++i) {
      t.columnSums[i] += sums[i - first];
    }
  }
}

// Adds all tokens. Of the panel that is shared, and so comes next again, as
// much is kept in the L1 cache as fits there.
template <class Tiles>
HWY_INLINE void addTokens(const WeightGradientTask &t, const uint16_t *x,
                          const uint16_t *y, const Ahead &ahead) {
  int64_t steps = amx::stepsOf(t.tokens);
  if (amx::sharesX(t)) {
    addProducts<Tiles, Keep::A>(x, y, steps, amx::kChunkSteps, ahead);
  } else {
    addProducts<Tiles, Keep::B>(x, y, steps, amx::kChunkSteps, ahead);
  }
}

// 32 x 32 of C. Whole blocks of f32 are summed where they are.
template <class Tiles>
HWY_INLINE void makeBlock(const WeightGradientTask &t, const uint16_t *x,
                          const uint16_t *y, int64_t row, int64_t col,
                          const Ahead &ahead) {
  bool whole = t.m - row * 32 >= 32 && t.n - col * 32 >= 32;
  if (whole && t.c.buffer.dtype == DType::F32) {
    float *c =
        static_cast<float *>(t.c.buffer.data) + row * 32 * t.c.pitch + col * 32;
    t.accumulate ? loadSums<Tiles>(c, t.c.pitch) : zeroSums<Tiles>();
    addTokens<Tiles>(t, x, y, ahead);
    storeSums<Tiles>(c, t.c.pitch);
    return;
  }
  HWY_ALIGN float sums[32 * 32];
  zeroSums<Tiles>();
  addTokens<Tiles>(t, x, y, ahead);
  storeSums<Tiles>(sums, 32);
  amx::GemmTask out;
  out.m = t.m;
  out.n = t.n;
  out.c = t.c;
  out.accumulate = t.accumulate;
  finishBlock<Tiles>(IdentityOp(), out, sums, row * 32, col * 32);
}

// All of the shared side against a block of this thread's.
template <class Tiles>
void walkShared(const WeightGradientTask &t, const GradientPart &part,
                PanelRange block) {
  bool sharesX = amx::sharesX(t);
  int64_t steps = amx::stepsOf(t.tokens), panel = steps * amx::kStepHalves;
  int64_t count = amx::panelsOf(sharesX ? t.m : t.n);
  for (int64_t i = 0; i < count; ++i) {
    const uint16_t *shared = part.shared + i * panel;
    for (int64_t j = block.begin; j < block.end; ++j) {
      int64_t at = j - block.begin;
      const uint16_t *own = part.block + at * panel;
      const uint16_t *next = i + 1 < count ? shared + panel : nullptr;
      makeBlock<Tiles>(t, sharesX ? shared : own, sharesX ? own : shared,
                       sharesX ? i : j, sharesX ? j : i,
                       bringPanel(next, at, block.size(), steps));
    }
  }
}

template <class Tiles>
void runPart(const WeightGradientTask &t, const GradientPart &part) {
  amx::TileScope<Tiles> scope;
  PanelRange steps = {0, amx::stepsOf(t.tokens)};
  for (int64_t first = part.panels.begin; first < part.panels.end;
       first += part.blockPanels) {
    PanelRange block = {first,
                        lesser(first + part.blockPanels, part.panels.end)};
    if (amx::sharesX(t)) {
      packY(t, block, part.block);
    } else {
      packX(t, block, steps, part.block);
    }
    walkShared<Tiles>(t, part, block);
  }
}

void gradientPart(const WeightGradientTask &t, TileUnit unit,
                  const GradientPart &part) {
  withTiles(unit,
            [&](auto tiles) HWY_ATTR { runPart<decltype(tiles)>(t, part); });
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(packX);
HWY_EXPORT(packY);
HWY_EXPORT(gradientPart);

// Tokens at a time. Where C keeps the sums in f32 only so many that the L2
// cache has room for a block of some panels.
int64_t tokensAtOnce(const amx::WeightGradientTask &t) {
  constexpr int64_t kTokens = 4096;
  return t.c.buffer.dtype == DType::F32 ? std::min(t.tokens, kTokens)
                                        : t.tokens;
}

// Panels of Y that one thread packs into the shared side at a time: two lines
// of each token.
constexpr int64_t kSharedGroup = 2;

// Panels of a block, which shares the L2 cache with a shared panel and the next
// one: six of 2048 tokens were 4% faster than eight, four of 4096 5% faster
// than three or five.
int64_t blockPanels(int64_t steps) {
  constexpr int64_t kBlockSteps = 384, kMostSteps = 512, kFewPanels = 4;
  int64_t panels =
      std::max(kBlockSteps / steps, std::min(kMostSteps / steps, kFewPanels));
  return std::clamp<int64_t>(panels, 1, amx::kMaxBlockPanels);
}

void packShared(const amx::WeightGradientTask &t, uint16_t *out) {
  int64_t steps = amx::stepsOf(t.tokens);
  if (amx::sharesX(t)) {
    parallelRanges(steps, 1, [&](int64_t first, int64_t last) {
      HWY_DYNAMIC_DISPATCH(packX)(t, {0, amx::panelsOf(t.m)}, {first, last},
                                  out);
    });
    return;
  }
  parallelRanges(
      amx::panelsOf(t.n), kSharedGroup, [&](int64_t first, int64_t last) {
        HWY_DYNAMIC_DISPATCH(packY)(t, {first, last},
                                    out + first * steps * amx::kStepHalves);
      });
}

void runTokens(const amx::WeightGradientTask &t, TileUnit unit,
               std::byte *scratch, int threads) {
  int64_t steps = amx::stepsOf(t.tokens);
  auto *shared = reinterpret_cast<uint16_t *>(scratch);
  packShared(t, shared);
  uint16_t *blocks =
      shared + amx::panelsOf(std::min(t.m, t.n)) * steps * amx::kStepHalves;
  int64_t panels = amx::panelsOf(std::max(t.m, t.n));
  int64_t parts = std::min<int64_t>(std::max(threads, 1), panels);
  parallelTasks(parts, [&](int64_t index) {
    amx::GradientPart part = {
        amx::partOf(panels, parts, index), blockPanels(steps), shared,
        blocks + index * blockPanels(steps) * steps * amx::kStepHalves};
    HWY_DYNAMIC_DISPATCH(gradientPart)(t, unit, part);
  });
}

} // namespace

size_t amx::weightGradientScratchBytes(const WeightGradientTask &task,
                                       int threads) {
  int64_t steps = stepsOf(tokensAtOnce(task));
  int64_t panels = panelsOf(std::min(task.m, task.n));
  int64_t parts = std::min<int64_t>(std::max(threads, 1),
                                    panelsOf(std::max(task.m, task.n)));
  return static_cast<size_t>((panels + parts * blockPanels(steps)) * steps *
                             kStepHalves * 2);
}

void amx::weightGradient(const WeightGradientTask &task, TileUnit unit,
                         std::byte *scratch, int threads) {
  if (task.columnSums != nullptr) {
    std::fill_n(task.columnSums, task.n, 0.0f);
  }
  WeightGradientTask part = task;
  int64_t most = tokensAtOnce(task);
  for (int64_t first = 0; first < task.tokens; first += most) {
    part.x = task.x + first * task.xPitch;
    part.y = task.y + first * task.yPitch;
    part.tokens = std::min(most, task.tokens - first);
    part.accumulate = task.accumulate || first > 0;
    runTokens(part, unit, scratch, threads);
  }
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
