// SPDX-License-Identifier: Apache-2.0
//
// The innermost loop of every product: 2 x 2 tiles of C over steps along K.
// The eight tiles: C 0-3, A 4 and 5, B 6 and 7.

#if defined(BERTC_RUNTIME_KERNELS_AMX_PRODUCT_INL_H_) ==                       \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_AMX_PRODUCT_INL_H_
#undef BERTC_RUNTIME_KERNELS_AMX_PRODUCT_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_AMX_PRODUCT_INL_H_
#endif

#include "runtime/kernels/amx/Panels.h"
#include "runtime/kernels/common/Simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

// 32 rows of A as two runs of A tiles. The second run may be the first, where
// there is no such tile: its sums are then never looked at.
struct RowPair {
  const uint16_t *first, *second;
};

// Lines of 64 bytes to bring to the L2 cache on the way, two a step; null for
// none. Reading past the end of memory does no harm.
using Ahead = const uint16_t *;

template <class Tiles> HWY_INLINE void loadSums(const float *c, int64_t pitch) {
  Tiles::template load<0>(c, pitch * 4);
  Tiles::template load<1>(c + 16, pitch * 4);
  Tiles::template load<2>(c + 16 * pitch, pitch * 4);
  Tiles::template load<3>(c + 16 * pitch + 16, pitch * 4);
}

template <class Tiles> HWY_INLINE void zeroSums() {
  Tiles::template zero<0>();
  Tiles::template zero<1>();
  Tiles::template zero<2>();
  Tiles::template zero<3>();
}

template <class Tiles> HWY_INLINE void storeSums(float *c, int64_t pitch) {
  Tiles::template store<0>(c, pitch * 4);
  Tiles::template store<1>(c + 16, pitch * 4);
  Tiles::template store<2>(c + 16 * pitch, pitch * 4);
  Tiles::template store<3>(c + 16 * pitch + 16, pitch * 4);
}

// Adds `steps` steps to the sums. A goes past the L1 cache, so that the part of
// the panel that is read again for the next rows stays there: 15-25% faster
// than with two ordinary loads (measured).
template <class Tiles>
HWY_INLINE void addProducts(RowPair a, const uint16_t *b, int64_t steps,
                            Ahead ahead) {
  constexpr int64_t kRow = amx::kTileRowBytes;
  for (int64_t step = 0; step < steps; ++step) {
    Tiles::template streamLoad<4>(a.first + step * amx::kTileHalves, kRow);
    Tiles::template load<6>(b + step * amx::kStepHalves, kRow);
    Tiles::template dpbf16<0, 4, 6>();
    Tiles::template load<7>(b + step * amx::kStepHalves + amx::kTileHalves,
                            kRow);
    Tiles::template dpbf16<1, 4, 7>();
    Tiles::template streamLoad<5>(a.second + step * amx::kTileHalves, kRow);
    Tiles::template dpbf16<2, 5, 6>();
    Tiles::template dpbf16<3, 5, 7>();
    if (ahead != nullptr) {
      __builtin_prefetch(ahead + step * 64, 0, 2);
      __builtin_prefetch(ahead + step * 64 + 32, 0, 2);
    }
  }
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
