// SPDX-License-Identifier: Apache-2.0
//
// Operands of the f32 kernels on their way into the second cache: B into
// panels of a tile's columns, A into rows of k where it does not lie that way.

#if defined(BERTC_RUNTIME_KERNELS_GEMM_FLOATPANELS_INL_H_) ==                  \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_GEMM_FLOATPANELS_INL_H_
#undef BERTC_RUNTIME_KERNELS_GEMM_FLOATPANELS_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_GEMM_FLOATPANELS_INL_H_
#endif

#include "runtime/kernels/common/Transpose-inl.h"
#include "runtime/kernels/gemm/FloatGemm.h"
#include "runtime/kernels/gemm/FloatTile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

// Columns [0, cols) of `steps` rows of b, zeros after them, into one panel.
HWY_INLINE void packPartPanel(const FloatMatrix &b, int64_t steps, int64_t cols,
                              float *out) {
  for (int64_t p = 0; p < steps; ++p) {
    for (int64_t j = 0; j < kTileCols; ++j) {
      out[p * kTileCols + j] = j < cols ? b.data[p * b.row + j * b.col] : 0.0f;
    }
  }
}

// A panel of a column-major b.
HWY_INLINE void packColumns(const FloatMatrix &b, int64_t steps, float *out) {
  int64_t p = 0;
  for (; p + kVector <= steps; p += kVector) {
    for (int64_t j = 0; j < kTileCols; ++j) {
      __builtin_prefetch(b.data + j * b.col + p + 64, 0, 3);
    }
    transposeVectors(b.data + p, b.col, out + p * kTileCols, kTileCols);
    transposeVectors(b.data + kVector * b.col + p, b.col,
                     out + p * kTileCols + kVector, kTileCols);
  }
  packPartPanel({b.data + p * b.row, b.row, b.col}, steps - p, kTileCols,
                out + p * kTileCols);
}

// `steps` rows and `cols` columns of b into panels one behind the other.
HWY_INLINE void packBlock(const FloatMatrix &b, int64_t steps, int64_t cols,
                          float *out) {
  const DF df;
  int64_t whole = cols / kTileCols * kTileCols;
  if (b.col == 1) {
    // All panels of a row at a time: lines that lie together are read together.
    for (int64_t p = 0; p < steps; ++p) {
      const float *from = b.data + p * b.row;
      float *to = out + p * kTileCols;
      for (int64_t j = 0; j < whole; j += kTileCols, to += steps * kTileCols) {
        hn::Store(hn::LoadU(df, from + j), df, to);
        hn::Store(hn::LoadU(df, from + j + kVector), df, to + kVector);
        __builtin_prefetch(from + j + 4 * b.row, 0, 3);
        __builtin_prefetch(from + j + kVector + 4 * b.row, 0, 3);
      }
    }
  } else {
    for (int64_t j = 0; j < whole; j += kTileCols) {
      packColumns({b.data + j * b.col, b.row, b.col}, steps, out + j * steps);
    }
  }
  if (whole < cols) {
    packPartPanel({b.data + whole * b.col, b.row, b.col}, steps, cols - whole,
                  out + whole * steps);
  }
}

// `rows` <= kTileRows neighbouring numbers of each of `steps` rows of k, into
// rows of kPackedPitch.
HWY_INLINE void packTileRows(const FloatMatrix &a, int64_t rows, int64_t steps,
                             float *out) {
#if HWY_TARGET <= HWY_AVX3
  auto mask = static_cast<__mmask16>((1u << rows) - 1);
  for (int64_t p = 0; p < steps; ++p) {
    _mm512_store_ps(out + p * kPackedPitch,
                    _mm512_maskz_loadu_ps(mask, a.data + p * a.col));
  }
#else
  for (int64_t p = 0; p < steps; ++p) {
    for (int64_t i = 0; i < rows; ++i) {
      out[p * kPackedPitch + i] = a.data[p * a.col + i];
    }
  }
#endif
}

// Rows of k to rows `pitch` apart.
HWY_INLINE void copyTileRows(const FloatMatrix &a, int64_t rows, int64_t steps,
                             float *out, int64_t pitch) {
  for (int64_t i = 0; i < rows; ++i) {
    __builtin_memcpy(out + i * pitch, a.data + i * a.row,
                     static_cast<size_t>(steps) * sizeof(float));
  }
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
