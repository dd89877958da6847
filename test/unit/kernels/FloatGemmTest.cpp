// SPDX-License-Identifier: Apache-2.0
//
// Products of f32 against loops in f64: random shapes with odd edges, every
// layout and epilogue, numbers of threads. Tolerance: 2e-6 of the sum of
// absolute products, and 2e-6 of the result for what comes after.

#include "runtime/kernels/gemm/FloatGemm.h"

#include "runtime/core/CpuFeatures.h"
#include "runtime/kernels/common/TargetName.h"
#include "test/unit/kernels/ActivationTesting.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace bertc::rt::kernels {
namespace {

struct Trial {
  int64_t m, n, k;
  bool aColumns = false, bColumns = false;
  bool bias = false, factor = false, residual = false, inPlace = false;
  bool accumulate = false;
  float scale = 1.0f;
  UnaryKind activation = UnaryKind::Copy;
  int64_t padding = 0;
};

std::vector<float> randomFloats(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(static_cast<size_t>(count));
  for (float &v : values) {
    v = uniform(random);
  }
  return values;
}

class Product {
public:
  explicit Product(const Trial &t) : t_(t), pitch_(t.n + t.padding) {
    int64_t aPitch = (t.aColumns ? t.m : t.k) + t.padding;
    int64_t bPitch = (t.bColumns ? t.k : t.n) + t.padding;
    a_ = randomFloats(aPitch * (t.aColumns ? t.k : t.m), 1);
    b_ = randomFloats(bPitch * (t.bColumns ? t.n : t.k), 2);
    bias_ = randomFloats(t.n, 3);
    factor_ = randomFloats(pitch_ * t.m, 4);
    residual_ = randomFloats(pitch_ * t.m, 5);
    before_ = randomFloats(pitch_ * t.m, 6);
    task_.m = t.m, task_.n = t.n, task_.k = t.k;
    task_.a = {a_.data(), t.aColumns ? 1 : aPitch, t.aColumns ? aPitch : 1};
    task_.b = {b_.data(), t.bColumns ? 1 : bPitch, t.bColumns ? bPitch : 1};
    task_.pitch = pitch_;
    task_.scale = t.scale;
    task_.bias = t.bias ? bias_.data() : nullptr;
    task_.activation = t.activation;
    task_.accumulate = t.accumulate;
    if (t.factor) {
      task_.factor = {factor_.data(), pitch_, 1};
    }
    if (t.residual) {
      task_.residual = {residual_.data(), pitch_, 1};
    }
  }

  std::vector<float> run(int threads) {
    std::vector<float> c = before_;
    task_.c = c.data();
    if (t_.inPlace) {
      task_.residual = {c.data(), pitch_, 1};
    }
    size_t bytes = floatGemmScratchBytes(t_.k, threads);
    std::vector<std::byte> space(bytes + 64);
    auto at = reinterpret_cast<uintptr_t>(space.data());
    floatGemm(task_, space.data() + (64 - at % 64) % 64, threads);
    return c;
  }

  // Of `c`, the largest error over the tolerance.
  void check(const std::vector<float> &c) const {
    for (int64_t i = 0; i < t_.m; ++i) {
      for (int64_t j = 0; j < pitch_; ++j) {
        auto at = static_cast<size_t>(i * pitch_ + j);
        if (j >= t_.n) {
          ASSERT_EQ(c[at], before_[at]) << "behind row " << i;
          continue;
        }
        double bound = 0, expected = exact(i, j, &bound);
        ASSERT_NEAR(c[at], expected, 2e-6 * (bound + std::abs(expected)))
            << i << ", " << j;
      }
    }
  }

private:
  double exact(int64_t i, int64_t j, double *bound) const {
    double sum = 0;
    for (int64_t p = 0; p < t_.k; ++p) {
      double x =
          static_cast<double>(task_.a.data[i * task_.a.row + p * task_.a.col]) *
          static_cast<double>(task_.b.data[p * task_.b.row + j * task_.b.col]);
      sum += x;
      *bound += std::abs(x);
    }
    auto at = static_cast<size_t>(i * pitch_ + j);
    *bound *= std::abs(static_cast<double>(t_.scale));
    *bound += 2;
    sum *= static_cast<double>(t_.scale);
    sum += t_.bias ? static_cast<double>(bias_[static_cast<size_t>(j)]) : 0;
    sum = activated(t_.activation, sum);
    sum *= t_.factor ? static_cast<double>(factor_[at]) : 1;
    sum += t_.residual ? static_cast<double>(residual_[at]) : 0;
    bool adds = t_.inPlace || t_.accumulate;
    return sum + (adds ? static_cast<double>(before_[at]) : 0);
  }

  Trial t_;
  int64_t pitch_;
  std::vector<float> a_, b_, bias_, factor_, residual_, before_;
  FloatGemm task_;
};

void checkTrial(const Trial &t) {
  limitKernels(usableIsa());
  Product product(t);
  std::vector<float> one = product.run(1);
  product.check(one);
  for (int threads : {2, 3, 8}) {
    ASSERT_EQ(product.run(threads), one) << threads << " threads";
  }
}

TEST(FloatGemm, everyLayout) {
  for (bool aColumns : {false, true}) {
    for (bool bColumns : {false, true}) {
      checkTrial({45, 70, 33, aColumns, bColumns});
      checkTrial({29, 128, 1024, aColumns, bColumns});
      checkTrial({14, 64, 1600, aColumns, bColumns});
    }
  }
}

TEST(FloatGemm, manyPanels) {
  checkTrial({15, 1500, 770});
  checkTrial({30, 900, 800, true, true});
}

TEST(FloatGemm, rowsAPageApart) {
  Trial t{37, 40, 2048};
  t.accumulate = true;
  checkTrial(t);
}

TEST(FloatGemm, everyEpilogue) {
  for (int64_t k : {40, 900}) {
    Trial plain{31, 75, k};
    for (int bits = 0; bits < 32; ++bits) {
      Trial t = plain;
      t.bias = bits & 1;
      t.factor = bits & 2;
      t.residual = bits & 4;
      t.scale = bits & 8 ? 0.25f : 1.0f;
      t.activation = bits & 16 ? UnaryKind::GeluErf : UnaryKind::Copy;
      t.padding = bits & 1 ? 5 : 0;
      checkTrial(t);
    }
    for (UnaryKind kind :
         {UnaryKind::GeluTanh, UnaryKind::Relu, UnaryKind::Tanh}) {
      Trial t = plain;
      t.activation = kind;
      checkTrial(t);
    }
    for (bool accumulate : {false, true}) {
      Trial t = plain;
      t.accumulate = accumulate;
      t.inPlace = !accumulate;
      t.bias = true;
      checkTrial(t);
    }
  }
}

TEST(FloatGemm, randomShapes) {
  unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  auto upTo = [&](int64_t most) {
    return std::uniform_int_distribution<int64_t>(1, most)(random);
  };
  for (int i = 0; i < 60; ++i) {
    Trial t{upTo(60), upTo(150), upTo(i % 6 == 0 ? 1700 : 100)};
    t.aColumns = upTo(2) == 1;
    t.bColumns = upTo(2) == 1;
    t.bias = upTo(2) == 1;
    t.residual = upTo(2) == 1;
    t.factor = upTo(3) == 1;
    t.padding = upTo(2) == 1 ? upTo(20) : 0;
    SCOPED_TRACE(std::to_string(t.m) + "x" + std::to_string(t.k) + "x" +
                 std::to_string(t.n));
    checkTrial(t);
    if (HasFatalFailure()) {
      return;
    }
  }
}

} // namespace
} // namespace bertc::rt::kernels
