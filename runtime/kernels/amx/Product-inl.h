// SPDX-License-Identifier: Apache-2.0
//
// The innermost loop of every product: 2 x 2 tiles of C over steps along K.
// The eight tiles: C 0-3, A 4 and 5, B 6 and 7. And the choice of the unit.

#if defined(BERTC_RUNTIME_KERNELS_AMX_PRODUCT_INL_H_) ==                       \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_AMX_PRODUCT_INL_H_
#undef BERTC_RUNTIME_KERNELS_AMX_PRODUCT_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_AMX_PRODUCT_INL_H_
#endif

#include "runtime/core/CpuFeatures.h"
#include "runtime/kernels/amx/Panels.h"
#include "runtime/kernels/common/Simd-inl.h"

#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

// fn(HardwareTiles()), which belongs in the AVX-512 target only, or
// fn(EmulatedTiles()).
template <typename Fn> HWY_INLINE void withTiles(TileUnit unit, const Fn &fn) {
#if HWY_TARGET == HWY_AVX3
  if (unit == TileUnit::Hardware) {
    return fn(amx::HardwareTiles());
  }
#endif
  (void)unit;
  fn(amx::EmulatedTiles());
}

// Rows of what the sums of a block meet on their way to memory, and of where
// they go: too far apart for the CPU to fetch them by itself.
struct BlockRows {
  struct Operand {
    const std::byte *data;
    /// Distance of rows and what a block has of one, in bytes.
    int64_t pitch, bytes;
  };
  Operand operands[3];
  int64_t count = 0;

  HWY_INLINE void bring(int64_t row) const {
    for (int64_t i = 0; i < count; ++i) {
      const std::byte *at = operands[i].data + row * operands[i].pitch;
      for (int64_t byte = 0; byte < operands[i].bytes; byte += 64) {
        __builtin_prefetch(at + byte, 0, 2);
      }
    }
  }
};

// What to bring to the L2 cache on the way. Reading past the end of memory does
// no harm.
struct Ahead {
  /// `lines` of 64 bytes a step from `from` on; null for nothing.
  const uint16_t *from = nullptr;
  int64_t lines = 0;
  /// Rows `row` to `end` of a block, some a step; null for nothing.
  const BlockRows *block = nullptr;
  int64_t row = 0, end = 0, rows = 0;

  HWY_INLINE void step(int64_t index) const {
    if (from != nullptr) {
      for (int64_t i = index * lines; i < (index + 1) * lines; ++i) {
        __builtin_prefetch(from + i * 32, 0, 2);
      }
    }
    if (block != nullptr) {
      int64_t first = row + index * rows;
      for (int64_t r = first; r < first + rows && r < end; ++r) {
        block->bring(r);
      }
    }
  }

  // The same with part `index` of `parts` of `count` rows of a block, in the
  // course of `steps` steps.
  HWY_INLINE Ahead with(const BlockRows &of, int64_t count, int64_t index,
                        int64_t parts, int64_t steps) const {
    Ahead both = *this;
    both.block = &of;
    both.row = count * index / parts;
    both.end = count * (index + 1) / parts;
    both.rows = (both.end - both.row + steps - 1) / steps;
    return both;
  }
};

// Ahead for product `index` of `count` that together are to bring one panel of
// `steps` steps at `next`. More than four lines a step would be in the way of
// the tiles.
HWY_INLINE Ahead bringPanel(const uint16_t *next, int64_t index, int64_t count,
                            int64_t steps) {
  constexpr int64_t kStepLines = 32;
  int64_t lines = (kStepLines + count - 1) / count;
  lines = lines < 4 ? lines : 4;
  return next == nullptr ? Ahead()
                         : Ahead{next + index * steps * lines * 32, lines};
}

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

// Which operand is read again for the next product: it goes through the L1
// cache, the other past it. 15-25% faster than two ordinary loads (measured).
enum class Keep { A, B };

// Adds `steps` steps to the sums: of A in blocks and of a panel of B, each with
// two tiles a step. Of the operand that is kept, the first `kept`
// steps are; the rest would only push them out. All loads of a step come before
// its products: 2-5% faster than each where it is needed (measured).
template <class Tiles, Keep keep>
HWY_INLINE void addProducts(const uint16_t *a, const uint16_t *b, int64_t steps,
                            int64_t kept, const Ahead &ahead) {
  constexpr int64_t kRow = amx::kTileRowBytes;
  for (int64_t step = 0; step < steps; ++step) {
    const uint16_t *a0 = a + step * amx::kStepHalves;
    const uint16_t *a1 = a0 + amx::kTileHalves;
    const uint16_t *b0 = b + step * amx::kStepHalves;
    bool keepA = keep == Keep::A && step < kept;
    bool keepB = keep == Keep::B && step < kept;
    keepA ? Tiles::template load<4>(a0, kRow)
          : Tiles::template streamLoad<4>(a0, kRow);
    keepB ? Tiles::template load<6>(b0, kRow)
          : Tiles::template streamLoad<6>(b0, kRow);
    keepA ? Tiles::template load<5>(a1, kRow)
          : Tiles::template streamLoad<5>(a1, kRow);
    keepB ? Tiles::template load<7>(b0 + amx::kTileHalves, kRow)
          : Tiles::template streamLoad<7>(b0 + amx::kTileHalves, kRow);
    Tiles::template dpbf16<0, 4, 6>();
    Tiles::template dpbf16<2, 5, 6>();
    ahead.step(step);
    Tiles::template dpbf16<1, 4, 7>();
    Tiles::template dpbf16<3, 5, 7>();
  }
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
