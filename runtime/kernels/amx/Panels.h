// SPDX-License-Identifier: Apache-2.0
//
// Matrices in tiles, as the products in Gemm.h and WeightGradient.h read them.
//
//   panels      B [K, N] as [N/32][K/32][2][1 KiB]: for every 32 columns and
//               every 32 rows two B tiles, columns 0-15 and 16-31. A panel is
//               what one walk along K reads, in order.
//   blocks      A [M, K] as [M/32][K/32][2][1 KiB]: for every 32 rows and every
//               32 columns two A tiles, rows 0-15 and 16-31, which are the 32 x
//               32 elements row by row.
//
// Panels are padded with zeros to whole tiles, so is a copy of A in blocks that
// a product makes for itself; a matrix that is kept in blocks has whole ones.
// See Tiles.h for what is in a tile.
#pragma once

#include "runtime/kernels/amx/Tiles.h"

#include <cstdint>

namespace bertc::rt::kernels::amx {

/// Rows and columns that one step of a product makes: 2 x 2 tiles.
inline constexpr int64_t kPanel = 32;
/// Elements of the two B tiles of one step along K.
inline constexpr int64_t kStepHalves = 2 * kTileHalves;

constexpr int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
/// Number of panels of n columns, and of steps along k.
constexpr int64_t panelsOf(int64_t n) { return ceilDiv(n, kPanel); }
constexpr int64_t stepsOf(int64_t k) { return ceilDiv(k, kTileDepth); }

/// Where element [k, n] of 32 x 32 lies in the two B tiles of a step.
constexpr int64_t stepOffset(int64_t k, int64_t n) {
  return n / 16 * kTileHalves + k / 2 * 32 + n % 16 * 2 + k % 2;
}

/// Elements (bf16) of B [k, n] in panels.
constexpr int64_t panelHalves(int64_t k, int64_t n) {
  return panelsOf(n) * stepsOf(k) * kStepHalves;
}

/// Where row `row` and column `col`, both multiples of 32, of a matrix in
/// blocks with `cols` columns begin.
constexpr int64_t blockOffset(int64_t row, int64_t col, int64_t cols) {
  return row * cols + col * kPanel;
}

/// Packs w [rows, cols] f32, dense, rounded to nearest even, into panels of w
/// (K = rows) at `plain`, panels of its transpose (K = cols) at `transposed`,
/// or both from one reading. Either may be null. Outputs are aligned to 64
/// bytes and bypass the caches.
void packPanels(const float *w, int64_t rows, int64_t cols, uint16_t *plain,
                uint16_t *transposed);

/// Makes the panels `first` to `last` (exclusive) of B [k, n] out of `source`,
/// all panels of its transpose [n, k]: the form for a data gradient out of the
/// one for the product itself. Both are aligned to 64 bytes; `out` stays in the
/// caches.
void turnPanels(const uint16_t *source, int64_t k, int64_t n, int64_t first,
                int64_t last, uint16_t *out);

} // namespace bertc::rt::kernels::amx
