// SPDX-License-Identifier: Apache-2.0
//
// Comparisons, logic and selection, element by element.
#include "test/unit/synapse-stand-in/ops/OpTesting.h"

#include <cmath>
#include <limits>

namespace bertc::standin::testing {
namespace {

struct CompareCase {
  const char *name;
  bool (*function)(double, double);
};

const CompareCase CompareCases[] = {
    {"equal", [](double a, double b) { return a == b; }},
    {"less", [](double a, double b) { return a < b; }},
    {"less_equal", [](double a, double b) { return a <= b; }},
    {"greater", [](double a, double b) { return a > b; }},
    {"greater_equal", [](double a, double b) { return a >= b; }},
};

TEST(SelectTest, ComparisonsOfEveryDtype) {
  for (const CompareCase &compare : CompareCases) {
    for (const Suffix &type : AllSuffixes) {
      // Few values, so that equal ones meet.
      Tensor a = Tensor::random(I8, {9, 7}, -3, 3);
      Tensor b = Tensor::random(I8, {1, 7}, -3, 3);
      Node node(compare.name + std::string("_fwd_") + type.text,
                {Tensor::of(type.dtype, {9, 7}, a.values()),
                 Tensor::of(type.dtype, {1, 7}, b.values())},
                {Tensor(I8, {9, 7})});
      Tensor y = node.run()[0];
      for (size_t i = 0; i < y.count(); ++i) {
        EXPECT_EQ(y[i], compare.function(a[i], b[i / 9])) << compare.name;
      }
    }
  }
}

TEST(SelectTest, LargeIntegersAreComparedExactly) {
  Tensor a = Tensor::of(I32, {2}, {16777217, 16777216});
  Tensor b = Tensor::of(I32, {1}, {16777216});
  EXPECT_EQ(Node("equal_fwd_i32", {a, b}, {Tensor(I8, {2})}).run()[0].values(),
            (std::vector<double>{0, 1}));
}

TEST(SelectTest, Logic) {
  Tensor a = Tensor::of(I8, {4}, {0, 0, 1, 2});
  Tensor b = Tensor::of(I8, {4}, {0, 1, 0, 1});
  auto run = [&](const char *guid, std::vector<Tensor> in) {
    return Node(guid, std::move(in), {Tensor(I8, {4})}).run()[0].values();
  };
  EXPECT_EQ(run("not_fwd_i8", {a}), (std::vector<double>{1, 1, 0, 0}));
  EXPECT_EQ(run("and_i8", {a, b}), (std::vector<double>{0, 0, 0, 1}));
  EXPECT_EQ(run("or_i8", {a, b}), (std::vector<double>{0, 1, 1, 1}));
  EXPECT_EQ(run("xor_i8", {a, b}), (std::vector<double>{0, 1, 1, 0}));
}

TEST(SelectTest, IsFinite) {
  double infinite = std::numeric_limits<double>::infinity();
  for (const Suffix &type : FloatSuffixes) {
    Tensor x = Tensor::of(type.dtype, {4}, {1, infinite, -infinite, 0});
    EXPECT_EQ(
        Node(std::string("isfinite_fwd_") + type.text, {x}, {Tensor(I8, {4})})
            .run()[0]
            .values(),
        (std::vector<double>{1, 0, 0, 1}));
  }
}

TEST(SelectTest, WhereOfEveryDtypeWithRepeatedOperands) {
  for (const Suffix &type : AllSuffixes) {
    Tensor condition = Tensor::random(I8, {6, 5}, 0, 1);
    Tensor x = Tensor::random(type.dtype, {6, 1}, -9, 9);
    Tensor y = Tensor::random(type.dtype, {1}, -9, 9);
    Tensor out = Node(std::string("where_fwd_") + type.text, {condition, x, y},
                      {Tensor(type.dtype, {6, 5})})
                     .run()[0];
    for (size_t i = 0; i < out.count(); ++i) {
      EXPECT_EQ(out[i], condition[i] != 0 ? x[i % 6] : y[0]);
    }
  }
}

TEST(SelectTest, WrongNodesAreRefused) {
  Tensor f(F32, {4}), i(I32, {4}), b(I8, {4});
  expectRefused({
      {{"equal_fwd_f32", {f, f}, {f}}, "equal_fwd_f32: y is f32, expected i8"},
      {{"equal_fwd_i32", {f, i}, {b}}, "equal_fwd_i32: a is f32, expected i32"},
      {{"and_i8", {b}, {b}}, "and_i8: has 1 inputs, expected 2"},
      {{"not_fwd_i8", {i}, {b}}, "not_fwd_i8: a is i32, expected i8"},
      {{"where_fwd_f32", {f, f, f}, {f}},
       "where_fwd_f32: condition is f32, expected i8"},
      {{"where_fwd_f32", {b, f, Tensor(F32, {3})}, {f}},
       "where_fwd_f32: y has size 3 in dimension 0, expected 4 or 1"},
      {{"isfinite_fwd_f32", {f}, {Tensor(I8, {3})}},
       "isfinite_fwd_f32: y has shape [3], expected [4]"},
  });
}

} // namespace
} // namespace bertc::standin::testing
