// SPDX-License-Identifier: Apache-2.0
//
// Products with packed weights. A part brings a block of A into tiles in its L2
// cache once and walks the panels of B over it. A panel is cut into chunks that
// stay in the L1 cache while a few rows go by:
//   shallow K  all chunks for two row panels, whose sums are in the L1 cache
//   deep K     one chunk for all rows and columns of the block, whose sums are
//              in the L2 cache; so A needs no more room there than a chunk
// Where a deep B is turned and too large for that at once, it is turned a range
// of K at a time, and the sums of all of C are kept from range to range.
// Products of one A are one product here: the panels of one B come behind those
// of the other.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/amx/Gemm.h"
#include "runtime/kernels/amx/GemmGrid.h"
#include "runtime/kernels/common/Parallel.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/amx/Gemm.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/amx/Blocks-inl.h"
#include "runtime/kernels/amx/Epilogue-inl.h"
#include "runtime/kernels/amx/Product-inl.h"

#ifndef BERTC_RUNTIME_KERNELS_AMX_GEMM_SHARED_
#define BERTC_RUNTIME_KERNELS_AMX_GEMM_SHARED_
namespace bertc::rt::kernels::amx {

// Products that agree in m, k and a, which are read from the first.
struct GemmGroup {
  const GemmTask *tasks;
  int64_t count;
  /// The range of K that is added now, of which alone B has panels.
  PanelRange steps;

  bool isWhole() const { return steps.size() == stepsOf(tasks->k); }

  int64_t panels() const {
    int64_t sum = 0;
    for (int64_t i = 0; i < count; ++i) {
      sum += panelsOf(tasks[i].n);
    }
    return sum;
  }
};

// What one thread does, and its scratch.
struct GemmPart {
  PanelRange rows, cols;
  uint16_t *tiles;
  float *sums;
};

} // namespace bertc::rt::kernels::amx
#endif

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

using amx::GemmGroup;
using amx::GemmPart;
using amx::GemmTask;
using amx::PanelRange;

constexpr int64_t kBlockSums = amx::kPanel * amx::kPanel;

HWY_INLINE int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }

// One A tile of a, with zeros where a ends.
HWY_INLINE void packTile(const GemmTask &t, int64_t row, int64_t step,
                         uint16_t *out) {
  int64_t rows = t.m - row < 0 ? 0 : lesser(16, t.m - row);
  int64_t cols = lesser(32, t.k - step * 32);
  const uint16_t *from = t.a.data + row * t.a.row + step * 32 * t.a.col;
  if (t.a.col == 1 && cols == 32) {
    copyRows(from, t.a.row, rows, out);
    __builtin_memset(out + rows * 32, 0, static_cast<size_t>(16 - rows) * 64);
    return;
  }
  for (int64_t i = 0; i < amx::kTileHalves; ++i) {
    int64_t r = i / 32, c = i % 32;
    out[i] =
        r < rows && c < cols ? from[r * t.a.row + c * t.a.col] : uint16_t{0};
  }
}

// Row panels and steps of A, in blocks.
struct Block {
  const uint16_t *tiles;
  int64_t firstPanel, steps;

  // Row panel `panel`, from step `step` of these on.
  HWY_INLINE const uint16_t *at(int64_t panel, int64_t step) const {
    return tiles + ((panel - firstPanel) * steps + step) * amx::kStepHalves;
  }
};

// A copy in any case, also of what is in blocks already: reading that from far
// away as the tiles of a product need it is slower.
HWY_INLINE Block bringBlock(const GemmTask &t, const GemmPart &part,
                            PanelRange rows, int64_t firstStep, int64_t steps) {
  uint16_t *out = part.tiles;
  for (int64_t panel = rows.begin; panel < rows.end; ++panel) {
    if (t.a.blocked) {
      copyRows(t.a.data + amx::blockOffset(panel * 32, firstStep * 32, t.k), 32,
               steps * 32, out);
      out += steps * amx::kStepHalves;
      continue;
    }
    // Sixteen rows at a time are as many streams as the CPU fetches well.
    for (int64_t half = 0; half < 2; ++half) {
      for (int64_t step = 0; step < steps; ++step) {
        packTile(t, panel * 32 + half * 16, firstStep + step,
                 out + step * amx::kStepHalves + half * amx::kTileHalves);
      }
    }
    out += steps * amx::kStepHalves;
  }
  return {part.tiles, rows.begin, steps};
}

// A panel of B: whose it is, which one of those, and where.
struct Panel {
  const GemmTask *task;
  int64_t index;
  PanelRange steps;

  HWY_INLINE const uint16_t *at(int64_t step) const {
    return task->b +
           (index * steps.size() + step - steps.begin) * amx::kStepHalves;
  }
};

// Panel `panel` of all there are.
HWY_INLINE Panel panelOf(const GemmGroup &g, int64_t panel) {
  const GemmTask *task = g.tasks;
  while (panel >= amx::panelsOf(task->n)) {
    panel -= amx::panelsOf(task->n);
    ++task;
  }
  return {task, panel, g.steps};
}

// Where panel `panel` is from step `step` on; null past the last of `cols`.
HWY_INLINE const uint16_t *panelAt(const GemmGroup &g, PanelRange cols,
                                   int64_t panel, int64_t step) {
  return panel >= cols.end ? nullptr : panelOf(g, panel).at(step);
}

template <class Tiles>
void shallowBlock(const GemmGroup &g, const GemmPart &part, PanelRange rows) {
  HWY_ALIGN float sums[2][kBlockSums];
  int64_t steps = amx::stepsOf(g.tasks->k), chunk = amx::chunkOf(steps);
  Block block = bringBlock(*g.tasks, part, rows, 0, steps);
  for (int64_t col = part.cols.begin; col < part.cols.end; ++col) {
    Panel panel = panelOf(g, col);
    const uint16_t *b = panel.at(0);
    const uint16_t *next = panelAt(g, part.cols, col + 1, 0);
    int64_t done = 0;
    for (int64_t row = rows.begin; row < rows.end; row += 2) {
      int64_t count = lesser(2, rows.end - row);
      BlockRows finished = rowsOfBlock(*panel.task, row * 32, panel.index * 32);
      int64_t product = 0, products = count * amx::ceilDiv(steps, chunk);
      for (int64_t first = 0; first < steps; first += chunk) {
        int64_t length = lesser(chunk, steps - first);
        for (int64_t i = 0; i < count; ++i) {
          first == 0 ? zeroSums<Tiles>() : loadSums<Tiles>(sums[i], 32);
          addProducts<Tiles, Keep::B>(
              block.at(row + i, first), b + first * amx::kStepHalves, length,
              length,
              bringPanel(next, done, rows.size(), chunk)
                  .with(finished, count * 32, product++, products, length));
          storeSums<Tiles>(sums[i], 32);
          ++done;
        }
      }
      for (int64_t i = 0; i < count; ++i) {
        finish<Tiles>(*panel.task, sums[i], (row + i) * 32, panel.index * 32);
      }
    }
  }
}

// One chunk of K for all rows and columns of a deep block, whose sums are
// at `blockSums`.
template <class Tiles>
void deepChunk(const GemmGroup &g, const GemmPart &part, PanelRange rows,
               PanelRange cols, int64_t first, int64_t length,
               float *blockSums) {
  Block block = bringBlock(*g.tasks, part, rows, first, length);
  bool last = first + length == amx::stepsOf(g.tasks->k);
  for (int64_t col = cols.begin; col < cols.end; ++col) {
    Panel panel = panelOf(g, col);
    const uint16_t *b = panel.at(first);
    const uint16_t *next = panelAt(g, cols, col + 1, first);
    if (next == nullptr && first + length < g.steps.end) {
      next = panelAt(g, cols, cols.begin, first + length);
    }
    float *sums = blockSums + (col - cols.begin) * rows.size() * kBlockSums;
    for (int64_t row = rows.begin; row < rows.end; ++row) {
      first == 0 ? zeroSums<Tiles>() : loadSums<Tiles>(sums, 32);
      Ahead ahead = bringPanel(next, row - rows.begin, rows.size(), length);
      BlockRows finished;
      if (last && row + 1 < rows.end) {
        // Those of the next block: the time of this product is too short.
        finished = rowsOfBlock(*panel.task, (row + 1) * 32, panel.index * 32);
        ahead = ahead.with(finished, 32, 0, 1, length);
      }
      addProducts<Tiles, Keep::B>(block.at(row, 0), b, length, length, ahead);
      storeSums<Tiles>(sums, 32);
      if (last) {
        finish<Tiles>(*panel.task, sums, row * 32, panel.index * 32);
      }
      sums += kBlockSums;
    }
  }
}

// Sums of a range of K have a place of their own until the last range; those of
// all of K, a place for one block.
template <class Tiles>
void deepBlock(const GemmGroup &g, const GemmPart &part, PanelRange rows) {
  int64_t chunk = amx::chunkOf(amx::stepsOf(g.tasks->k));
  for (int64_t col = part.cols.begin; col < part.cols.end;
       col += amx::kDeepColumns) {
    PanelRange cols = {col, lesser(col + amx::kDeepColumns, part.cols.end)};
    int64_t before = (rows.begin - part.rows.begin) * part.cols.size() +
                     (col - part.cols.begin) * rows.size();
    float *sums = part.sums + (g.isWhole() ? 0 : before * kBlockSums);
    for (int64_t first = g.steps.begin; first < g.steps.end; first += chunk) {
      deepChunk<Tiles>(g, part, rows, cols, first,
                       lesser(chunk, g.steps.end - first), sums);
    }
  }
}

template <class Tiles> void runPart(const GemmGroup &g, const GemmPart &part) {
  amx::TileScope<Tiles> scope;
  bool shallow = g.isWhole() && amx::isShallow(g.tasks->k);
  int64_t height = shallow ? amx::kShallowPanels : amx::kDeepPanels;
  for (int64_t row = part.rows.begin; row < part.rows.end; row += height) {
    PanelRange rows = {row, lesser(row + height, part.rows.end)};
    if (shallow) {
      shallowBlock<Tiles>(g, part, rows);
    } else {
      deepBlock<Tiles>(g, part, rows);
    }
  }
}

void gemmPart(const GemmGroup &g, TileUnit unit, const GemmPart &part) {
  withTiles(unit,
            [&](auto tiles) HWY_ATTR { runPart<decltype(tiles)>(g, part); });
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(gemmPart);

using amx::GemmGrid;
using amx::GemmGroup;
using amx::GemmTask;

// Room of one part for sums, all of those it makes where K is cut.
size_t sumBytes(const GemmGroup &g, const GemmGrid &grid) {
  int64_t m = g.tasks->m, panels = g.panels();
  if (g.isWhole()) {
    return amx::sumBytes(m, panels * amx::kPanel, g.tasks->k);
  }
  int64_t rows = amx::ceilDiv(amx::panelsOf(m), grid.rows);
  return static_cast<size_t>(rows * amx::ceilDiv(panels, grid.cols) *
                             amx::kPanel * amx::kPanel * 4);
}

size_t groupBytes(const GemmGroup &g, int threads) {
  GemmGrid grid(g.tasks->m, g.panels() * amx::kPanel, threads);
  return static_cast<size_t>(grid.parts()) *
         (amx::blockBytesOfA(g.tasks->m, g.tasks->k) + sumBytes(g, grid));
}

void multiply(const GemmGroup &group, TileUnit unit, std::byte *scratch,
              int threads) {
  int64_t m = group.tasks->m, panels = group.panels();
  GemmGrid grid(m, panels * amx::kPanel, threads);
  size_t tiles = amx::blockBytesOfA(m, group.tasks->k);
  size_t each = tiles + sumBytes(group, grid);
  parallelTasks(grid.parts(), [&](int64_t index) {
    std::byte *own = scratch + static_cast<size_t>(index) * each;
    amx::GemmPart part = {
        amx::partOf(amx::panelsOf(m), grid.rows, index / grid.cols),
        amx::partOf(panels, grid.cols, index % grid.cols),
        reinterpret_cast<uint16_t *>(own),
        reinterpret_cast<float *>(own + tiles),
    };
    HWY_DYNAMIC_DISPATCH(gemmPart)(group, unit, part);
  });
}

GemmGroup wholeOf(const GemmTask *tasks, int64_t count) {
  return {tasks, count, {0, amx::stepsOf(tasks->k)}};
}

Buffer fromElement(Buffer buffer, int64_t index) {
  if (buffer.data != nullptr) {
    buffer.data = static_cast<std::byte *>(buffer.data) +
                  index * elementBytes(buffer.dtype);
  }
  return buffer;
}

// Columns `first` to `last` of a product, whose panels are at `b`.
GemmTask columnsOf(const GemmTask &task, int64_t first, int64_t last,
                   const uint16_t *b) {
  GemmTask part = task;
  part.n = last - first;
  part.b = b;
  part.bias = fromElement(task.bias, first);
  for (amx::Rows *rows : {&part.c, &part.factor, &part.residual}) {
    rows->buffer = fromElement(
        rows->buffer, rows->blocked ? amx::blockOffset(0, first, 0) : first);
  }
  return part;
}

// B of a shallow product, turned some panels at a time.
void multiplyColumns(const GemmTask &task, TileUnit unit, std::byte *scratch,
                     const amx::TurnedPart &turned, int threads) {
  auto *b = reinterpret_cast<uint16_t *>(scratch);
  int64_t panels = amx::panelsOf(task.n);
  for (int64_t first = 0; first < panels; first += turned.panels) {
    int64_t last = std::min(first + turned.panels, panels);
    amx::turnPanels(task.b, task.k, task.n, first, last, b);
    GemmTask columns = columnsOf(task, first * amx::kPanel,
                                 std::min(last * amx::kPanel, task.n), b);
    multiply(wholeOf(&columns, 1), unit, scratch + turned.bytes(), threads);
  }
}

// B of a deep product, turned some steps at a time: those are panels of what it
// is turned from.
void multiplySteps(const GemmTask &task, TileUnit unit, std::byte *scratch,
                   const amx::TurnedPart &turned, int threads) {
  GemmTask part = task;
  part.b = reinterpret_cast<uint16_t *>(scratch);
  int64_t steps = amx::stepsOf(task.k), panels = amx::panelsOf(task.n);
  for (int64_t first = 0; first < steps; first += turned.steps) {
    amx::PanelRange range = {first, std::min(first + turned.steps, steps)};
    amx::turnPanels(task.b + first * panels * amx::kStepHalves,
                    range.size() * 32, task.n, 0, panels,
                    reinterpret_cast<uint16_t *>(scratch));
    multiply({&part, 1, range}, unit, scratch + turned.bytes(), threads);
  }
}

} // namespace

size_t amx::gemmScratchBytes(int64_t m, int64_t n, int64_t k, bool turned,
                             int threads) {
  GemmTask task;
  task.m = m, task.n = n, task.k = k;
  if (!turned) {
    return groupBytes(wholeOf(&task, 1), threads);
  }
  TurnedPart part(n, k);
  // The last columns may be fewer, and be cut otherwise.
  size_t most = 0;
  for (int64_t panels : {part.panels, panelsOf(n) % part.panels}) {
    task.n = panels * kPanel;
    if (panels != 0) {
      most = std::max(most, groupBytes({&task, 1, {0, part.steps}}, threads));
    }
  }
  return part.bytes() + most;
}

size_t amx::gemmGroupScratchBytes(const GemmTask *tasks, int64_t count,
                                  int threads) {
  return groupBytes(wholeOf(tasks, count), threads);
}

void amx::gemmGroup(const GemmTask *tasks, int64_t count, TileUnit unit,
                    std::byte *scratch, int threads) {
  multiply(wholeOf(tasks, count), unit, scratch, threads);
}

void amx::gemm(const GemmTask &task, TileUnit unit, std::byte *scratch,
               int threads) {
  if (!task.turned) {
    return multiply(wholeOf(&task, 1), unit, scratch, threads);
  }
  TurnedPart part(task.n, task.k);
  part.steps == stepsOf(task.k)
      ? multiplyColumns(task, unit, scratch, part, threads)
      : multiplySteps(task, unit, scratch, part, threads);
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
