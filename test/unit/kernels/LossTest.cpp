// SPDX-License-Identifier: Apache-2.0
//
// Log-softmax, negative log-likelihood and their gradients against f64.

#include "runtime/kernels/loss/Loss.h"
#include "test/unit/kernels/KernelTesting.h"

namespace bertc::rt::kernels {
namespace {

TEST(LogSoftmax, MatchesTheFormula) {
  forEachTarget([] {
    for (size_t columns : {1u, 2u, 33u, 1024u, 3007u}) {
      for (DType dtype : {DType::F32, DType::BF16}) {
        SCOPED_TRACE(std::to_string(columns) + " columns");
        Values x = randomValues(dtype, 4 * columns, -30, 30);
        std::vector<double> expected;
        for (size_t r = 0; r < 4; ++r) {
          double sum = 0;
          for (size_t c = 0; c < columns; ++c) {
            sum += std::exp(double(x[r * columns + c]));
          }
          for (size_t c = 0; c < columns; ++c) {
            expected.push_back(double(x[r * columns + c]) - std::log(sum));
          }
        }
        logSoftmax(x.buffer(), x.buffer(), 4, static_cast<int64_t>(columns));
        expectClose(x, expected, 1e-6);
      }
    }
  });
}

TEST(LogSoftmaxGrad, MatchesTheFormula) {
  forEachTarget([] {
    for (size_t columns : {1u, 2u, 33u, 3007u}) {
      for (DType dtype : {DType::F32, DType::BF16}) {
        SCOPED_TRACE(std::to_string(columns) + " columns");
        Values dy = randomValues(dtype, 3 * columns, -1, 1, 1);
        Values y = randomValues(dtype, 3 * columns, -20, 0, 2);
        std::vector<double> expected;
        for (size_t r = 0; r < 3; ++r) {
          double sum = 0;
          for (size_t c = 0; c < columns; ++c) {
            sum += double(dy[r * columns + c]);
          }
          for (size_t c = 0; c < columns; ++c) {
            size_t i = r * columns + c;
            expected.push_back(double(dy[i]) - std::exp(double(y[i])) * sum);
          }
        }
        logSoftmaxGrad(dy.buffer(), dy.buffer(), y.buffer(), 3,
                       static_cast<int64_t>(columns));
        expectClose(dy, expected, 1e-5);
      }
    }
  });
}

// Sums of bf16 are those of f32 where the types are mixed.
TEST(LogSoftmax, MixesTypes) {
  forEachTarget([] {
    const int64_t columns = 3007;
    Values x = randomValues(DType::BF16, 3007, -30, 3);
    Values wide(DType::F32, 3007), y(DType::BF16, 3007);
    logSoftmax(wide.buffer(), x.buffer(), 1, columns);
    logSoftmax(y.buffer(), x.buffer(), 1, columns);
    std::vector<double> expected;
    for (size_t i = 0; i < wide.size(); ++i) {
      expected.push_back(double(wide[i]));
    }
    expectClose(y, expected, 1e-6);
    Values dy = randomValues(DType::BF16, 3007, -1, 1, 1), dx = dy;
    logSoftmaxGrad(dx.buffer(), dy.buffer(), y.buffer(), 1, columns);
    logSoftmaxGrad(wide.buffer(), dy.buffer(), y.buffer(), 1, columns);
    for (size_t i = 0; i < wide.size(); ++i) {
      expected[i] = double(wide[i]);
    }
    expectClose(dx, expected, 1e-5);
  });
}

// What is masked has no probability; NaN spreads.
TEST(LogSoftmax, InfinityAndNaN) {
  forEachTarget([] {
    for (DType dtype : {DType::F32, DType::BF16}) {
      for (size_t columns : {19u, 70u}) {
        auto n = static_cast<int64_t>(columns);
        Values x(dtype, columns), y(dtype, columns), dx(dtype, columns);
        x.set(3, -INFINITY);
        logSoftmax(y.buffer(), x.buffer(), 1, n);
        EXPECT_EQ(y[3], -INFINITY);
        EXPECT_NEAR(y[5], -std::log(double(columns - 1)), 0.02);
        Values dy(dtype, std::vector<float>(columns, 1.0f));
        logSoftmaxGrad(dx.buffer(), dy.buffer(), y.buffer(), 1, n);
        EXPECT_EQ(dx[3], 1.0f);
        EXPECT_NEAR(dx[5], 1 - double(columns) * std::exp(double(y[5])), 1e-3);
        for (float odd : {INFINITY, NAN}) {
          x.set(columns - 1, odd);
          logSoftmax(y.buffer(), x.buffer(), 1, n);
          EXPECT_TRUE(std::isnan(y[columns - 1]));
          logSoftmaxGrad(dx.buffer(), dy.buffer(), y.buffer(), 1, n);
          EXPECT_TRUE(std::isnan(dx[columns - 1]));
        }
        y.set(0, 100.0f);
        logSoftmaxGrad(dx.buffer(), dy.buffer(), y.buffer(), 1, n);
        EXPECT_EQ(dx[0], -INFINITY);
      }
    }
  });
}

// Outputs that bypass the caches equal those that do not.
TEST(LogSoftmax, LargeOutputs) {
  forEachTarget([] {
    const int64_t rows = 100;
    const int64_t columns = kStreamBytes / 4 / rows + 1;
    Values x = randomValues(DType::F32, static_cast<size_t>(rows * columns));
    Values y(DType::F32, x.size());
    logSoftmax(y.buffer(), x.buffer(), rows, columns);
    Values dx(DType::F32, x.size());
    logSoftmaxGrad(dx.buffer(), x.buffer(), y.buffer(), rows, columns);
    logSoftmaxGrad(x.buffer(), x.buffer(), y.buffer(), rows, columns);
    EXPECT_TRUE(dx.sameBits(x));
    x = randomValues(DType::F32, x.size());
    logSoftmax(x.buffer(), x.buffer(), rows, columns);
    EXPECT_TRUE(y.sameBits(x));
  });
}

TEST(LogSoftmax, SameBitsForAnyNumberOfThreads) {
  expectSameBitsForThreads([] {
    Values x = randomValues(DType::F32, 40 * 3000);
    logSoftmax(x.buffer(), x.buffer(), 40, 3000);
    return x;
  });
  expectSameBitsForThreads([] {
    Values x = randomValues(DType::BF16, 40 * 3001);
    logSoftmax(x.buffer(), x.buffer(), 40, 3001);
    return x;
  });
}

TEST(Nll, PicksTheLabel) {
  for (DType dtype : {DType::F32, DType::BF16}) {
    Values logProbs(dtype, {-1, -2, -3, -4, -5, -6});
    Values loss(dtype, 2);
    int32_t labels[] = {2, 0};
    ASSERT_TRUE(nll(loss.buffer(), logProbs.buffer(), labels, 2, 3).ok());
    EXPECT_EQ(loss[0], 3.0f);
    EXPECT_EQ(loss[1], 4.0f);
  }
}

TEST(NllGrad, IsZeroBesideTheLabel) {
  for (DType dtype : {DType::F32, DType::BF16}) {
    Values dloss(dtype, {0.5f, 2.0f});
    Values d(dtype, 6);
    int32_t labels[] = {2, 0};
    ASSERT_TRUE(nllGrad(d.buffer(), dloss.buffer(), labels, 2, 3).ok());
    EXPECT_TRUE(d.sameBits(Values(dtype, {0, 0, -0.5f, -2, 0, 0})));
  }
}

TEST(Nll, RefusesLabelsOutsideTheClasses) {
  Values values(DType::F32, {0, 0, 0});
  for (int32_t bad : {3, -1}) {
    Status status = nll(values.buffer(), values.buffer(), &bad, 1, 3);
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
    EXPECT_EQ(status.message(), "label " + std::to_string(bad) +
                                    " at position 0 is outside the 3 classes");
    EXPECT_FALSE(nllGrad(values.buffer(), values.buffer(), &bad, 1, 3).ok());
  }
}

} // namespace
} // namespace bertc::rt::kernels
