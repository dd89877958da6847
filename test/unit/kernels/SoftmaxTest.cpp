// SPDX-License-Identifier: Apache-2.0
//
// Softmax of attention and its gradient against f64.

#include "runtime/kernels/softmax/Softmax.h"
#include "test/unit/kernels/KernelTesting.h"

namespace bertc::rt::kernels {
namespace {

const int32_t kRng[4] = {3, 4, 5, 0};

struct Case {
  int64_t batch, heads, rows, columns;
  // Broadcast heads and rows of the mask.
  bool keyMask;
};

const Case kCases[] = {{1, 1, 1, 1, true},     {2, 3, 5, 7, true},
                       {2, 3, 5, 16, false},   {1, 2, 3, 128, true},
                       {2, 2, 2, 1024, false}, {1, 2, 2, 1025, true},
                       {1, 1, 3, 2500, false}, {8, 8, 128, 129, true}};

size_t elements(const Case &c) {
  return static_cast<size_t>(c.batch * c.heads * c.rows * c.columns);
}

SoftmaxArgs argsOf(const Case &c, Values &x, Values &mask, Values &y,
                   Values &dropped) {
  SoftmaxArgs args;
  args.batch = c.batch;
  args.heads = c.heads;
  args.rows = c.rows;
  args.columns = c.columns;
  args.x = x.buffer();
  args.mask = mask.f32();
  args.maskStrides[0] = c.keyMask ? c.columns : c.rows * c.columns;
  args.maskStrides[2] = c.keyMask ? 0 : c.columns;
  args.scale = 0.125f;
  args.y = y.buffer();
  args.dropped = dropped.buffer();
  args.dropout = dropoutState(0.1f, 6, kRng);
  return args;
}

std::vector<double> reference(const Case &c, const Values &x,
                              const Values &mask) {
  std::vector<double> y;
  for (int64_t r = 0; r < c.batch * c.heads * c.rows; ++r) {
    int64_t b = r / c.rows / c.heads;
    int64_t maskRow = c.keyMask ? b : b * c.rows + r % c.rows;
    double sum = 0;
    for (int64_t t = 0; t < c.columns; ++t) {
      double term = 0.125 * x[static_cast<size_t>(r * c.columns + t)] +
                    mask[static_cast<size_t>(maskRow * c.columns + t)];
      y.push_back(std::exp(term));
      sum += y.back();
    }
    for (int64_t t = 0; t < c.columns; ++t) {
      y[static_cast<size_t>(r * c.columns + t)] /= sum;
    }
  }
  return y;
}

Values maskOf(const Case &c) {
  auto n = static_cast<size_t>(c.batch * c.columns * (c.keyMask ? 1 : c.rows));
  Values mask = randomValues(DType::F32, n, -1, 1, 5);
  // Padding: the reference system adds -10000.
  for (size_t i = 3; i + 1 < n; i += 4) {
    mask.set(i, -10000.0f);
  }
  return mask;
}

void checkForward(const Case &c, DType dtype) {
  Values x = randomValues(dtype, elements(c), -20, 20);
  Values mask = maskOf(c);
  Values y(dtype, x.size());
  Values dropped(dtype, x.size());
  SoftmaxArgs args = argsOf(c, x, mask, y, dropped);
  softmax(args);
  std::vector<double> expected = reference(c, x, mask);
  expectClose(y, expected, 2e-6, 1e-6);
  for (size_t i = 0; i < expected.size(); ++i) {
    bool keep = philox::dropoutKeeps(args.dropout.key, args.dropout.scale, i);
    expected[i] =
        keep ? expected[i] * static_cast<double>(args.dropout.scale.factor) : 0;
  }
  expectClose(dropped, expected, 2e-6, 1e-6);
}

TEST(Softmax, MatchesTheFormula) {
  forEachTarget([] {
    for (const Case &c : kCases) {
      SCOPED_TRACE(std::to_string(c.columns) + " columns");
      checkForward(c, DType::F32);
      checkForward(c, DType::BF16);
    }
  });
}

TEST(Softmax, WithoutMaskOrDropoutInPlace) {
  forEachTarget([] {
    Case c = {1, 1, 9, 33, true};
    Values x = randomValues(DType::F32, elements(c));
    Values mask(DType::F32, std::vector<float>(33, 0.0f));
    std::vector<double> expected = reference(c, x, mask);
    SoftmaxArgs args;
    args.rows = 9;
    args.columns = 33;
    args.scale = 0.125f;
    args.x = x.buffer();
    args.y = x.buffer();
    softmax(args);
    expectClose(x, expected, 2e-6, 1e-6);
  });
}

TEST(Softmax, InactiveDropoutCopies) {
  Case c = {1, 1, 3, 50, true};
  Values x = randomValues(DType::F32, elements(c));
  Values mask = maskOf(c);
  Values y(DType::F32, x.size());
  Values dropped(DType::F32, x.size());
  SoftmaxArgs args = argsOf(c, x, mask, y, dropped);
  args.dropout = DropoutState();
  softmax(args);
  EXPECT_TRUE(dropped.sameBits(y));
}

TEST(Softmax, SameBitsForAnyNumberOfThreads) {
  expectSameBitsForThreads([] {
    Case c = {3, 4, 67, 100, true};
    Values x = randomValues(DType::F32, elements(c));
    Values mask = maskOf(c);
    Values y(DType::F32, x.size());
    Values dropped(DType::F32, x.size());
    softmax(argsOf(c, x, mask, y, dropped));
    return dropped;
  });
}

void checkGradient(int64_t rows, int64_t columns, DType dtype, bool inPlace) {
  auto n = static_cast<size_t>(rows * columns);
  Values dy = randomValues(dtype, n, -1, 1, 1);
  Values y = randomValues(dtype, n, 0, 2.0f / columns, 2);
  SoftmaxGradArgs args;
  args.rows = rows;
  args.columns = columns;
  args.scale = 0.3f;
  args.dropout = dropoutState(0.2f, 8, kRng);
  std::vector<double> expected(n);
  for (int64_t r = 0; r < rows; ++r) {
    double dot = 0;
    std::vector<double> g;
    for (int64_t c = 0; c < columns; ++c) {
      auto i = static_cast<size_t>(r * columns + c);
      bool keep = philox::dropoutKeeps(args.dropout.key, args.dropout.scale, i);
      g.push_back(keep ? dy[i] * double(args.dropout.scale.factor) : 0.0);
      dot += g.back() * y[i];
    }
    for (int64_t c = 0; c < columns; ++c) {
      auto i = static_cast<size_t>(r * columns + c);
      expected[i] = 0.3 * y[i] * (g[static_cast<size_t>(c)] - dot);
    }
  }
  Values apart(dtype, n);
  args.dy = dy.buffer();
  args.y = y.buffer();
  args.dx = inPlace ? dy.buffer() : apart.buffer();
  softmaxGrad(args);
  expectClose(inPlace ? dy : apart, expected, 3e-6, 1.0 / columns);
}

TEST(SoftmaxGrad, MatchesTheFormula) {
  forEachTarget([] {
    for (int64_t columns : {1, 7, 16, 128, 200, 1024, 2100}) {
      SCOPED_TRACE(std::to_string(columns) + " columns");
      checkGradient(5, columns, DType::F32, false);
      checkGradient(5, columns, DType::F32, true);
      checkGradient(5, columns, DType::BF16, true);
    }
  });
}

} // namespace
} // namespace bertc::rt::kernels
