// SPDX-License-Identifier: Apache-2.0
//
// Unary, binary and n-ary kernels against f64, and their walks over strides.

#include "runtime/kernels/elementwise/Elementwise.h"
#include "test/unit/kernels/ActivationTesting.h"

#include <functional>

namespace bertc::rt::kernels {
namespace {

using Reference = std::function<double(double)>;

void checkUnary(UnaryKind kind, const Reference &reference, float low,
                float high, double tolerance, double floor = 1e-30) {
  forEachTarget([&] {
    for (size_t n : {1u, 5u, 16u, 33u, 1024u, 5001u}) {
      for (DType dtype : {DType::F32, DType::BF16}) {
        Values x = randomValues(dtype, n, low, high);
        std::vector<double> expected;
        for (size_t i = 0; i < n; ++i) {
          expected.push_back(reference(static_cast<double>(x[i])));
        }
        expectClose(runUnary(kind, x, dtype), expected, tolerance, floor);
      }
    }
  });
}

TEST(Unary, ExpWithinTwoUlp) {
  checkUnary(
      UnaryKind::Exp, [](double x) { return std::exp(x); }, -86.0f, 88.0f,
      2.4e-7);
}

TEST(Unary, ExpAtTheEnds) {
  forEachTarget([] {
    Values y = runUnary(UnaryKind::Exp,
                        Values(DType::F32, {-INFINITY, -1000.0f, 88.7f, 89.0f,
                                            INFINITY, NAN, 0.0f}),
                        DType::F32);
    EXPECT_EQ(y[0], 0.0f);
    EXPECT_EQ(y[1], 0.0f);
    EXPECT_NEAR(y[2] / std::exp(double(88.7f)), 1.0, 3e-7);
    EXPECT_EQ(y[3], INFINITY);
    EXPECT_EQ(y[4], INFINITY);
    EXPECT_TRUE(std::isnan(y[5]));
    EXPECT_EQ(y[6], 1.0f);
  });
}

TEST(Unary, LogWithinTwoUlp) {
  auto reference = [](double x) { return std::log(x); };
  checkUnary(UnaryKind::Log, reference, 1e-6f, 3.0f, 2.4e-7);
  checkUnary(UnaryKind::Log, reference, 1.0f, 1e30f, 2.4e-7);
}

TEST(Unary, LogAtTheEnds) {
  forEachTarget([] {
    Values y = runUnary(UnaryKind::Log,
                        Values(DType::F32, {0.0f, INFINITY, -1.0f, NAN, 1.0f}),
                        DType::F32);
    EXPECT_EQ(y[0], -INFINITY);
    EXPECT_EQ(y[1], INFINITY);
    EXPECT_TRUE(std::isnan(y[2]));
    EXPECT_TRUE(std::isnan(y[3]));
    EXPECT_EQ(y[4], 0.0f);
  });
}

TEST(Unary, TanhWithinThreeUlp) {
  auto reference = [](double x) { return std::tanh(x); };
  checkUnary(UnaryKind::Tanh, reference, -1.0f, 1.0f, 3.6e-7);
  checkUnary(UnaryKind::Tanh, reference, -100.0f, 100.0f, 3.6e-7);
}

TEST(Unary, GeluErfWithinOneMillionth) {
  checkUnary(UnaryKind::GeluErf, geluErf, -8.0f, 8.0f, 1e-6);
}

TEST(Unary, GeluTanhWithinTwoMillionths) {
  checkUnary(UnaryKind::GeluTanh, geluTanh, -5.0f, 8.0f, 2e-6);
}

TEST(Unary, GeluFarOutIsZeroOrTheArgument) {
  forEachTarget([] {
    for (UnaryKind kind : {UnaryKind::GeluErf, UnaryKind::GeluTanh}) {
      Values y = runUnary(kind, Values(DType::F32, {-1e20f, 1e20f, 0.0f, NAN}),
                          DType::F32);
      EXPECT_EQ(y[0], 0.0f);
      EXPECT_EQ(y[1], 1e20f);
      EXPECT_EQ(y[2], 0.0f);
      EXPECT_TRUE(std::isnan(y[3]));
    }
  });
}

TEST(Unary, RootsNegationAndRelu) {
  checkUnary(
      UnaryKind::Sqrt, [](double x) { return std::sqrt(x); }, 0.0f, 9.0f, 1e-7);
  checkUnary(
      UnaryKind::Rsqrt, [](double x) { return 1 / std::sqrt(x); }, 0.01f, 9.0f,
      2e-7);
  checkUnary(UnaryKind::Neg, [](double x) { return -x; }, -3.0f, 3.0f, 0.0);
  checkUnary(
      UnaryKind::Relu, [](double x) { return x > 0 ? x : 0; }, -3.0f, 3.0f,
      0.0);
}

// Outputs that bypass the caches, aligned or not, hold what others hold.
TEST(Unary, LargeOutputs) {
  forEachTarget([] {
    size_t n = kStreamBytes / 4 + 3;
    Values x = randomValues(DType::F32, n);
    for (size_t shift : {0u, 1u}) {
      Values y(DType::F32, n);
      size_t count = n - shift;
      OperandShape s = denseShape(DType::F32, {static_cast<int64_t>(count)});
      void *data[] = {y.f32() + shift, x.data()};
      unary(UnaryKind::Neg, makeElementwise(s, {s}), data);
      EXPECT_TRUE(y.guardIntact());
      for (size_t i = 0; i < count; ++i) {
        ASSERT_EQ(y[i + shift], -x[i]) << i;
      }
    }
  });
}

TEST(Unary, SameBitsForAnyNumberOfThreads) {
  expectSameBitsForThreads([] {
    return runUnary(UnaryKind::GeluErf, randomValues(DType::F32, 100003),
                    DType::F32);
  });
}

// The three results of geluBackward in order.
std::vector<Values> runGeluBackward(UnaryKind kind, DType dtype, int64_t rows,
                                    int64_t columns, Values dy, Values x) {
  auto n = static_cast<size_t>(rows * columns);
  std::vector<Values> out = {Values(dtype, n), Values(dtype, n),
                             Values(DType::F32, static_cast<size_t>(columns))};
  GeluBackwardArgs args;
  args.kind = kind;
  args.rows = rows;
  args.columns = columns;
  args.dy = dy.buffer();
  args.x = x.buffer();
  args.y = out[0].buffer();
  args.dx = out[1].buffer();
  args.dbias = out[2].f32();
  std::vector<std::byte> scratch(geluBackwardScratchBytes(args));
  geluBackward(args, scratch.data());
  return out;
}

void checkGeluBackward(UnaryKind kind, DType dtype, int64_t rows,
                       int64_t columns) {
  auto n = static_cast<size_t>(rows * columns);
  Values dy = randomValues(dtype, n, -3, 3, 1);
  Values x = randomValues(dtype, n, -6, 6, 2);
  bool tanh = kind == UnaryKind::GeluTanh;
  std::vector<double> y, dx, dbias(static_cast<size_t>(columns));
  for (size_t i = 0; i < n; ++i) {
    double v = x[i];
    y.push_back(tanh ? geluTanh(v) : geluErf(v));
    dx.push_back(dy[i] * (tanh ? geluTanhSlope(v) : geluErfSlope(v)));
    dbias[i % dbias.size()] += dx.back();
  }
  std::vector<Values> out = runGeluBackward(kind, dtype, rows, columns, dy, x);
  expectClose(out[0], y, 2e-6);
  expectClose(out[1], dx, 2e-6, 1.0);
  // Sums are of unrounded gradients.
  expectClose(out[2], dbias, 2e-6, std::sqrt(static_cast<double>(rows)) * 3);
}

TEST(GeluBackward, AgreesWithTheFormulas) {
  forEachTarget([] {
    for (UnaryKind kind : {UnaryKind::GeluErf, UnaryKind::GeluTanh}) {
      for (DType dtype : {DType::F32, DType::BF16}) {
        checkGeluBackward(kind, dtype, 1, 1);
        checkGeluBackward(kind, dtype, 3, 37);
        checkGeluBackward(kind, dtype, 131, 515);
      }
    }
  });
}

TEST(GeluBackward, SameBitsForAnyNumberOfThreads) {
  for (size_t result = 0; result < 3; ++result) {
    expectSameBitsForThreads([result] {
      constexpr size_t n = 700 * 129;
      return runGeluBackward(UnaryKind::GeluErf, DType::F32, 700, 129,
                             randomValues(DType::F32, n, -2, 2, 1),
                             randomValues(DType::F32, n, -2, 2, 2))[result];
    });
  }
}

Values runBinary(BinaryKind kind, Values x, Values y, DType out) {
  Values z(out, x.size());
  auto n = static_cast<int64_t>(x.size());
  ElementwiseShape shape =
      makeElementwise(denseShape(out, {n}),
                      {denseShape(x.dtype(), {n}), denseShape(y.dtype(), {n})});
  void *data[] = {z.data(), x.data(), y.data()};
  binary(kind, shape, data);
  return z;
}

void checkBinary(BinaryKind kind,
                 const std::function<double(double, double)> &reference,
                 double tolerance, double floor = 1e-3) {
  forEachTarget([&] {
    for (size_t n : {1u, 7u, 32u, 1000u, 2049u}) {
      for (DType dtype : {DType::F32, DType::BF16}) {
        Values x = randomValues(dtype, n, -3, 3, 1);
        Values y = randomValues(DType::F32, n, -6, 6, 2);
        std::vector<double> expected;
        for (size_t i = 0; i < n; ++i) {
          expected.push_back(reference(x[i], y[i]));
        }
        expectClose(runBinary(kind, x, y, dtype), expected, tolerance, floor);
      }
    }
  });
}

TEST(Binary, Arithmetic) {
  using D = double;
  checkBinary(BinaryKind::Add, [](D x, D y) { return x + y; }, 2e-7);
  checkBinary(BinaryKind::Sub, [](D x, D y) { return x - y; }, 2e-7);
  checkBinary(BinaryKind::Mul, [](D x, D y) { return x * y; }, 2e-7);
  checkBinary(BinaryKind::Div, [](D x, D y) { return x / y; }, 2e-7);
  checkBinary(BinaryKind::Maximum, [](D x, D y) { return std::max(x, y); }, 0);
  checkBinary(BinaryKind::Minimum, [](D x, D y) { return std::min(x, y); }, 0);
}

TEST(Binary, GradientsOfActivations) {
  using D = double;
  checkBinary(
      BinaryKind::TanhGrad, [](D d, D y) { return d * (1 - y * y); }, 1e-6);
  checkBinary(BinaryKind::ReluGrad, [](D d, D x) { return x > 0 ? d : 0; }, 0);
  checkBinary(
      BinaryKind::GeluErfGrad, [](D d, D x) { return d * geluErfSlope(x); },
      1e-6, 1.0);
  checkBinary(
      BinaryKind::GeluTanhGrad, [](D d, D x) { return d * geluTanhSlope(x); },
      2e-6, 1.0);
}

TEST(Binary, MaximumKeepsNaN) {
  forEachTarget([] {
    Values z = runBinary(BinaryKind::Maximum, Values(DType::F32, {NAN, 1.0f}),
                         Values(DType::F32, {1.0f, NAN}), DType::F32);
    EXPECT_TRUE(std::isnan(z[0]));
    EXPECT_TRUE(std::isnan(z[1]));
  });
}

// z [b, a, s, t] = x + broadcast y, element by element.
void checkBroadcast(std::initializer_list<int64_t> yDims) {
  const int64_t dims[4] = {2, 3, 5, 37};
  Values x = randomValues(DType::F32, 2 * 3 * 5 * 37);
  OperandShape ys = denseShape(DType::F32, yDims);
  Values y =
      randomValues(DType::F32, static_cast<size_t>(ys.elements()), -2, 2, 3);
  Values z(DType::F32, x.size());
  OperandShape full = denseShape(DType::F32, dims, 4);
  ASSERT_TRUE(broadcastsTo(ys, full));
  void *data[] = {z.data(), x.data(), y.data()};
  binary(BinaryKind::Add, makeElementwise(full, {full, ys}), data);
  EXPECT_TRUE(z.guardIntact());
  int64_t i = 0;
  for (int64_t at[4] = {0, 0, 0, 0}; i < 2 * 3 * 5 * 37; ++i) {
    int64_t rest = i;
    for (int axis = 3; axis >= 0; --axis) {
      at[axis] = rest % dims[axis];
      rest /= dims[axis];
    }
    int64_t offset = 0;
    for (int axis = 0; axis < ys.rank; ++axis) {
      int64_t own = at[axis + 4 - ys.rank];
      offset += (ys.dims[axis] == 1 ? 0 : own) * ys.strides[axis];
    }
    auto k = static_cast<size_t>(i);
    ASSERT_EQ(z[k], x[k] + y[static_cast<size_t>(offset)]) << i;
  }
}

TEST(Binary, Broadcasts) {
  forEachTarget([] {
    checkBroadcast({2, 3, 5, 37});
    checkBroadcast({37});
    checkBroadcast({2, 1, 1, 37});
    checkBroadcast({1});
    checkBroadcast({});
    checkBroadcast({3, 5, 1});
    checkBroadcast({2, 1, 5, 1});
  });
}

TEST(Binary, WorksInPlace) {
  forEachTarget([] {
    Values x = randomValues(DType::F32, 1003);
    Values y = randomValues(DType::F32, 1003, -1, 1, 4);
    Values apart = runBinary(BinaryKind::Mul, x, y, DType::F32);
    OperandShape s = denseShape(DType::F32, {1003});
    void *data[] = {y.data(), x.data(), y.data()};
    binary(BinaryKind::Mul, makeElementwise(s, {s, s}), data);
    EXPECT_TRUE(y.sameBits(apart));
  });
}

TEST(Binary, StridedOutputs) {
  forEachTarget([] {
    // Columns 1 and 2 of a [10, 4] matrix.
    Values x = randomValues(DType::F32, 20);
    Values z(DType::F32, std::vector<float>(40, 7.0f));
    OperandShape in = denseShape(DType::F32, {10, 2});
    OperandShape out = in;
    out.strides[0] = 4;
    void *data[] = {z.f32() + 1, x.data(), x.data()};
    binary(BinaryKind::Add, makeElementwise(out, {in, in}), data);
    for (size_t r = 0; r < 10; ++r) {
      EXPECT_EQ(z[4 * r], 7.0f);
      EXPECT_EQ(z[4 * r + 1], 2 * x[2 * r]);
      EXPECT_EQ(z[4 * r + 2], 2 * x[2 * r + 1]);
      EXPECT_EQ(z[4 * r + 3], 7.0f);
    }
  });
}

TEST(Binary, IntegersWrap) {
  int32_t x[] = {2147483647, -5, 7};
  int32_t y[] = {1, 3, -2};
  int32_t z[3];
  OperandShape s = denseShape(DType::I32, {3});
  void *data[] = {z, x, y};
  binary(BinaryKind::Add, makeElementwise(s, {s, s}), data);
  EXPECT_EQ(z[0], INT32_MIN);
  EXPECT_EQ(z[2], 5);
  binary(BinaryKind::Mul, makeElementwise(s, {s, s}), data);
  EXPECT_EQ(z[1], -15);
  binary(BinaryKind::Maximum, makeElementwise(s, {s, s}), data);
  EXPECT_EQ(z[1], 3);
}

TEST(AddN, SumsInOrderAndMayOverwriteAnyInput) {
  forEachTarget([] {
    for (size_t n : {1u, 19u, 1024u, 3000u}) {
      Values a = randomValues(DType::F32, n, -1, 1, 1);
      Values b = randomValues(DType::BF16, n, -1, 1, 2);
      Values c = randomValues(DType::F32, n, -1, 1, 3);
      std::vector<float> expected;
      for (size_t i = 0; i < n; ++i) {
        expected.push_back((a[i] + b[i]) + c[i]);
      }
      Buffer inputs[] = {a.buffer(), b.buffer(), c.buffer()};
      addN(c.buffer(), inputs, 3, static_cast<int64_t>(n));
      EXPECT_TRUE(c.sameBits(Values(DType::F32, expected)));
      Values one(DType::BF16, n);
      addN(one.buffer(), inputs + 1, 1, static_cast<int64_t>(n));
      EXPECT_TRUE(one.sameBits(b));
    }
  });
}

} // namespace
} // namespace bertc::rt::kernels
