// SPDX-License-Identifier: Apache-2.0
//
// Weight gradients on the tile unit against loops in f64, with both sides
// shared, odd edges, accumulation and the sums of columns. Tolerance: 1e-6 of
// the sum of absolute products, and what bf16 storage of C rounds.

#include "runtime/kernels/amx/WeightGradient.h"

#include "test/unit/kernels/AmxTesting.h"

namespace bertc::rt::kernels::amx {
namespace {

struct Trial {
  int64_t m, n, tokens;
  DType out = DType::F32;
  bool accumulate = false;
  int64_t padding = 0;
  bool xBlocked = false, yBlocked = false;
};

class Gradient {
public:
  explicit Gradient(const Trial &t)
      : t_(t), xPitch_(t.m + t.padding), yPitch_(t.n + 2 * t.padding),
        cPitch_(t.n + t.padding),
        x_(randomValues(DType::BF16, size(t.tokens, xPitch_), -1, 1, 1)),
        y_(randomValues(DType::BF16, size(t.tokens, yPitch_), -1, 1, 2)),
        before_(randomValues(t.out, size(t.m, cPitch_), -1, 1, 3)) {}

  // C and behind it the sums of columns.
  std::pair<Values, Values> run(TileUnit unit, int threads) {
    Values c = before_, sums(DType::F32, size(1, t_.n));
    WeightGradientTask task;
    task.m = t_.m, task.n = t_.n, task.tokens = t_.tokens;
    task.x = static_cast<const uint16_t *>(x_.data());
    task.y = static_cast<const uint16_t *>(y_.data());
    task.xPitch = xPitch_, task.yPitch = yPitch_;
    task.xBlocked = t_.xBlocked, task.yBlocked = t_.yBlocked;
    task.c = {c.buffer(), cPitch_};
    task.accumulate = t_.accumulate;
    task.columnSums = sums.f32();
    AlignedBytes scratch(weightGradientScratchBytes(task, threads));
    weightGradient(task, unit, scratch.data(), threads);
    EXPECT_TRUE(scratch.guardIntact());
    EXPECT_TRUE(c.guardIntact());
    EXPECT_TRUE(sums.guardIntact());
    return {c, sums};
  }

  void check(TileUnit unit = TileUnit::Emulated, int threads = 2) {
    SCOPED_TRACE("m " + std::to_string(t_.m) + " n " + std::to_string(t_.n) +
                 " tokens " + std::to_string(t_.tokens));
    auto [c, sums] = run(unit, threads);
    for (int64_t i = 0; i < t_.m; ++i) {
      for (int64_t j = 0; j < cPitch_; ++j) {
        checkElement(c, i, j);
      }
    }
    for (int64_t j = 0; j < t_.n; ++j) {
      double want = 0;
      for (int64_t t = 0; t < t_.tokens; ++t) {
        want += y(t, j);
      }
      ASSERT_NEAR(static_cast<double>(sums[size(1, j)]), want,
                  1e-6 * static_cast<double>(t_.tokens + 1) * targetSlack());
    }
  }

private:
  static size_t size(int64_t rows, int64_t cols) {
    return static_cast<size_t>(rows * cols);
  }

  // Where an element is of a matrix that may be in blocks.
  static size_t place(int64_t row, int64_t col, int64_t pitch, bool blocked) {
    return size(1, blocked ? blockOffset(row / 32 * 32, col / 32 * 32, pitch) +
                                 row % 32 * 32 + col % 32
                           : row * pitch + col);
  }
  double x(int64_t token, int64_t col) const {
    return static_cast<double>(x_[place(token, col, xPitch_, t_.xBlocked)]);
  }
  double y(int64_t token, int64_t col) const {
    return static_cast<double>(y_[place(token, col, yPitch_, t_.yBlocked)]);
  }

  void checkElement(const Values &c, int64_t i, int64_t j) {
    size_t at = size(1, i * cPitch_ + j);
    auto old = static_cast<double>(before_[at]);
    if (j >= t_.n) {
      ASSERT_EQ(static_cast<double>(c[at]), old) << "written past row " << i;
      return;
    }
    double want = t_.accumulate ? old : 0, magnitude = 1;
    for (int64_t t = 0; t < t_.tokens; ++t) {
      double product = x(t, i) * y(t, j);
      want += product;
      magnitude += std::fabs(product);
    }
    double limit = 1e-6 * targetSlack() * magnitude +
                   storageError(t_.out) * std::fabs(want);
    ASSERT_NEAR(static_cast<double>(c[at]), want, limit) << i << ", " << j;
  }

  Trial t_;
  int64_t xPitch_, yPitch_, cPitch_;
  Values x_, y_, before_;
};

void check(const Trial &t) { Gradient(t).check(); }

TEST(AmxWeightGradient, EdgesOfEveryKind) {
  forEachTarget([] {
    for (DType out : {DType::F32, DType::BF16}) {
      for (int64_t m : {1, 31, 32, 70}) {
        for (int64_t n : {2, 33, 64, 90}) {
          for (int64_t tokens : {1, 32, 75}) {
            check({m, n, tokens, out, (m + n) % 2 == 0, tokens % 3});
          }
        }
      }
    }
  });
}

TEST(AmxWeightGradient, EveryBlocking) {
  // Several blocks of a thread on either side; more tokens than fit at once.
  check({40, 900, 70, DType::F32, true});
  check({900, 40, 70, DType::F32, true});
  check({64, 90, 2100, DType::BF16, true});
  check({33, 65, 4200, DType::F32, true});
  check({65, 33, 4200, DType::F32, false});
  check({65, 33, 4200, DType::BF16, false});
}

TEST(AmxWeightGradient, MatricesInBlocks) {
  forEachTarget([] {
    for (auto [m, n] : {std::pair<int64_t, int64_t>{64, 96}, {96, 32}}) {
      for (int flags = 1; flags < 4; ++flags) {
        check({m, n, 160, DType::BF16, false, 0, (flags & 1) != 0,
               (flags & 2) != 0});
      }
    }
  });
  // More tokens than fit at once.
  check({32, 64, 4160, DType::F32, false, 0, true, true});
}

TEST(AmxWeightGradient, RandomShapes) {
  std::mt19937 random(kSeed);
  auto pick = [&](int64_t most) {
    return 1 + static_cast<int64_t>(random() % static_cast<uint64_t>(most));
  };
  for (int i = 0; i < 40; ++i) {
    check({pick(300), pick(300), pick(300),
           random() % 2 == 0 ? DType::BF16 : DType::F32, random() % 2 == 0,
           static_cast<int64_t>(random() % 9)});
  }
}

TEST(AmxWeightGradient, SameBitsForAnyNumberOfThreads) {
  for (Trial t :
       {Trial{90, 300, 200}, Trial{300, 90, 200}, Trial{20, 20, 64}}) {
    Gradient gradient(t);
    int before = omp_get_max_threads();
    omp_set_num_threads(1);
    auto [c, sums] = gradient.run(TileUnit::Emulated, 1);
    for (int threads : {2, 3, 7}) {
      omp_set_num_threads(threads);
      auto [otherC, otherSums] = gradient.run(TileUnit::Emulated, threads);
      EXPECT_TRUE(otherC.sameBits(c));
      EXPECT_TRUE(otherSums.sameBits(sums));
    }
    omp_set_num_threads(before);
  }
}

TEST(AmxWeightGradient, HardwareIsTheEmulationBitForBit) {
  if (detectedIsa() != Isa::Amx) {
    GTEST_SKIP() << "this CPU has " << isaName(detectedIsa())
                 << ", no AMX tiles";
  }
  for (DType out : {DType::F32, DType::BF16}) {
    Gradient gradient({90, 300, 200, out, true});
    auto [c, sums] = gradient.run(TileUnit::Emulated, 2);
    auto [hardware, hardwareSums] = gradient.run(TileUnit::Hardware, 2);
    EXPECT_TRUE(hardware.sameBits(c));
    EXPECT_TRUE(hardwareSums.sameBits(sums));
  }
}

} // namespace
} // namespace bertc::rt::kernels::amx
