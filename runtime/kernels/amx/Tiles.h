// SPDX-License-Identifier: Apache-2.0
//
// The tile unit (AMX) as a template parameter. A kernel is written once,
// `template <class Tiles>`, and instantiated twice: with HardwareTiles, which
// are the instructions, and with EmulatedTiles, which compute the same numbers
// on any CPU, so that kernels can be tested without the hardware. Kernels are
// Highway code like all others; the hardware instance belongs in the AVX-512
// target only (see AMX_HAS_HARDWARE below and HardwareTiles).
//
// All eight tiles are always 16 rows of 64 bytes. `int T` is a tile's number.
//   C     16 x 16 f32, row-major
//   A     16 x 32 bf16, row-major: a[m][k]
//   B     32 x 16 bf16 in pairs of rows (VNNI): b[k/2][n][k%2]
// dpbf16<C, A, B>() is c[m][n] += sum over k of a[m][k] b[k][n].
//
// The life of the unit in a kernel, on every thread:
//
//   #pragma omp parallel
//   {
//     TileScope<Tiles> scope;   // configures; always inside the region, since
//     ...                       // oneDNN may have configured its own in
//     between
//   }                           // releases
//
// The compiler keeps no value in tiles and saves none: what is to survive a
// call of foreign code must be stored. load and store clobber memory, so plain
// stores before a load and plain loads after a store are safe.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bertc::rt::kernels::amx {

inline constexpr int kTileCount = 8;
inline constexpr int kTileRows = 16;
inline constexpr int kTileRowBytes = 64;
/// Bytes of one tile, and of one packed tile in memory.
inline constexpr int kTileBytes = kTileRows * kTileRowBytes;
/// bf16 elements of one packed tile.
inline constexpr int kTileHalves = kTileBytes / 2;
/// Columns of an A tile and rows of a B tile.
inline constexpr int kTileDepth = 32;

/// The operand of LDTILECFG, palette 1.
struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t startRow = 0;
  uint8_t reserved[14] = {};
  uint16_t rowBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfig) == 64, "the instruction reads 64 bytes");

inline constexpr TileConfig kTileConfig = {};

/// The instructions. Executing any of them is SIGILL unless tileUnit()
/// (core/CpuFeatures.h) says Hardware, which implies that the process has the
/// operating system's permission. Assembly instead of intrinsics: g++ 12 tells
/// the optimiser about 8 of the 64 bytes of a configuration and about no memory
/// that a tile is loaded from.
struct HardwareTiles {
  static constexpr bool kHardware = true;

  static void configure() { asm volatile("ldtilecfg %0" ::"m"(kTileConfig)); }
  static void release() { asm volatile("tilerelease" ::: "memory"); }

  template <int T> static void zero() {
    asm volatile("tilezero %%tmm%c0" ::"i"(T));
  }
  /// Rows at base, base + pitch, ...; pitch in bytes, any alignment.
  template <int T> static void load(const void *base, ptrdiff_t pitch) {
    asm volatile("tileloadd (%1,%2,1), %%tmm%c0" ::"i"(T), "r"(base), "r"(pitch)
                 : "memory");
  }
  /// load() that leaves the L1 cache to others: for the operand that is read
  /// once where the other one is read many times.
  template <int T> static void streamLoad(const void *base, ptrdiff_t pitch) {
    asm volatile("tileloaddt1 (%1,%2,1), %%tmm%c0" ::"i"(T), "r"(base),
                 "r"(pitch)
                 : "memory");
  }
  template <int T> static void store(void *base, ptrdiff_t pitch) {
    asm volatile("tilestored %%tmm%c0, (%1,%2,1)" ::"i"(T), "r"(base),
                 "r"(pitch)
                 : "memory");
  }
  template <int C, int A, int B> static void dpbf16() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(C), "i"(A),
                 "i"(B));
  }
};

/// The same in plain memory, one set of tiles a thread, bit for bit: products
/// of even and of odd k are summed apart in f32 by fused multiply-add, from
/// k = 0 up; the two sums are added, then added to c; denormal operands and
/// results are zero, rounding is to nearest even whatever MXCSR says. (On a CPU
/// without FMA the same, since a product of two bf16 is exact in f32.)
/// Using a tile that is not configured traps, as the hardware does.
struct EmulatedTiles {
  static constexpr bool kHardware = false;

  static void configure();
  static void release();

  template <int T> static void zero() { zeroTile(T); }
  template <int T> static void load(const void *base, ptrdiff_t pitch) {
    loadTile(T, base, pitch);
  }
  template <int T> static void streamLoad(const void *base, ptrdiff_t pitch) {
    loadTile(T, base, pitch);
  }
  template <int T> static void store(void *base, ptrdiff_t pitch) {
    storeTile(T, base, pitch);
  }
  template <int C, int A, int B> static void dpbf16() {
    static_assert(C != A && C != B && A != B, "the instruction faults");
    multiplyTiles(C, A, B);
  }

private:
  static void zeroTile(int tile);
  static void loadTile(int tile, const void *base, ptrdiff_t pitch);
  static void storeTile(int tile, void *base, ptrdiff_t pitch);
  static void multiplyTiles(int c, int a, int b);
};

/// Tiles configured on this thread for as long as the object lives.
template <class Tiles> struct TileScope {
  TileScope() { Tiles::configure(); }
  ~TileScope() { Tiles::release(); }
  TileScope(const TileScope &) = delete;
  TileScope &operator=(const TileScope &) = delete;
};

} // namespace bertc::rt::kernels::amx
