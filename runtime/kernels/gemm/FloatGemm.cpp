// SPDX-License-Identifier: Apache-2.0
//
// Products of f32. K is cut into chunks; for each a thread brings a block of
// its columns of B into its second cache and walks the rows of A over it, a
// tile at a time. While the tiles of some rows are computed the next rows of A
// come in, so that operands from memory cost little more than from a cache.
// Sums of earlier chunks wait in C.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/gemm/FloatGemm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/gemm/FloatGemm.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/common/Activations-inl.h"
#include "runtime/kernels/gemm/FloatPanels-inl.h"
#include "runtime/kernels/gemm/FloatTile-inl.h"

#ifndef BERTC_RUNTIME_KERNELS_GEMM_FLOATGEMM_SHARED_
#define BERTC_RUNTIME_KERNELS_GEMM_FLOATGEMM_SHARED_
namespace bertc::rt::kernels {

// A chunk of k that a tile runs through at once; its multiples of 16 make up
// any K, by the shape alone.
inline int64_t chunkOf(int64_t k) {
  constexpr int64_t kMost = 768;
  int64_t chunks = (k + kMost - 1) / kMost;
  return ((k + chunks - 1) / chunks + 15) / 16 * 16;
}

// Room for the rows of A of a tile: at least as many, and a line between them.
inline constexpr int64_t kSpaceRows = 16, kLineFloats = 16;

// Rows and columns of C of one thread, its scratch, and how many floats of B it
// may keep.
struct FloatPart {
  int64_t firstRow, endRow, firstCol, endCol;
  float *scratch;
  int64_t blockFloats;
};

} // namespace bertc::rt::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

HWY_INLINE int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }

// Whether all there is to the epilogue is adding, which the tiles do.
HWY_INLINE bool onlyAdds(const FloatGemm &t) {
  return t.scale == 1.0f && t.activation == UnaryKind::Copy &&
         t.factor.data == nullptr;
}

// What is left to do to sums in C: rows and columns from (row, col) on.
template <typename Op>
HWY_INLINE void finishSums(const Op &op, const FloatGemm &t, int64_t row,
                           int64_t rows, int64_t col, int64_t cols) {
  for (int64_t r = row; r < row + rows; ++r) {
    for (int64_t c = col; c < col + cols; c += kVector) {
      size_t n = static_cast<size_t>(lesser(kVector, col + cols - c));
      auto load = [n](const float *p) HWY_ATTR {
        return n == kLanes ? hn::LoadU(DF(), p) : loadTail(p, n);
      };
      float *to = t.c + r * t.pitch + c;
      VF v = hn::Mul(load(to), splat(t.scale));
      v = t.bias != nullptr ? hn::Add(v, load(t.bias + c)) : v;
      v = op(v);
      if (t.factor.data != nullptr) {
        v = hn::Mul(v, load(t.factor.data + r * t.factor.row + c));
      }
      if (t.residual.data != nullptr) {
        v = hn::Add(v, load(t.residual.data + r * t.residual.row + c));
      }
      if (n == kLanes) {
        hn::StoreU(v, DF(), to);
      } else {
        storeTail(v, to, n);
      }
    }
  }
}

HWY_NOINLINE void finish(const FloatGemm &t, int64_t row, int64_t rows,
                         int64_t col, int64_t cols) {
  withActivation(t.activation, [&](auto op) HWY_ATTR {
    finishSums(op, t, row, rows, col, cols);
  });
}

// A chunk of k against a block of columns.
struct Block {
  int64_t step, steps;
  int64_t firstCol, endCol;
  const float *panels;
};

// What a tile of `block` adds to: earlier chunks, or what the epilogue names.
HWY_INLINE FloatMatrix startOf(const FloatGemm &t, const Block &block) {
  if (block.step > 0 || t.accumulate) {
    return {t.c, t.pitch, 1};
  }
  return onlyAdds(t) ? t.residual : FloatMatrix();
}

// Slice `slice` of `slices` of the rows of A from `row` on: rows of them where
// they lie along k, else steps of k.
struct Slice {
  FloatMatrix a;
  int64_t rows, first, count;
};

HWY_INLINE Slice sliceOf(const FloatGemm &t, const Block &block, int64_t row,
                         int64_t endRow, int64_t slice, int64_t slices) {
  int64_t rows = lesser(kTileRows, endRow - row);
  int64_t items = t.a.col == 1 ? rows : block.steps;
  int64_t each = (items + slices - 1) / slices, first = slice * each;
  int64_t count = rows > 0 ? lesser(each, items - first) : 0;
  FloatMatrix a = t.a;
  a.data +=
      row * a.row + block.step * a.col + first * (a.col == 1 ? a.row : a.col);
  return {a, rows, first, count};
}

// What to fetch during call `call` of `calls` for the rows before `row`: the
// part of the next rows that is wanted after all calls, or right after this
// one where it is packed.
HWY_INLINE Prefetches nextRows(const FloatGemm &t, const Block &block,
                               int64_t row, int64_t endRow, int64_t call,
                               int64_t calls) {
  if (t.a.col == 1) {
    Slice s = sliceOf(t, block, row, endRow, call, calls);
    return s.count > 0 ? Prefetches{s.a.data, t.a.row, s.count, 16}
                       : Prefetches{t.a.data, 0, 1, 0};
  }
  bool wraps = call + 1 == calls;
  Slice s = sliceOf(t, block, wraps ? row + kTileRows : row, endRow,
                    wraps ? 0 : call + 1, calls);
  // kTileRows numbers may lie across two lines.
  return s.count > 0 ? Prefetches{s.a.data, t.a.col, s.count, kTileRows - 1}
                     : Prefetches{t.a.data, 0, 1, 0};
}

// Packs slice `call` of the rows from `row` on to their place in `space`.
HWY_INLINE void packSlice(const FloatGemm &t, const Block &block, int64_t row,
                          int64_t endRow, int64_t call, int64_t calls,
                          float *space) {
  Slice s = sliceOf(t, block, row, endRow, call, calls);
  if (s.count > 0) {
    packTileRows(s.a, s.rows, s.count, space + s.first * kPackedPitch);
  }
}

// A tile of which only `cols` columns exist.
HWY_NOINLINE void computePartTile(TileTask task, bool packed, int64_t rows,
                                  int64_t cols, const Prefetches &next) {
  HWY_ALIGN float c[kTileRows * kTileCols] = {};
  HWY_ALIGN float bias[kTileCols] = {};
  const TileTask whole = task;
  size_t bytes = static_cast<size_t>(cols) * sizeof(float);
  if (task.bias != nullptr) {
    __builtin_memcpy(bias, task.bias, bytes);
    task.bias = bias;
  }
  for (int64_t i = 0; task.add != nullptr && i < rows; ++i) {
    __builtin_memcpy(c + i * kTileCols, whole.add + i * whole.addPitch, bytes);
  }
  task.add = task.add != nullptr ? c : nullptr;
  task.addPitch = task.pitch = kTileCols;
  task.c = c;
  if (packed) {
    computeTiles<true>(rows, task, next);
  } else {
    computeTiles<false>(rows, task, next);
  }
  for (int64_t i = 0; i < rows; ++i) {
    __builtin_memcpy(whole.c + i * whole.pitch, c + i * kTileCols, bytes);
  }
}

// All tiles of rows row .. of a block. Where A is packed, the next rows are
// packed to `space` a slice after each tile: as many lines as all of them have
// would not stay in a cache when they lie a multiple of a page apart.
void computeRows(const FloatGemm &t, const Block &block, const float *a,
                 int64_t aRow, int64_t row, int64_t endRow, float *space) {
  bool packed = t.a.col != 1;
  int64_t rows = lesser(kTileRows, endRow - row);
  FloatMatrix start = startOf(t, block);
  int64_t calls = (block.endCol - block.firstCol + kTileCols - 1) / kTileCols;
  bool addsBias = block.step == 0 && onlyAdds(t) && t.bias != nullptr;
  bool last = block.step + block.steps == t.k;
  for (int64_t call = 0; call < calls; ++call) {
    int64_t col = block.firstCol + call * kTileCols;
    int64_t cols = lesser(kTileCols, block.endCol - col);
    TileTask task = {a,
                     aRow,
                     block.panels + call * block.steps * kTileCols,
                     block.steps,
                     t.c + row * t.pitch + col,
                     t.pitch,
                     addsBias ? t.bias + col : nullptr,
                     start.data != nullptr ? start.data + row * start.row + col
                                           : nullptr,
                     start.row};
    Prefetches next = nextRows(t, block, row + rows, endRow, call, calls);
    if (cols < kTileCols) {
      computePartTile(task, packed, rows, cols, next);
    } else if (packed) {
      computeTiles<true>(rows, task, next);
    } else {
      computeTiles<false>(rows, task, next);
    }
    if (packed) {
      packSlice(t, block, row + rows, endRow, call, calls, space);
    }
    if (last && !onlyAdds(t)) {
      finish(t, row, rows, col, cols);
    }
  }
}

// The rows of a block in order. Those of A are copied where they lie along m,
// or a multiple of a page apart, where they would share cache sets.
void computeBlock(const FloatGemm &t, const FloatPart &part, const Block &block,
                  float *space) {
  constexpr int64_t kPageFloats = 1024;
  bool copies = t.a.col == 1 && t.a.row % kPageFloats == 0;
  int64_t pitch = chunkOf(t.k) + kLineFloats;
  float *next = space + kSpaceRows * pitch;
  if (t.a.col != 1) {
    packSlice(t, block, part.firstRow, part.endRow, 0, 1, space);
  }
  for (int64_t row = part.firstRow; row < part.endRow; row += kTileRows) {
    int64_t rows = lesser(kTileRows, part.endRow - row);
    FloatMatrix a = t.a;
    a.data += row * a.row + block.step * a.col;
    if (a.col != 1) {
      computeRows(t, block, space, 1, row, part.endRow, next);
      float *done = space;
      space = next;
      next = done;
    } else if (copies) {
      copyTileRows(a, rows, block.steps, space, pitch);
      computeRows(t, block, space, pitch, row, part.endRow, nullptr);
    } else {
      computeRows(t, block, a.data, a.row, row, part.endRow, nullptr);
    }
  }
}

int64_t tileCols() { return kTileCols; }

// One thread's part of C.
void computePart(const FloatGemm &t, const FloatPart &part) {
  int64_t chunk = chunkOf(t.k);
  int64_t panels = (part.endCol - part.firstCol + kTileCols - 1) / kTileCols;
  int64_t most = part.blockFloats / (chunk * kTileCols);
  int64_t blocks = (panels + most - 1) / most;
  float *space = part.scratch + part.blockFloats;
  for (int64_t b = 0; b < blocks; ++b) {
    Block block;
    block.firstCol = part.firstCol + panels * b / blocks * kTileCols;
    block.endCol = lesser(part.endCol, part.firstCol + panels * (b + 1) /
                                                           blocks * kTileCols);
    block.panels = part.scratch;
    for (block.step = 0; block.step < t.k; block.step += chunk) {
      block.steps = lesser(chunk, t.k - block.step);
      FloatMatrix from = t.b;
      from.data += block.step * from.row + block.firstCol * from.col;
      packBlock(from, block.steps, block.endCol - block.firstCol, part.scratch);
      computeBlock(t, part, block, space);
    }
  }
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>

#include <omp.h>
#include <unistd.h>

namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(computePart);
HWY_EXPORT(tileCols);

// Floats of B that a thread keeps: more than half of its second cache, at least
// a panel. The rest is for rows of A and C on their way.
int64_t blockFloats(int64_t k) {
  static const int64_t cache = sysconf(_SC_LEVEL2_CACHE_SIZE);
  constexpr int64_t kLeast = 512 << 10;
  int64_t panel = chunkOf(k) * HWY_DYNAMIC_DISPATCH(tileCols)();
  int64_t room = std::max(cache, kLeast) * 3 / 5 / 4;
  return std::max<int64_t>(1, room / panel) * panel;
}

// And behind them the rows of A of two tiles, copied.
int64_t partFloats(int64_t k) {
  return blockFloats(k) + 2 * kSpaceRows * (chunkOf(k) + kLineFloats);
}

// Parts side by side as far as each has a few panels, else below each other.
int64_t partsAcross(int64_t panels, int64_t threads) {
  constexpr int64_t kFewPanels = 4;
  int64_t across = threads;
  while (across > 1 &&
         (threads % across != 0 || panels < kFewPanels * across)) {
    --across;
  }
  return across;
}

} // namespace

size_t floatGemmScratchBytes(int64_t k, int threads) {
  return static_cast<size_t>(partFloats(k) * threads) * sizeof(float);
}

void floatGemm(const FloatGemm &task, std::byte *scratch, int threads) {
  int64_t panelCols = HWY_DYNAMIC_DISPATCH(tileCols)();
  int64_t panels = (task.n + panelCols - 1) / panelCols;
  int64_t across = partsAcross(panels, threads), down = threads / across;
#pragma omp parallel num_threads(threads)
  {
    int64_t team = omp_get_num_threads(), thread = omp_get_thread_num();
    FloatPart part;
    part.blockFloats = blockFloats(task.k);
    part.scratch =
        reinterpret_cast<float *>(scratch) + thread * partFloats(task.k);
    for (int64_t i = thread; i < across * down; i += team) {
      int64_t x = i % across, y = i / across;
      part.firstRow = task.m * y / down;
      part.endRow = task.m * (y + 1) / down;
      part.firstCol = panels * x / across * panelCols;
      part.endCol = std::min(task.n, panels * (x + 1) / across * panelCols);
      HWY_DYNAMIC_DISPATCH(computePart)(task, part);
    }
  }
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
