// SPDX-License-Identifier: Apache-2.0
//
// Square blocks of f32, a vector wide, turned over in registers.

#if defined(BERTC_RUNTIME_KERNELS_COMMON_TRANSPOSE_INL_H_) ==                  \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_COMMON_TRANSPOSE_INL_H_
#undef BERTC_RUNTIME_KERNELS_COMMON_TRANSPOSE_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_COMMON_TRANSPOSE_INL_H_
#endif

#include "runtime/kernels/common/Simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

// out[r * pitch + c] = in[c * step + r] for kLanes x kLanes numbers.
HWY_INLINE void transposeVectors(const float *HWY_RESTRICT in, int64_t step,
                                 float *HWY_RESTRICT out, int64_t pitch) {
#if HWY_TARGET <= HWY_AVX3
  __m512 r[16], t[16];
  for (int i = 0; i < 16; ++i) {
    r[i] = _mm512_loadu_ps(in + i * step);
  }
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
  }
  auto low = [](__m512 x, __m512 y) HWY_ATTR {
    return _mm512_castpd_ps(
        _mm512_unpacklo_pd(_mm512_castps_pd(x), _mm512_castps_pd(y)));
  };
  auto high = [](__m512 x, __m512 y) HWY_ATTR {
    return _mm512_castpd_ps(
        _mm512_unpackhi_pd(_mm512_castps_pd(x), _mm512_castps_pd(y)));
  };
  for (int i = 0; i < 16; i += 4) {
    r[i] = low(t[i], t[i + 2]);
    r[i + 1] = high(t[i], t[i + 2]);
    r[i + 2] = low(t[i + 1], t[i + 3]);
    r[i + 3] = high(t[i + 1], t[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xdd);
  }
  for (int i = 0; i < 8; ++i) {
    _mm512_storeu_ps(out + i * pitch,
                     _mm512_shuffle_f32x4(t[i], t[i + 8], 0x88));
    _mm512_storeu_ps(out + (i + 8) * pitch,
                     _mm512_shuffle_f32x4(t[i], t[i + 8], 0xdd));
  }
#elif HWY_TARGET <= HWY_AVX2
  __m256 r[8], t[8];
  for (int i = 0; i < 8; ++i) {
    r[i] = _mm256_loadu_ps(in + i * step);
  }
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
    r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
  for (int i = 0; i < 4; ++i) {
    _mm256_storeu_ps(out + i * pitch,
                     _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    _mm256_storeu_ps(out + (i + 4) * pitch,
                     _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
  }
#else
  constexpr int64_t kSide = static_cast<int64_t>(kLanes);
  for (int64_t r = 0; r < kSide; ++r) {
    for (int64_t c = 0; c < kSide; ++c) {
      out[r * pitch + c] = in[c * step + r];
    }
  }
#endif
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
