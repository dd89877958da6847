// SPDX-License-Identifier: Apache-2.0
//
// Elementwise kernels against the functions of <cmath> in double.
#include "test/unit/synapse-stand-in/ops/OpTesting.h"

#include <cmath>
#include <limits>

namespace bertc::standin::testing {
namespace {

using rt::syn::AlphaMode;
using rt::syn::BinaryWithAlphaParams;
using rt::syn::GeluParams;

struct UnaryCase {
  const char *name;
  double low, high;
  double (*function)(double);
};

const UnaryCase UnaryCases[] = {
    {"neg", -3, 3, [](double x) { return -x; }},
    {"abs", -3, 3, [](double x) { return std::fabs(x); }},
    {"sqrt", 0, 9, [](double x) { return std::sqrt(x); }},
    {"rsqrt", 0.1, 9, [](double x) { return 1 / std::sqrt(x); }},
    {"exp", -20, 5, [](double x) { return std::exp(x); }},
    {"log", 0.01, 9, [](double x) { return std::log(x); }},
    {"log2", 0.01, 9, [](double x) { return std::log2(x); }},
    {"reciprocal", 0.1, 9, [](double x) { return 1 / x; }},
    {"sign", -1, 1, [](double x) { return x > 0   ? 1.0
                                          : x < 0 ? -1.0
                                                  : 0.0; }},
    {"erf", -5, 5, [](double x) { return std::erf(x); }},
    {"floor", -9, 9, [](double x) { return std::floor(x); }},
    {"sigmoid", -20, 20, [](double x) { return 1 / (1 + std::exp(-x)); }},
    {"tanh", -9, 9, [](double x) { return std::tanh(x); }},
    {"relu", -3, 3, [](double x) { return x > 0 ? x : 0; }},
};

struct BinaryCase {
  const char *name;
  double (*function)(double, double);
};

const BinaryCase BinaryCases[] = {
    {"add", [](double a, double b) { return a + b; }},
    {"sub", [](double a, double b) { return a - b; }},
    {"mult", [](double a, double b) { return a * b; }},
    {"div", [](double a, double b) { return a / b; }},
    {"max", [](double a, double b) { return std::fmax(a, b); }},
    {"min", [](double a, double b) { return std::fmin(a, b); }},
    {"pow", [](double a, double b) { return std::pow(a, b); }},
};

TEST(ElementwiseTest, FunctionsOfOneNumber) {
  for (const UnaryCase &unary : UnaryCases) {
    for (const Suffix &type : FloatSuffixes) {
      SCOPED_TRACE(unary.name);
      Tensor x = Tensor::random(type.dtype, {71, 70}, unary.low, unary.high);
      std::vector<double> expected;
      for (double value : x.values()) {
        expected.push_back(unary.function(value));
      }
      for (const char *middle : {"_", "_fwd_"}) {
        Node node(std::string(unary.name) + middle + type.text, {x},
                  {Tensor(type.dtype, {71, 70})});
        expectNear(node.run()[0], expected,
                   type.dtype == F32 ? 1e-6 : 1.0 / 256);
      }
    }
  }
}

TEST(ElementwiseTest, RelativeErrorsOfTheOwnFunctionsAreSmall) {
  Tensor x = Tensor::random(F32, {100000}, -10, 10);
  struct {
    const char *guid;
    double (*function)(double);
  } cases[] = {
      {"exp_f32", [](double v) { return std::exp(v); }},
      {"tanh_f32", [](double v) { return std::tanh(v); }},
      {"sigmoid_f32", [](double v) { return 1 / (1 + std::exp(-v)); }}};
  for (auto &each : cases) {
    Tensor y = Node(each.guid, {x}, {Tensor(F32, {100000})}).run()[0];
    for (size_t i = 0; i < x.count(); ++i) {
      double exact = each.function(x[i]);
      ASSERT_LE(std::fabs(y[i] - exact), 3e-7 * std::fabs(exact))
          << each.guid << " of " << x[i];
    }
  }
}

TEST(ElementwiseTest, ExpAtItsEnds) {
  double infinite = std::numeric_limits<double>::infinity();
  Tensor x = Tensor::of(
      F32, {7}, {-10000, -88, 88.5, 89, infinite, -infinite, std::nan("")});
  Tensor y = Node("exp_f32", {x}, {Tensor(F32, {7})}).run()[0];
  EXPECT_EQ(y[0], 0);
  EXPECT_EQ(y[1], 0);
  EXPECT_NEAR(y[2] / std::exp(88.5), 1, 1e-6);
  EXPECT_EQ(y[3], infinite);
  EXPECT_EQ(y[4], infinite);
  EXPECT_EQ(y[5], 0);
  EXPECT_TRUE(std::isnan(y[6]));
}

TEST(ElementwiseTest, FunctionsOfTwoNumbersWithRepeatedDimensions) {
  struct {
    Shape a, b;
  } shapes[] = {{{13, 5, 3}, {13, 5, 3}}, {{13, 5, 3}, {1}},
                {{1}, {13, 5, 3}},        {{13, 5, 3}, {13, 1}},
                {{13, 5, 3}, {13}},       {{13, 5, 3}, {1, 5, 1}},
                {{13, 1, 3}, {13, 5, 3}}, {{13, 5, 3}, {1, 1, 3}},
                {{1, 5, 3}, {1, 5, 1}},   {{1}, {1}},
                {{3000, 4}, {1, 4}},      {{7, 3, 2, 5, 2}, {1, 3, 1, 5, 1}}};
  for (const BinaryCase &binary : BinaryCases) {
    for (auto &shape : shapes) {
      SCOPED_TRACE(binary.name + shapeName(shape.a) + shapeName(shape.b));
      Tensor a = Tensor::random(F32, shape.a, 0.5, 2);
      Tensor b = Tensor::random(F32, shape.b, 0.5, 2);
      const Shape &out = a.count() >= b.count() ? shape.a : shape.b;
      std::vector<double> expected;
      for (uint64_t at = 0; at < elementCount(out); ++at) {
        std::vector<uint64_t> position = coordinates(out, at);
        expected.push_back(binary.function(a[elementAt(shape.a, position)],
                                           b[elementAt(shape.b, position)]));
      }
      Node node(binary.name + std::string("_fwd_f32"), {a, b},
                {Tensor(F32, out)});
      expectNear(node.run()[0], expected, 1e-6);
    }
  }
}

TEST(ElementwiseTest, Bf16ResultsAreRoundedToNearestEven) {
  Tensor a = Tensor::random(BF16, {500}, -4, 4);
  Tensor b = Tensor::random(BF16, {500}, -4, 4);
  Tensor y = Node("add_fwd_bf16", {a, b}, {Tensor(BF16, {500})}).run()[0];
  for (size_t i = 0; i < y.count(); ++i) {
    EXPECT_EQ(y[i], toBf16(a[i] + b[i]));
  }
}

TEST(ElementwiseTest, IntegersAreExactAndWrapAround) {
  Tensor a = Tensor::of(I32, {3}, {16777217, -5, 2147483647});
  Tensor b = Tensor::of(I32, {1}, {2});
  auto run = [&](const char *guid) {
    return Node(guid, {a, b}, {Tensor(I32, {3})}).run()[0].values();
  };
  using Values = std::vector<double>;
  EXPECT_EQ(run("add_fwd_i32"), (Values{16777219, -3, -2147483647}));
  EXPECT_EQ(run("sub_fwd_i32"), (Values{16777215, -7, 2147483645}));
  EXPECT_EQ(run("mult_fwd_i32"), (Values{33554434, -10, -2}));
  EXPECT_EQ(run("max_fwd_i32"), (Values{16777217, 2, 2147483647}));
  EXPECT_EQ(run("min_fwd_i32"), (Values{2, -5, 2}));
}

TEST(ElementwiseTest, AResultMayBeAnOperand) {
  Tensor a = Tensor::random(F32, {5000}), b = Tensor::random(F32, {5000});
  std::vector<double> expected;
  for (size_t i = 0; i < a.count(); ++i) {
    expected.push_back(a[i] * b[i]);
  }
  OpCall call{"mult_fwd_f32", {a.op(), b.op()}, {a.op()}, nullptr, 0};
  runOp(call);
  expectNear(a, expected, 1e-6);
}

TEST(ElementwiseTest, GradientsOfActivations) {
  struct {
    const char *name;
    double (*function)(double);
  } cases[] = {{"tanh", [](double x) { return std::tanh(x); }},
               {"sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }},
               {"relu", [](double x) { return x > 0 ? x : 0.01 * 0; }}};
  for (auto &each : cases) {
    Tensor x = Tensor::random(F32, {40}, 0.1, 3),
           dy = Tensor::random(F32, {40});
    Tensor y =
        Node(each.name + std::string("_fwd_f32"), {x}, {Tensor(F32, {40})})
            .run()[0];
    Node node(each.name + std::string("_bwd_f32"), {dy, y},
              {Tensor(F32, {40})});
    auto loss = [&](const std::vector<double> &at) {
      double sum = 0;
      for (size_t i = 0; i < at.size(); ++i) {
        sum += dy[i] * each.function(at[i]);
      }
      return sum;
    };
    expectNear(node.run()[0], numericalGradient(loss, x.values()), 1e-5);
  }
}

double geluOf(bool tanh, double x) {
  double inner = std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
  return tanh ? x / 2 * (1 + std::tanh(inner))
              : x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
}

TEST(ElementwiseTest, GeluAndItsGradientInBothForms) {
  for (bool tanh : {true, false}) {
    Tensor x = Tensor::random(F32, {3000}, -6, 6);
    Tensor dy = Tensor::random(F32, {3000});
    auto forward =
        Node("gelu_fwd_f32", {x}, {Tensor(F32, {3000}), Tensor(F32, {3000})},
             GeluParams{tanh})
            .run();
    std::vector<double> expected, gradient;
    for (size_t i = 0; i < x.count(); ++i) {
      expected.push_back(geluOf(tanh, x[i]));
      gradient.push_back(
          dy[i] * (geluOf(tanh, x[i] + 1e-5) - geluOf(tanh, x[i] - 1e-5)) /
          2e-5);
    }
    expectNear(forward[0], expected, 2e-6);
    Tensor dx(F32, {3000});
    expectNear(Node("gelu_bwd_f32", {dy, x, forward[1]}, {dx}, GeluParams{tanh})
                   .run()[0],
               gradient, 2e-6);
    if (tanh) {
      // What graphs have: no parameters, the tanh form.
      expectNear(Node("gelu_bwd_f32", {dy, x, forward[1]}, {dx}).run()[0],
                 gradient, 2e-6);
    }
  }
}

TEST(ElementwiseTest, GeluOfBf16RetainsBf16) {
  Tensor x = Tensor::random(BF16, {100}, -3, 3);
  auto results =
      Node("gelu_fwd_bf16", {x}, {Tensor(BF16, {100}), Tensor(BF16, {100})},
           GeluParams{true})
          .run();
  for (size_t i = 0; i < x.count(); ++i) {
    EXPECT_NEAR(results[0][i], geluOf(true, x[i]),
                std::fabs(geluOf(true, x[i])) / 256 + 1e-6);
  }
}

TEST(ElementwiseTest, BinaryWithAlpha) {
  Tensor a = Tensor::random(F32, {20}), b = Tensor::random(F32, {20});
  Tensor c = Tensor::random(F32, {20}, 0.5, 2);
  float alpha = 0.75f;
  for (int mode = 0; mode < 5; ++mode) {
    std::vector<Tensor> in = {a, b};
    if (mode >= 3) {
      in.push_back(c);
    }
    BinaryWithAlphaParams params{{alpha}, static_cast<AlphaMode>(mode)};
    Tensor y =
        Node("binary_with_alpha_fwd_f32", in, {Tensor(F32, {20})}, params)
            .run()[0];
    for (size_t i = 0; i < y.count(); ++i) {
      double expected[] = {a[i] + alpha * b[i], a[i] - alpha * b[i],
                           b[i] - alpha * a[i], a[i] + alpha * b[i] * c[i],
                           a[i] + alpha * b[i] / c[i]};
      EXPECT_NEAR(y[i], expected[mode], 1e-6) << "mode " << mode;
    }
  }
}

TEST(ElementwiseTest, ClampWithEitherBound) {
  Tensor x = Tensor::random(F32, {50}, -2, 2);
  Tensor low = Tensor::of(F32, {1}, {-0.5}), high = Tensor::of(F32, {1}, {1});
  auto clamp = [&](Tensor least, Tensor most) {
    return Node("clamp_pt_fwd_f32", {x, least, most}, {Tensor(F32, {50})})
        .run()[0];
  };
  Tensor both = clamp(low, high), above = clamp(low, Tensor());
  Tensor below = clamp(Tensor(), high);
  for (size_t i = 0; i < x.count(); ++i) {
    EXPECT_EQ(both[i], std::min(1.0, std::max(-0.5, x[i])));
    EXPECT_EQ(above[i], std::max(-0.5, x[i]));
    EXPECT_EQ(below[i], std::min(1.0, x[i]));
  }
}

TEST(ElementwiseTest, WrongNodesAreRefused) {
  Tensor a(F32, {4, 3}), column(F32, {4, 1}), row(F32, {1, 3});
  expectRefused({
      {{"exp_fwd_f32", {a, a}, {a}}, "exp_fwd_f32: has 2 inputs, expected 1"},
      {{"exp_fwd_f32", {a}, {column}},
       "exp_fwd_f32: y has shape [4,1], expected [4,3]"},
      {{"exp_fwd_bf16", {a}, {a}}, "exp_fwd_bf16: x is f32, expected bf16"},
      {{"exp_fwd_f32", {a}, {a}, 1},
       "exp_fwd_f32: has 4 bytes of parameters, expected none"},
      {{"add_fwd_f32", {column, row}, {a}},
       "add_fwd_f32: all operands are repeated to make [4,3], expected one of "
       "that shape: put a broadcast before"},
      {{"add_fwd_f32", {a, Tensor(F32, {2, 3})}, {a}},
       "add_fwd_f32: b has size 2 in dimension 0, expected 4 or 1"},
      {{"add_fwd_f32", {a, Tensor(F32, {3})}, {a}},
       "add_fwd_f32: b has size 3 in dimension 0, expected 4 or 1"},
      {{"add_fwd_f32", {a, a}, {column}},
       "add_fwd_f32: y has shape [4,1], expected [4,3]"},
      {{"tanh_bwd_f32", {a, column}, {a}},
       "tanh_bwd_f32: y has shape [4,1], expected [4,3]"},
      {{"gelu_fwd_f32", {a}, {a, a}},
       "gelu_fwd_f32: has 0 bytes of parameters, expected 1 or 8"},
      {{"gelu_fwd_f32", {a}, {a}, GeluParams{true}},
       "gelu_fwd_f32: has 1 outputs, expected 2"},
      {{"gelu_bwd_f32", {a, a, a}, {a}, 1.0f},
       "gelu_bwd_f32: has 4 bytes of parameters, expected 1 or 8"},
      {{"binary_with_alpha_fwd_f32",
        {a, a},
        {a},
        BinaryWithAlphaParams{{1}, AlphaMode::CMul}},
       "binary_with_alpha_fwd_f32: has 2 inputs, expected 3"},
      {{"binary_with_alpha_fwd_f32",
        {a, a},
        {a},
        BinaryWithAlphaParams{{1}, static_cast<AlphaMode>(5)}},
       "binary_with_alpha_fwd_f32: mode is 5, expected 0 to 4"},
      {{"clamp_pt_fwd_f32", {a}, {a}},
       "clamp_pt_fwd_f32: min and max are both absent"},
      {{"clamp_pt_fwd_f32", {column, a}, {a}},
       "clamp_pt_fwd_f32: y has shape [4,3], expected [4,1]"},
      {{"div_fwd_i32", {a, a}, {a}}, "div_fwd_i32: no such kernel"},
  });
  EXPECT_TRUE(knowsGuid("add_fwd_bf16"));
  EXPECT_FALSE(knowsGuid("add_fwd"));
}

} // namespace
} // namespace bertc::standin::testing
