// SPDX-License-Identifier: Apache-2.0
//
// Optimizer updates against the formulas in f64, over several steps.

#include "runtime/kernels/optimizer/Optimizer.h"
#include "runtime/kernels/optimizer/PlainPass.h"
#include "test/unit/kernels/KernelTesting.h"

namespace bertc::rt::kernels {
namespace {

// A variable and its slots, and the same in f64.
struct Variable {
  Values var, m, v, gradient;
  std::vector<double> rVar, rM, rV;

  explicit Variable(size_t n)
      : var(randomValues(DType::F32, n, -1, 1, 1)),
        m(DType::F32, std::vector<float>(n, 0.0f)), v(m), gradient(m),
        rM(n, 0.0), rV(n, 0.0) {
    for (size_t i = 0; i < n; ++i) {
      rVar.push_back(double(var[i]));
    }
  }

  OptimizerArgs args(int32_t step) {
    OptimizerArgs a;
    a.elements = static_cast<int64_t>(var.size());
    a.var = var.f32();
    a.m = m.f32();
    a.v = v.f32();
    a.gradient = gradient.f32();
    a.learningRate = 0.01f;
    a.updateStep = step;
    return a;
  }
};

void referenceStep(Variable &t, int step, bool isLamb) {
  size_t n = t.var.size();
  std::vector<double> u(n);
  double varNorm = 0;
  double updateNorm = 0;
  for (size_t i = 0; i < n; ++i) {
    double g = double(t.gradient[i]);
    t.rM[i] = 0.9 * t.rM[i] + 0.1 * g;
    t.rV[i] = 0.999 * t.rV[i] + 0.001 * g * g;
    if (isLamb) {
      double mHat = t.rM[i] / (1 - std::pow(0.9, step));
      double vHat = t.rV[i] / (1 - std::pow(0.999, step));
      u[i] = mHat / (std::sqrt(vHat) + 1e-6);
    } else {
      u[i] = t.rM[i] / std::sqrt(t.rV[i] + 1e-12);
    }
    u[i] += 0.01 * t.rVar[i];
    varNorm += t.rVar[i] * t.rVar[i];
    updateNorm += u[i] * u[i];
  }
  bool unit = !isLamb || varNorm == 0 || updateNorm == 0;
  double ratio = unit ? 1.0 : std::sqrt(varNorm / updateNorm);
  for (size_t i = 0; i < n; ++i) {
    t.rVar[i] -= ratio * double(0.01f) * u[i];
  }
}

void checkUpdates(size_t n, bool isLamb) {
  Variable t(n);
  for (int32_t step = 1; step <= 20; ++step) {
    t.gradient =
        randomValues(DType::F32, n, -1, 1, static_cast<uint32_t>(step));
    referenceStep(t, step, isLamb);
    isLamb ? lamb(t.args(step)) : adamW(t.args(step));
    for (size_t i = 0; i < n; ++i) {
      ASSERT_EQ(t.gradient[i], 0.0f);
    }
  }
  expectClose(t.var, t.rVar, 1e-5);
  expectClose(t.m, t.rM, 1e-6);
  expectClose(t.v, t.rV, 1e-6);
}

TEST(Lamb, FollowsTheFormula) {
  forEachTarget([] {
    for (size_t n : {1u, 3u, 17u, 1000u, 20011u}) {
      SCOPED_TRACE(n);
      checkUpdates(n, true);
    }
  });
}

TEST(AdamW, FollowsTheFormula) {
  forEachTarget([] {
    for (size_t n : {1u, 3u, 17u, 1000u, 20011u}) {
      SCOPED_TRACE(n);
      checkUpdates(n, false);
    }
  });
}

// |var| = 0 at first: the ratio is 1, not 0, or it would never move.
TEST(Lamb, MovesAVariableOfZeros) {
  forEachTarget([] {
    Variable t(5);
    t.var = Values(DType::F32, std::vector<float>(5, 0.0f));
    t.gradient = Values(DType::F32, std::vector<float>(5, 2.0f));
    lamb(t.args(1));
    for (size_t i = 0; i < 5; ++i) {
      EXPECT_NEAR(t.var[i], -0.01f, 1e-7f);
    }
  });
}

// No gradient and no decay: |update| = 0.
TEST(Lamb, LeavesAVariableWithoutUpdateAlone) {
  Variable t(40);
  Values before = t.var;
  OptimizerArgs args = t.args(1);
  args.weightDecay = 0.0f;
  lamb(args);
  EXPECT_TRUE(t.var.sameBits(before));
}

TEST(Lamb, SameBitsForAnyNumberOfThreads) {
  expectSameBitsForThreads([] {
    Variable t(300007);
    t.gradient = randomValues(DType::F32, 300007);
    lamb(t.args(1));
    return t.var;
  });
}

// The yardsticks of the updates have to write what they write.
void expectUpdated(void (*pass)(const OptimizerArgs &)) {
  forEachTarget([&] {
    for (size_t n : {1u, 3u, 17u, 20011u}) {
      Variable t(n);
      Values before = t.var;
      t.gradient = Values(DType::F32, std::vector<float>(n, 100.0f));
      pass(t.args(1));
      for (size_t i = 0; i < n; ++i) {
        ASSERT_EQ(t.gradient[i], 0.0f);
        ASSERT_NEAR(t.m[i], 10.0f, 1e-4f);
        ASSERT_NEAR(t.v[i], 10.0f, 1e-4f);
        ASSERT_NEAR(t.var[i], before[i] - 1e-5f, 1e-6f);
      }
    }
  });
}

TEST(PlainPass, TouchesEveryElement) { expectUpdated(plainPass); }

TEST(PlainPass, TouchesEveryElementInTwoPasses) {
  expectUpdated(plainTwoPasses);
}

// What is not finite in a variable has to reach the end, or it was not read.
TEST(PlainPass, ReadsTheVariableInTheFirstOfTwoPasses) {
  forEachTarget([] {
    Variable t(17);
    for (size_t i : {size_t{2}, size_t{16}}) {
      t.var.f32()[i] = __builtin_inff();
    }
    plainTwoPasses(t.args(1));
    EXPECT_TRUE(std::isnan(t.var[2]));
    EXPECT_TRUE(std::isnan(t.var[16]));
    EXPECT_TRUE(std::isfinite(t.var[3]));
  });
}

TEST(AssignAdd, AddsDense) {
  forEachTarget([] {
    for (DType dtype : {DType::F32, DType::BF16}) {
      for (size_t n : {1u, 16u, 67u, 2051u, 40003u}) {
        Values x = randomValues(dtype, n);
        Values var = randomValues(DType::F32, n, -1, 1, 2);
        std::vector<double> expected;
        for (size_t i = 0; i < n; ++i) {
          expected.push_back(double(var[i]) + 0.25 * double(x[i]));
        }
        auto dim = static_cast<int64_t>(n);
        void *data[] = {var.data(), x.data()};
        assignAdd(0.25f,
                  makeElementwise(denseShape(DType::F32, {dim}),
                                  {denseShape(dtype, {dim})}),
                  data);
        expectClose(var, expected, 1e-6);
      }
    }
  });
}

TEST(AssignAdd, AddsScaledAndStrided) {
  forEachTarget([] {
    for (DType dtype : {DType::F32, DType::BF16}) {
      // x is columns 3..7 of a [30, 10] matrix.
      Values x = randomValues(dtype, 300);
      Values var = randomValues(DType::F32, 150, -1, 1, 2);
      std::vector<double> expected;
      for (size_t r = 0; r < 30; ++r) {
        for (size_t c = 0; c < 5; ++c) {
          expected.push_back(double(var[r * 5 + c]) +
                             0.25 * double(x[r * 10 + 3 + c]));
        }
      }
      OperandShape view = denseShape(dtype, {30, 5});
      view.strides[0] = 10;
      auto *base = static_cast<char *>(x.data()) + 3 * elementBytes(dtype);
      void *data[] = {var.data(), base};
      assignAdd(0.25f, makeElementwise(denseShape(DType::F32, {30, 5}), {view}),
                data);
      expectClose(var, expected, 1e-6);
    }
  });
}

} // namespace
} // namespace bertc::rt::kernels
