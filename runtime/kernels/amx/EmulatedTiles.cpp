// SPDX-License-Identifier: Apache-2.0
//
// The tile unit in plain memory. The product runs in Highway's widest vectors;
// MXCSR does the flushing of denormals, as the unit's arithmetic does always.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/amx/Tiles.h"

#include <cstring>
#include <xmmintrin.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/amx/EmulatedTiles.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/common/Simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

// The two bf16 of each lane as f32.
HWY_INLINE VF evenHalf(VU pair) {
  return hn::BitCast(DF(), hn::ShiftLeft<16>(pair));
}
HWY_INLINE VF oddHalf(VU pair) {
  return hn::BitCast(DF(), hn::And(pair, hn::Set(DU(), 0xffff0000u)));
}

// One vector of one row of c.
HWY_INLINE void multiplyLanes(float *HWY_RESTRICT c,
                              const uint32_t *HWY_RESTRICT a,
                              const uint32_t *HWY_RESTRICT b) {
  VF even = hn::Zero(DF());
  VF odd = even;
  for (int k = 0; k < amx::kTileRows; ++k) {
    VU x = hn::Set(DU(), a[k]);
    VU y = hn::LoadU(DU(), b + k * 16);
    even = hn::MulAdd(evenHalf(x), evenHalf(y), even);
    odd = hn::MulAdd(oddHalf(x), oddHalf(y), odd);
  }
  hn::StoreU(hn::Add(hn::LoadU(DF(), c), hn::Add(even, odd)), DF(), c);
}

void multiply(float *HWY_RESTRICT c, const uint32_t *HWY_RESTRICT a,
              const uint32_t *HWY_RESTRICT b) {
  for (int m = 0; m < amx::kTileRows; ++m) {
    for (size_t n = 0; n < 16; n += kLanes) {
      multiplyLanes(c + m * 16 + n, a + m * 16, b + n);
    }
  }
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bertc::rt::kernels::amx {
namespace {

HWY_EXPORT(multiply);

struct alignas(64) TileFile {
  uint32_t words[kTileCount][kTileRows * 16];
  bool configured = false;
};
thread_local TileFile tileFile;

uint32_t *tile(int number) {
  if (!tileFile.configured) {
    __builtin_trap();
  }
  return tileFile.words[number];
}

// Denormals are zero, rounding is to nearest even, no exception traps.
constexpr unsigned kTileArithmetic = 0x8000 | 0x0040 | 0x1f80;

} // namespace

void EmulatedTiles::configure() {
  std::memset(tileFile.words, 0, sizeof tileFile.words);
  tileFile.configured = true;
}

void EmulatedTiles::release() { tileFile.configured = false; }

void EmulatedTiles::zeroTile(int number) {
  std::memset(tile(number), 0, kTileBytes);
}

void EmulatedTiles::loadTile(int number, const void *base, ptrdiff_t pitch) {
  auto *to = reinterpret_cast<std::byte *>(tile(number));
  for (int row = 0; row < kTileRows; ++row) {
    std::memcpy(to + row * kTileRowBytes,
                static_cast<const std::byte *>(base) + row * pitch,
                kTileRowBytes);
  }
}

void EmulatedTiles::storeTile(int number, void *base, ptrdiff_t pitch) {
  const auto *from = reinterpret_cast<const std::byte *>(tile(number));
  for (int row = 0; row < kTileRows; ++row) {
    std::memcpy(static_cast<std::byte *>(base) + row * pitch,
                from + row * kTileRowBytes, kTileRowBytes);
  }
}

void EmulatedTiles::multiplyTiles(int c, int a, int b) {
  unsigned mode = _mm_getcsr();
  _mm_setcsr(kTileArithmetic);
  float sums[kTileRows * 16];
  std::memcpy(sums, tile(c), sizeof sums);
  HWY_DYNAMIC_DISPATCH(multiply)(sums, tile(a), tile(b));
  std::memcpy(tile(c), sums, sizeof sums);
  _mm_setcsr(mode);
}

} // namespace bertc::rt::kernels::amx
#endif // HWY_ONCE
