// SPDX-License-Identifier: Apache-2.0
//
// Products on the tile unit against loops in f64: random shapes with odd edges,
// every epilogue, both storages, packed forms, numbers of threads. Tolerance:
// 1e-6 of the sum of absolute products, and what bf16 storage of C rounds.

#include "runtime/kernels/amx/Gemm.h"

#include "test/unit/kernels/ActivationTesting.h"
#include "test/unit/kernels/AmxTesting.h"

namespace bertc::rt::kernels::amx {
namespace {

struct Trial {
  int64_t m, n, k;
  DType out = DType::BF16;
  DType biasType = DType::F32;
  bool bias = false, factor = false, residual = false, accumulate = false;
  bool columnMajor = false, turned = false;
  /// A, C, factor and residual are in blocks.
  bool blocked = false;
  float scale = 1.0f;
  UnaryKind activation = UnaryKind::Copy;
  int64_t padding = 0;
};

class Product {
public:
  explicit Product(const Trial &t)
      : t_(t), aRow_(t.columnMajor ? 1 : t.k + t.padding),
        aCol_(t.columnMajor ? t.m : 1), pitch_(t.n + t.padding),
        a_(randomValues(
            DType::BF16,
            size(t.columnMajor ? t.k : t.m, t.columnMajor ? t.m : aRow_), -1, 1,
            1)),
        w_(randomValues(DType::F32, size(t.k, t.n), -1, 1, 2)),
        bias_(randomValues(t.biasType, size(1, t.n), -1, 1, 3)),
        factor_(randomValues(t.out, size(t.m, pitch_), -1, 1, 4)),
        residual_(randomValues(t.out, size(t.m, pitch_), -1, 1, 5)),
        before_(randomValues(t.out, size(t.m, pitch_), -1, 1, 6)), c_(before_) {
    panels_.resize(static_cast<size_t>(panelHalves(t.k, t.n)));
    packPanels(w_.f32(), t.k, t.n, t.turned ? nullptr : panels_.data(),
               t.turned ? panels_.data() : nullptr);
  }

  Values run(TileUnit unit, int threads) {
    c_ = before_;
    GemmTask task;
    task.m = t_.m, task.n = t_.n, task.k = t_.k;
    task.a = {static_cast<const uint16_t *>(a_.data()), aRow_, aCol_,
              t_.blocked};
    task.b = panels_.data();
    task.turned = t_.turned;
    task.c = {c_.buffer(), pitch_, t_.blocked};
    task.scale = t_.scale;
    task.bias = t_.bias ? bias_.buffer() : Buffer{nullptr, t_.biasType};
    task.activation = t_.activation;
    if (t_.factor) {
      task.factor = {factor_.buffer(), pitch_, t_.blocked};
    }
    task.accumulate = t_.accumulate;
    if (t_.residual) {
      task.residual = {residual_.buffer(), pitch_, t_.blocked};
    }
    AlignedBytes scratch(
        gemmScratchBytes(t_.m, t_.n, t_.k, t_.turned, threads));
    gemm(task, unit, scratch.data(), threads);
    EXPECT_TRUE(scratch.guardIntact());
    EXPECT_TRUE(c_.guardIntact());
    return c_;
  }

  void check(TileUnit unit = TileUnit::Emulated, int threads = 2) {
    Values c = run(unit, threads);
    for (int64_t i = 0; i < t_.m; ++i) {
      for (int64_t j = 0; j < pitch_; ++j) {
        size_t at = place(i, j, pitch_);
        if (j >= t_.n) {
          ASSERT_EQ(c[at], before_[at]) << "written past row " << i;
          continue;
        }
        double magnitude = 1;
        double want = expected(i, j, at, &magnitude);
        double limit = 1e-6 * targetSlack() * magnitude +
                       storageError(t_.out) * std::fabs(want);
        ASSERT_NEAR(static_cast<double>(c[at]), want, limit)
            << describe() << " at " << i << ", " << j;
      }
    }
  }

private:
  static size_t size(int64_t rows, int64_t cols) {
    return static_cast<size_t>(rows * cols);
  }

  // Where an element is of a matrix that may be in blocks.
  size_t place(int64_t row, int64_t col, int64_t pitch) const {
    return size(1, t_.blocked
                       ? blockOffset(row / 32 * 32, col / 32 * 32, pitch) +
                             row % 32 * 32 + col % 32
                       : row * pitch + col);
  }

  double a(int64_t i, int64_t k) {
    return static_cast<double>(
        a_[t_.blocked ? place(i, k, t_.k) : size(1, i * aRow_ + k * aCol_)]);
  }

  double expected(int64_t i, int64_t j, size_t at, double *magnitude) {
    double sum = 0;
    for (int64_t k = 0; k < t_.k; ++k) {
      double b = bf16ToFloat(floatToBf16(w_[size(1, k * t_.n + j)]));
      sum += a(i, k) * b;
      *magnitude += std::fabs(a(i, k) * b * static_cast<double>(t_.scale));
    }
    sum = sum * static_cast<double>(t_.scale);
    sum += t_.bias ? static_cast<double>(bias_[size(1, j)]) : 0;
    sum = activated(t_.activation, sum);
    sum *= t_.factor ? static_cast<double>(factor_[at]) : 1;
    sum += t_.accumulate ? static_cast<double>(before_[at]) : 0;
    return sum + (t_.residual ? static_cast<double>(residual_[at]) : 0);
  }

  std::string describe() const {
    return "m " + std::to_string(t_.m) + " n " + std::to_string(t_.n) + " k " +
           std::to_string(t_.k);
  }

  Trial t_;
  int64_t aRow_, aCol_, pitch_;
  Values a_, w_, bias_, factor_, residual_, before_, c_;
  AlignedHalves panels_;
};

void check(const Trial &t) { Product(t).check(); }

TEST(AmxGemm, EdgesOfEveryKind) {
  forEachTarget([] {
    for (int64_t m : {1, 16, 17, 32, 70}) {
      for (int64_t n : {2, 16, 31, 33, 64}) {
        for (int64_t k : {1, 31, 32, 100}) {
          check({m, n, k});
        }
      }
    }
  });
}

TEST(AmxGemm, EveryBlocking) {
  // Several blocks of rows, chunks of K and blocks of columns; remainders as a
  // vocabulary of 30522 leaves them.
  for (auto [m, n, k] : {std::array<int64_t, 3>{530, 65, 768},
                         {40, 90, 1024},
                         {40, 90, 1025},
                         {300, 33, 2304},
                         {33, 1100, 1056},
                         {3, 30522 % 4096, 64},
                         {20, 64, 30522 % 4096}}) {
    check({m, n, k});
    check({m, n, k, DType::F32});
  }
}

TEST(AmxGemm, EveryEpilogue) {
  forEachTarget([] {
    for (DType out : {DType::BF16, DType::F32}) {
      for (int64_t n : {32, 45}) {
        for (UnaryKind kind :
             {UnaryKind::Copy, UnaryKind::GeluErf, UnaryKind::GeluTanh,
              UnaryKind::Relu, UnaryKind::Tanh}) {
          for (int flags = 0; flags < 8; ++flags) {
            Trial t = {35, n, 40, out};
            t.bias = (flags & 1) != 0;
            t.biasType = (flags & 2) != 0 ? out : DType::F32;
            t.factor = (flags & 2) != 0;
            t.residual = (flags & 4) != 0;
            t.scale = flags == 7 ? 0.5f : 1.0f;
            t.activation = kind;
            t.padding = flags;
            check(t);
          }
        }
        Trial add = {35, n, 40, out};
        add.accumulate = true;
        check(add);
        add.residual = true;
        check(add);
        add.k = 1100;
        check(add);
      }
    }
  });
}

TEST(AmxGemm, OperandsInOtherOrders) {
  for (int64_t k : {64, 90, 1200}) {
    Trial t = {50, 40, k};
    t.columnMajor = true;
    check(t);
  }
}

TEST(AmxGemm, MatricesInBlocks) {
  forEachTarget([] {
    for (int64_t k : {64, 1056}) {
      for (int flags = 0; flags < 4; ++flags) {
        Trial t = {64, 96, k};
        t.blocked = true;
        t.bias = flags == 1;
        t.factor = flags == 2;
        t.residual = flags == 3;
        t.turned = flags % 2 == 0;
        check(t);
      }
    }
  });
  // More rows and columns than one block of a part, and turned in two pieces.
  Trial t = {576, 1088, 1024};
  t.blocked = t.factor = true;
  check(t);
  t = {32, 4224, 1024};
  t.blocked = t.residual = t.turned = true;
  check(t);
}

// B as it is and turned from its transpose.
void compareTurned(int64_t m, int64_t n, int64_t k) {
  Trial t = {m, n, k};
  t.bias = t.factor = t.residual = true;
  t.padding = 3;
  Values plain = Product(t).run(TileUnit::Emulated, 2);
  t.turned = true;
  for (int threads : {1, 2, 3}) {
    EXPECT_TRUE(Product(t).run(TileUnit::Emulated, threads).sameBits(plain))
        << m << " " << n << " " << k << " with " << threads << " threads";
  }
}

TEST(AmxGemm, PanelsOfTheTransposeGiveTheSameBits) {
  forEachTarget([] {
    compareTurned(1, 2, 1);
    compareTurned(35, 45, 100);
    compareTurned(70, 33, 1100);
  });
  // More bytes of B than are turned at a time. A shallow one is cut into 128
  // panels and 4, a deep one along K; there into blocks of rows and columns.
  compareTurned(3, 4200, 1000);
  compareTurned(3, 290, 16500);
  compareTurned(260, 1060, 3900);
}

TEST(AmxGemm, RandomShapes) {
  std::mt19937 random(kSeed);
  auto pick = [&](int64_t most) {
    return 1 + static_cast<int64_t>(random() % static_cast<uint64_t>(most));
  };
  for (int i = 0; i < 40; ++i) {
    Trial t = {pick(200), pick(200), pick(i % 4 == 0 ? 2000 : 200)};
    t.out = random() % 2 == 0 ? DType::BF16 : DType::F32;
    t.bias = random() % 2 == 0;
    t.padding = static_cast<int64_t>(random() % 9);
    check(t);
  }
}

TEST(AmxGemm, SameBitsForAnyNumberOfThreads) {
  for (auto [m, n, k] : {std::array<int64_t, 3>{200, 90, 300},
                         {20, 300, 100},
                         {150, 70, 1300},
                         {1, 40, 64}}) {
    Trial t = {m, n, k};
    Product product(t);
    int before = omp_get_max_threads();
    omp_set_num_threads(1);
    Values first = product.run(TileUnit::Emulated, 1);
    for (int threads : {2, 3, 7}) {
      omp_set_num_threads(threads);
      EXPECT_TRUE(product.run(TileUnit::Emulated, threads).sameBits(first));
    }
    omp_set_num_threads(before);
  }
}

TEST(AmxGemm, HardwareIsTheEmulationBitForBit) {
  if (detectedIsa() != Isa::Amx) {
    GTEST_SKIP() << "this CPU has " << isaName(detectedIsa())
                 << ", no AMX tiles";
  }
  for (int64_t k : {64, 800, 1300}) {
    Trial t = {200, 90, k};
    t.bias = true;
    Product product(t);
    Values emulated = product.run(TileUnit::Emulated, 2);
    EXPECT_TRUE(product.run(TileUnit::Hardware, 2).sameBits(emulated));
    product.check(TileUnit::Hardware);
  }
}

} // namespace
} // namespace bertc::rt::kernels::amx
