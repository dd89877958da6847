// SPDX-License-Identifier: Apache-2.0
//
// The emulated tile unit against the definition of its instructions in scalar
// code, bit for bit; and the hardware against the emulation where there is any.

#include "runtime/kernels/amx/Tiles.h"

#include "runtime/core/CpuFeatures.h"
#include "test/unit/kernels/KernelTesting.h"

#include <array>
#include <cfloat>
#include <xmmintrin.h>

namespace bertc::rt::kernels::amx {
namespace {

using Halves = std::array<uint16_t, kTileHalves>;
using Sums = std::array<float, 256>;

float flushed(float x) { return std::fabs(x) < FLT_MIN ? x * 0.0f : x; }

Halves randomTile(uint32_t salt) {
  Values values = randomValues(DType::BF16, kTileHalves, -2, 2, salt);
  Halves tile;
  std::memcpy(tile.data(), values.data(), sizeof tile);
  return tile;
}

// One step at a time, as the manual has it.
Sums expected(Sums c, const Halves &a, const Halves &b) {
  for (int m = 0; m < 16; ++m) {
    for (int n = 0; n < 16; ++n) {
      float sums[2] = {0.0f, 0.0f};
      for (int k = 0; k < 32; ++k) {
        float x = flushed(bf16ToFloat(a[m * 32 + k]));
        float y = flushed(bf16ToFloat(b[k / 2 * 32 + n * 2 + k % 2]));
        sums[k % 2] = flushed(std::fmaf(x, y, sums[k % 2]));
      }
      float sum = flushed(sums[0] + sums[1]);
      c[m * 16 + n] = flushed(flushed(c[m * 16 + n]) + sum);
    }
  }
  return c;
}

template <class Tiles>
Sums product(const Sums &start, const Halves &a, const Halves &b) {
  TileScope<Tiles> scope;
  Sums c = start;
  Tiles::template load<0>(c.data(), kTileRowBytes);
  Tiles::template load<5>(a.data(), kTileRowBytes);
  Tiles::template streamLoad<7>(b.data(), kTileRowBytes);
  Tiles::template dpbf16<0, 5, 7>();
  Tiles::template store<0>(c.data(), kTileRowBytes);
  return c;
}

Sums randomSums() {
  Sums sums;
  Values values = randomValues(DType::F32, sums.size(), -3, 3, 9);
  std::memcpy(sums.data(), values.data(), sizeof sums);
  return sums;
}

bool sameBits(const Sums &x, const Sums &y) {
  return std::memcmp(x.data(), y.data(), sizeof x) == 0;
}

TEST(Tiles, EmulatedProductIsTheInstructionBitForBit) {
  forEachTarget([&] {
    for (uint32_t salt = 0; salt < 20; ++salt) {
      Halves a = randomTile(salt), b = randomTile(100 + salt);
      EXPECT_TRUE(sameBits(product<EmulatedTiles>(randomSums(), a, b),
                           expected(randomSums(), a, b)));
    }
  });
}

TEST(Tiles, DenormalsAreZeroWhateverTheModeOfTheThread) {
  Halves a{}, b{};
  a[0] = 1;                    // a denormal
  b[0] = floatToBf16(1e30f);   // times this would be normal
  a[32] = floatToBf16(1e-25f); // row 1: the product is a denormal
  b[1] = 0;
  b[2] = floatToBf16(1e-15f);
  Sums start{};
  start[17] = FLT_MIN / 2;
  unsigned mode = _mm_getcsr();
  Sums c = product<EmulatedTiles>(start, a, b);
  EXPECT_EQ(_mm_getcsr() & 0xffc0, mode & 0xffc0);
  EXPECT_EQ(c[0], 0.0f);
  EXPECT_EQ(c[17], 0.0f);
  EXPECT_NE(c[16], 0.0f);
}

TEST(Tiles, PitchSeparatesRows) {
  TileScope<EmulatedTiles> scope;
  std::vector<uint8_t> from(16 * 100), to(16 * 70, 0xee);
  for (size_t i = 0; i < from.size(); ++i) {
    from[i] = static_cast<uint8_t>(i * 31);
  }
  EmulatedTiles::load<3>(from.data(), 100);
  EmulatedTiles::store<3>(to.data(), 70);
  for (size_t row = 0; row < 16; ++row) {
    EXPECT_EQ(std::memcmp(&to[row * 70], &from[row * 100], 64), 0);
    for (size_t col = 64; col < 70; ++col) {
      EXPECT_EQ(to[row * 70 + col], 0xee);
    }
  }
  EmulatedTiles::zero<3>();
  EmulatedTiles::store<3>(to.data(), 64);
  EXPECT_EQ(std::count(to.begin(), to.begin() + kTileBytes, 0), kTileBytes);
}

TEST(TilesDeathTest, UseWithoutConfigurationTraps) {
  EXPECT_DEATH(EmulatedTiles::zero<0>(), "");
  {
    TileScope<EmulatedTiles> scope;
    EmulatedTiles::zero<0>();
  }
  EXPECT_DEATH(EmulatedTiles::zero<0>(), "");
}

TEST(Tiles, HardwareIsTheEmulationBitForBit) {
  if (detectedIsa() != Isa::Amx) {
    GTEST_SKIP() << "this CPU has " << isaName(detectedIsa())
                 << ", no AMX tiles";
  }
  for (uint32_t salt = 0; salt < 20; ++salt) {
    Halves a = randomTile(salt), b = randomTile(100 + salt);
    EXPECT_TRUE(sameBits(product<HardwareTiles>(randomSums(), a, b),
                         product<EmulatedTiles>(randomSums(), a, b)));
  }
}

} // namespace
} // namespace bertc::rt::kernels::amx
