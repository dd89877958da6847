// SPDX-License-Identifier: Apache-2.0
//
// Tiles out of blocks of 32 x 32 bf16: pairs of rows interleaved (B tiles),
// and the transposition of 16 x 16 pairs, which turns a B tile of a matrix into
// an A tile of its transpose and an A tile into a B tile.

#if defined(BERTC_RUNTIME_KERNELS_AMX_BLOCKS_INL_H_) ==                        \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_AMX_BLOCKS_INL_H_
#undef BERTC_RUNTIME_KERNELS_AMX_BLOCKS_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_AMX_BLOCKS_INL_H_
#endif

#include "runtime/kernels/amx/Panels.h"
#include "runtime/kernels/common/Simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

// out[r][c] is the pair (rows[2r][c], rows[2r + 1][c]), 16 x 16 pairs. `pitch`
// is the distance of rows in elements.
HWY_INLINE void interleaveTile(const uint16_t *HWY_RESTRICT rows, int64_t pitch,
                               uint32_t *HWY_RESTRICT out) {
  for (int64_t r = 0; r < 16; ++r) {
    const uint16_t *even = rows + 2 * r * pitch;
    for (size_t c = 0; c < 16; c += kLanes) {
      VU low = hn::PromoteTo(DU(), hn::LoadU(DU16(), even + c));
      VU high = hn::PromoteTo(DU(), hn::LoadU(DU16(), even + pitch + c));
      hn::StoreU(hn::Or(low, hn::ShiftLeft<16>(high)), DU(), out + r * 16 + c);
    }
  }
}

#if HWY_TARGET == HWY_AVX3
// The same for 32 columns: two tiles, one behind the other.
HWY_INLINE void interleaveStep(const uint16_t *HWY_RESTRICT rows, int64_t pitch,
                               uint16_t *HWY_RESTRICT out) {
  // Pair i is element i of the even row and, 32 further on, of the odd one.
  __m512i low = _mm512_set_epi16(47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10,
                                 41, 9, 40, 8, 39, 7, 38, 6, 37, 5, 36, 4, 35,
                                 3, 34, 2, 33, 1, 32, 0);
  __m512i high = _mm512_add_epi16(low, _mm512_set1_epi16(16));
  for (int64_t r = 0; r < 16; ++r) {
    __m512i even = _mm512_loadu_si512(rows + 2 * r * pitch);
    __m512i odd = _mm512_loadu_si512(rows + (2 * r + 1) * pitch);
    _mm512_storeu_si512(out + r * 32,
                        _mm512_permutex2var_epi16(even, low, odd));
    _mm512_storeu_si512(out + amx::kTileHalves + r * 32,
                        _mm512_permutex2var_epi16(even, high, odd));
  }
}

// Four vectors whose 128-bit blocks are to be exchanged: out[j] gets block j of
// each.
HWY_INLINE void transposeBlocks(const __m512i *q, uint32_t *out,
                                size_t distance) {
  __m512i low0 = _mm512_shuffle_i32x4(q[0], q[1], 0x44);
  __m512i low1 = _mm512_shuffle_i32x4(q[2], q[3], 0x44);
  __m512i high0 = _mm512_shuffle_i32x4(q[0], q[1], 0xee);
  __m512i high1 = _mm512_shuffle_i32x4(q[2], q[3], 0xee);
  _mm512_storeu_si512(out, _mm512_shuffle_i32x4(low0, low1, 0x88));
  _mm512_storeu_si512(out + distance, _mm512_shuffle_i32x4(low0, low1, 0xdd));
  _mm512_storeu_si512(out + 2 * distance,
                      _mm512_shuffle_i32x4(high0, high1, 0x88));
  _mm512_storeu_si512(out + 3 * distance,
                      _mm512_shuffle_i32x4(high0, high1, 0xdd));
}

// out[c][r] = in[g(r)][c], 16 x 16 words; rows of `in` are `pitch` words apart.
// Rows r = 4g .. 4g + 3 are those from `group` g on, the second two `apart`
// rows behind the first two. out may be in when pitch is 16.
HWY_INLINE void transposeGroups(const uint32_t *in, int64_t pitch,
                                int64_t group, int64_t apart, uint32_t *out) {
  // Group g of four rows: q[i][g] has in block j the rows' words 4j + i.
  __m512i q[4][4];
  for (int g = 0; g < 4; ++g) {
    const uint32_t *rows = in + group * g * pitch;
    __m512i r0 = _mm512_loadu_si512(rows);
    __m512i r1 = _mm512_loadu_si512(rows + pitch);
    __m512i r2 = _mm512_loadu_si512(rows + apart * pitch);
    __m512i r3 = _mm512_loadu_si512(rows + (apart + 1) * pitch);
    __m512i a = _mm512_unpacklo_epi32(r0, r1);
    __m512i b = _mm512_unpackhi_epi32(r0, r1);
    __m512i c = _mm512_unpacklo_epi32(r2, r3);
    __m512i d = _mm512_unpackhi_epi32(r2, r3);
    q[0][g] = _mm512_unpacklo_epi64(a, c);
    q[1][g] = _mm512_unpackhi_epi64(a, c);
    q[2][g] = _mm512_unpacklo_epi64(b, d);
    q[3][g] = _mm512_unpackhi_epi64(b, d);
  }
  for (int i = 0; i < 4; ++i) {
    transposeBlocks(q[i], out + i * 16, 4 * 16);
  }
}

// out[c][r] = in[r][c], 16 x 16 words; rows of `in` are `pitch` words apart.
// out may be in when pitch is 16.
HWY_INLINE void transposeTile(const uint32_t *in, int64_t pitch,
                              uint32_t *out) {
  transposeGroups(in, pitch, 4, 2, out);
}

// The two B tiles of 32 x 32 elements (one step of a panel) become those of
// their transpose. Words of pairs are transposed first; what then lies in two
// rows one behind the other, interleaved, is a row of the result. Interleaving
// works on blocks of 128 bits, so rows are fetched in the order that puts each
// where it belongs.
HWY_INLINE void turnStep(const uint16_t *in, uint16_t *out) {
  HWY_ALIGN uint32_t words[2 * 256];
  auto *pairs = reinterpret_cast<const uint32_t *>(in);
  transposeGroups(pairs, 16, 2, 8, words);
  transposeGroups(pairs + 256, 16, 2, 8, words + 256);
  for (int row = 0; row < 16; ++row) {
    __m512i even = _mm512_load_si512(words + 2 * row * 16);
    __m512i odd = _mm512_load_si512(words + (2 * row + 1) * 16);
    _mm512_store_si512(out + row * 32, _mm512_unpacklo_epi16(even, odd));
    _mm512_store_si512(out + amx::kTileHalves + row * 32,
                       _mm512_unpackhi_epi16(even, odd));
  }
}
#else
// The same for 32 columns: two tiles, one behind the other.
HWY_INLINE void interleaveStep(const uint16_t *HWY_RESTRICT rows, int64_t pitch,
                               uint16_t *HWY_RESTRICT out) {
  auto *words = reinterpret_cast<uint32_t *>(out);
  interleaveTile(rows, pitch, words);
  interleaveTile(rows + 16, pitch, words + 256);
}

// out[c][r] = in[r][c], as above.
HWY_INLINE void transposeTile(const uint32_t *in, int64_t pitch,
                              uint32_t *out) {
  uint32_t copy[256];
  for (int64_t r = 0; r < 16; ++r) {
    for (int64_t c = 0; c < 16; ++c) {
      // The words were written as pairs of halves.
      __builtin_memcpy(copy + c * 16 + r, in + r * pitch + c, 4);
    }
  }
  __builtin_memcpy(out, copy, sizeof copy);
}

// The two B tiles of 32 x 32 elements become those of their transpose.
HWY_INLINE void turnStep(const uint16_t *in, uint16_t *out) {
  for (int64_t k = 0; k < 32; ++k) {
    for (int64_t n = 0; n < 32; ++n) {
      out[amx::stepOffset(n, k)] = in[amx::stepOffset(k, n)];
    }
  }
}
#endif

// Up to 32 x 32 elements of a matrix, with zeros around them.
struct PaddedBlock {
  HWY_ALIGN uint16_t halves[32 * 32];
};

// The block at `data` with rows and columns `row` and `col` elements apart;
// `rows` and `cols` of it exist.
HWY_INLINE void padBlock(const uint16_t *data, int64_t row, int64_t col,
                         int64_t rows, int64_t cols, PaddedBlock &block) {
  for (int64_t r = 0; r < 32; ++r) {
    uint16_t *out = block.halves + r * 32;
    for (int64_t c = 0; c < 32; ++c) {
      out[c] = r < rows && c < cols ? data[r * row + c * col] : uint16_t{0};
    }
  }
}

// Copies whole rows of 64 bytes.
HWY_INLINE void copyRows(const uint16_t *from, int64_t pitch, int64_t rows,
                         uint16_t *out) {
  for (int64_t r = 0; r < rows; ++r) {
    __builtin_memcpy(out + r * 32, from + r * pitch, 64);
  }
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
