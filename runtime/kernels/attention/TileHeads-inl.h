// SPDX-License-Identifier: Apache-2.0
//
// Heads in bf16 tiles, and products of them.

#if defined(BERTC_RUNTIME_KERNELS_ATTENTION_TILEHEADS_INL_H_) ==               \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_ATTENTION_TILEHEADS_INL_H_
#undef BERTC_RUNTIME_KERNELS_ATTENTION_TILEHEADS_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_ATTENTION_TILEHEADS_INL_H_
#endif

#include "runtime/kernels/amx/Blocks-inl.h"
#include "runtime/kernels/amx/Epilogue-inl.h"
#include "runtime/kernels/amx/Product-inl.h"
#include "runtime/kernels/attention/Heads-inl.h"
#include "runtime/kernels/attention/TileAttention.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

using amx::kPanel;
using amx::kStepHalves;
using amx::kTileHalves;

// 32 rows of A: rows `pitch` elements apart, steps of 32 columns `step` apart,
// the upper 16 rows `upper` behind the lower.
struct TileLeft {
  const uint16_t *data;
  int64_t pitch, step, upper;
};

// c[32][32] = a b, or c += a b; b is one panel of `steps` steps.
template <class Tiles>
HWY_INLINE void tileProduct(const TileLeft &a, const uint16_t *b, int64_t steps,
                            bool add, float *c, int64_t pitch) {
  add ? loadSums<Tiles>(c, pitch) : zeroSums<Tiles>();
  for (int64_t step = 0; step < steps; ++step) {
    const uint16_t *lower = a.data + step * a.step;
    const uint16_t *right = b + step * kStepHalves;
    Tiles::template load<6>(right, amx::kTileRowBytes);
    Tiles::template streamLoad<4>(lower, a.pitch * 2);
    Tiles::template dpbf16<0, 4, 6>();
    Tiles::template streamLoad<5>(lower + a.upper, a.pitch * 2);
    Tiles::template dpbf16<2, 5, 6>();
    Tiles::template load<7>(right + kTileHalves, amx::kTileRowBytes);
    Tiles::template dpbf16<1, 4, 7>();
    Tiles::template dpbf16<3, 5, 7>();
  }
  storeSums<Tiles>(c, pitch);
}

// 32 rows of bf16, `pitch` elements apart, every 32 columns of them `step`
// apart.
struct PanelRows {
  const uint16_t *data;
  int64_t pitch, step;
};

HWY_INLINE TileLeft leftOf(const PanelRows &rows) {
  return {rows.data, rows.pitch, rows.step, 16 * rows.pitch};
}

// A packed panel: blocks of 32 x 32, one behind the other.
HWY_INLINE PanelRows packedPanel(const uint16_t *data) {
  return {data, kPanel, kPanel * kPanel};
}

// Where rows of a head are from some row on, a panel at most: those from `turn`
// on lie `jump` further, in the next row of blocks.
struct HeadRows {
  uint16_t *data;
  int64_t pitch, step, turn, jump;

  HWY_INLINE uint16_t *at(int64_t row) const {
    return data + row * pitch + (row < turn ? 0 : jump);
  }
};

HWY_INLINE HeadRows headRows(const HeadTensor &t, const Head &head,
                             int64_t first) {
  auto *data =
      static_cast<uint16_t *>(t.buffer.data) + rowOffset(t, head, first);
  if (!t.blocked) {
    return {data, t.row, kPanel, kPanel, 0};
  }
  return {data, kPanel, kPanel * kPanel, kPanel - first % kPanel,
          kPanel * (t.row - kPanel)};
}

// Rows [first, first + rows) of a head, at most a panel, packed with zeros up
// to `wide` columns and 32 rows.
HWY_INLINE PanelRows packPanel(const HeadTensor &t, const Head &head,
                               int64_t first, int64_t rows, int64_t size,
                               int64_t wide, uint16_t *HWY_RESTRICT to) {
  const HeadRows source = headRows(t, head, first);
  const PanelRows packed = packedPanel(to);
  // A call for each row would take longer than the copy.
  const int64_t whole = size / kPanel * kPanel, rest = wide - whole;
  for (int64_t r = 0; r < rows; ++r, to += kPanel) {
    const uint16_t *from = source.at(r);
    uint16_t *out = to;
    for (int64_t c = 0; c < whole; c += kPanel) {
      __builtin_memcpy(out, from, kPanel * 2);
      from += source.step;
      out += packed.step;
    }
    for (int64_t c = 0; c < rest; ++c) {
      out[c] = whole + c < size ? from[c] : uint16_t{0};
    }
  }
  for (int64_t c = 0; c < wide; c += kPanel, to += packed.step) {
    __builtin_memset(to, 0, static_cast<size_t>((kPanel - rows) * kPanel) * 2);
  }
  return packed;
}

// The same where they lie if nothing is missing, else packed into `memory`.
HWY_INLINE PanelRows panelOf(const HeadTensor &t, const Head &head,
                             int64_t first, int64_t rows, int64_t size,
                             int64_t wide, uint16_t *HWY_RESTRICT memory) {
  const HeadRows source = headRows(t, head, first);
  // Pairs of elements are read as words, so rows are whole words apart.
  if (rows == kPanel && size == wide && source.pitch % 2 == 0 &&
      source.turn == kPanel) {
    return {source.data, source.pitch, source.step};
  }
  return packPanel(t, head, first, rows, size, wide, memory);
}

// A panel as the right side of a product along its columns: one panel of its
// transpose.
HWY_INLINE void transposedPanel(const PanelRows &from, int64_t wide,
                                uint16_t *HWY_RESTRICT out) {
  const uint16_t *block = from.data;
  for (int64_t col = 0; col < wide; col += kPanel, block += from.step) {
    for (int64_t half = 0; half < 2; ++half, out += kTileHalves) {
      const uint16_t *rows = block + 16 * half * from.pitch;
      transposeTile(reinterpret_cast<const uint32_t *>(rows), from.pitch / 2,
                    reinterpret_cast<uint32_t *>(out));
    }
  }
}

// The same along its rows: a step of each panel of columns, the panels `run`
// elements apart.
HWY_INLINE void plainStep(const PanelRows &from, int64_t wide, int64_t run,
                          uint16_t *HWY_RESTRICT out) {
  const uint16_t *block = from.data;
  for (int64_t col = 0; col < wide; col += kPanel, block += from.step) {
    interleaveStep(block, from.pitch, out);
    out += run;
  }
}

// What is left of `count` rows from `row` on, at most a panel.
HWY_INLINE int64_t panelRows(int64_t count, int64_t row) {
  return count - row < kPanel ? count - row : kPanel;
}

// Sums [32][pitch] become columns [col, col + 32) of `rows` rows of a head from
// row `first` on, as far as the head goes. how.row(r) is the row that row r of
// the sums belongs to, how(v, r) what becomes of them.
template <class Tiles, class How>
HWY_INLINE void writeRows(const float *HWY_RESTRICT sums, int64_t pitch,
                          int64_t rows, int64_t size, const HeadTensor &t,
                          const Head &head, int64_t first, int64_t col,
                          const How &how, RowsAhead &ahead) {
  HWY_ALIGN uint16_t part[kPanel];
  HeadRows to = headRows(t, head, first);
  to.data += col / kPanel * to.step;
  for (int64_t r = 0; r < kPanel; ++r, sums += pitch) {
    ahead.turn();
    int64_t row = how.row(r);
    if (row >= rows) {
      continue;
    }
    VF v[kRowVectors];
    for (int64_t i = 0; i < kRowVectors; ++i) {
      v[i] = how(hn::Load(DF(), sums + i * static_cast<int64_t>(kLanes)), r);
    }
    bool whole = size - col >= kPanel;
    storeRow<Tiles>(v, whole ? to.at(row) : part);
    if (!whole) {
      __builtin_memcpy(to.at(row), part, static_cast<size_t>(size - col) * 2);
    }
  }
}

// Pairs of a query and a key that it attends to, of a head.
HWY_INLINE int64_t pairsOf(const AttentionProblem &p, const KeyRange &unmasked,
                           int64_t batch) {
  if (p.ranges == nullptr) {
    return p.queries * unmasked.count;
  }
  const int32_t *range = p.ranges + batch * p.queries * 2;
  int64_t pairs = 0;
  for (int64_t i = 0; i < p.queries; ++i) {
    pairs += range[2 * i + 1] - range[2 * i];
  }
  return pairs;
}

// Rows as they are.
struct SameRows {
  HWY_INLINE int64_t row(int64_t r) const { return r; }
  HWY_INLINE VF operator()(VF v, int64_t) const { return v; }
};

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
