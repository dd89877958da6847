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
#include "runtime/kernels/attention/Softmax-inl.h"
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

// Row-major, from row and column 0 of `data` on.
HWY_INLINE TileLeft rowMajor(const uint16_t *data, int64_t pitch) {
  return {data, pitch, kPanel, 16 * pitch};
}

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

// Rows [first, first + rows) of a head, dense, with zeros up to `wide` columns
// and padded(rows) rows.
HWY_INLINE void packHalves(const HeadTensor &t, const Head &head, int64_t first,
                           int64_t rows, int64_t size, int64_t wide,
                           uint16_t *HWY_RESTRICT to) {
  const auto *data = static_cast<const uint16_t *>(t.buffer.data);
  for (int64_t r = 0; r < rows; ++r, to += wide) {
    if (r + kRowsAhead < rows) {
      prefetchRow(t, head, first + r + kRowsAhead, size);
    }
    __builtin_memcpy(to, data + rowOffset(t, head, first + r),
                     static_cast<size_t>(size) * 2);
    __builtin_memset(to + size, 0, static_cast<size_t>(wide - size) * 2);
  }
  __builtin_memset(to, 0,
                   static_cast<size_t>((padded(rows) - rows) * wide) * 2);
}

// Dense rows [rows][wide], both whole panels, as the right side of a product
// along their columns: panels of their transpose.
HWY_INLINE void transposedPanels(const uint16_t *rows, int64_t count,
                                 int64_t wide, uint16_t *HWY_RESTRICT out) {
  for (int64_t row = 0; row < count; row += kPanel) {
    for (int64_t col = 0; col < wide; col += kPanel) {
      for (int64_t half = 0; half < 2; ++half, out += kTileHalves) {
        const uint16_t *from = rows + (row + 16 * half) * wide + col;
        transposeTile(reinterpret_cast<const uint32_t *>(from), wide / 2,
                      reinterpret_cast<uint32_t *>(out));
      }
    }
  }
}

// The same along their rows.
HWY_INLINE void plainPanels(const uint16_t *rows, int64_t count, int64_t wide,
                            uint16_t *HWY_RESTRICT out) {
  for (int64_t col = 0; col < wide; col += kPanel) {
    for (int64_t row = 0; row < count; row += kPanel) {
      for (int64_t half = 0; half < 2; ++half, out += kTileHalves) {
        interleaveTile(rows + row * wide + col + 16 * half, wide,
                       reinterpret_cast<uint32_t *>(out));
      }
    }
  }
}

// Rounds n elements, a multiple of kLanes.
template <class Tiles>
HWY_INLINE void roundRow(const float *HWY_RESTRICT in,
                         uint16_t *HWY_RESTRICT out, int64_t n) {
  for (int64_t i = 0; i < n; i += static_cast<int64_t>(kLanes)) {
    storeHalves<Tiles>(hn::LoadU(DF(), in + i), out + i);
  }
}

// Rows [first, first + rows) and columns [col, col + 32) of a head from sums
// [32][32], as far as the head goes.
HWY_INLINE void writeHalves(const float *HWY_RESTRICT sums, int64_t rows,
                            int64_t size, const HeadTensor &t, const Head &head,
                            int64_t first, int64_t col) {
  auto *data = static_cast<uint16_t *>(t.buffer.data);
  size_t columns =
      static_cast<size_t>(size - col < kPanel ? size - col : kPanel);
  for (int64_t r = 0; r < rows; ++r) {
    f32ToBf16(sums + r * kPanel, data + rowOffset(t, head, first + r) + col,
              columns);
  }
}

// Rows of a block that panel `panel` of its queries has.
HWY_INLINE int64_t panelRows(const QueryBlock &b, int64_t panel) {
  int64_t left = b.queries - panel * kPanel;
  return left < kPanel ? left : kPanel;
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
