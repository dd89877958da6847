// SPDX-License-Identifier: Apache-2.0
//
// Casts in each rounding mode, constants, memset and range.
#include "test/unit/synapse-stand-in/ops/OpTesting.h"

#include <cmath>
#include <limits>

namespace bertc::standin::testing {
namespace {

using rt::syn::CastParams;
using rt::syn::CastRound;
using rt::syn::ConstantI64Params;
using rt::syn::ConstantParams;
using rt::syn::RangeParams;

TEST(CastTest, SmallWholeNumbersPassThroughEveryPair) {
  for (const Suffix &from : AllSuffixes) {
    for (const Suffix &to : AllSuffixes) {
      if (from.dtype == to.dtype) {
        continue;
      }
      Tensor x = Tensor::of(from.dtype, {5}, {-128, -1, 0, 7, 127});
      std::string guid = std::string("cast_") + from.text + "_to_" + to.text;
      EXPECT_EQ(Node(guid, {x}, {Tensor(to.dtype, {5})}).run()[0].values(),
                x.values())
          << guid;
    }
  }
}

std::vector<double> castTo(const char *guid, rt::syn::synDataType dtype,
                           const std::vector<double> &values, CastRound mode) {
  Shape shape = {values.size()};
  return Node(guid, {Tensor::of(F32, shape, values)}, {Tensor(dtype, shape)},
              CastParams{mode})
      .run()[0]
      .values();
}

TEST(CastTest, RoundingModesToInteger) {
  std::vector<double> x = {-2.5, -1.5, -0.7, 0.5, 1.5, 2.6};
  auto to = [&](CastRound mode) {
    return castTo("cast_f32_to_i32", I32, x, mode);
  };
  using Values = std::vector<double>;
  EXPECT_EQ(to(CastRound::NearestEven), (Values{-2, -2, -1, 0, 2, 3}));
  EXPECT_EQ(to(CastRound::Down), (Values{-3, -2, -1, 0, 1, 2}));
  EXPECT_EQ(to(CastRound::Up), (Values{-2, -1, 0, 1, 2, 3}));
  EXPECT_EQ(to(CastRound::Zero), (Values{-2, -1, 0, 0, 1, 2}));
  EXPECT_EQ(to(CastRound::Default), (Values{-2, -1, 0, 0, 1, 2}));
  EXPECT_EQ(to(CastRound::HalfAway), (Values{-3, -2, -1, 1, 2, 3}));
}

TEST(CastTest, RoundingModesToBf16) {
  // bf16 has 8 bits: between 256 and 512 it counts by 2.
  std::vector<double> x = {257, 259, 257.5, -257, -258.5};
  auto to = [&](CastRound mode) {
    return castTo("cast_f32_to_bf16", BF16, x, mode);
  };
  using Values = std::vector<double>;
  EXPECT_EQ(to(CastRound::NearestEven), (Values{256, 260, 258, -256, -258}));
  EXPECT_EQ(to(CastRound::Default), (Values{256, 260, 258, -256, -258}));
  EXPECT_EQ(to(CastRound::Down), (Values{256, 258, 256, -258, -260}));
  EXPECT_EQ(to(CastRound::Up), (Values{258, 260, 258, -256, -258}));
  EXPECT_EQ(to(CastRound::Zero), (Values{256, 258, 256, -256, -258}));
  EXPECT_EQ(to(CastRound::HalfAway), (Values{258, 260, 258, -258, -258}));
}

TEST(CastTest, StochasticRoundingIsRightOnAverage) {
  std::vector<double> x(20000, 256.5);
  double sum = 0;
  for (double y : castTo("cast_f32_to_bf16", BF16, x, CastRound::Stochastic)) {
    EXPECT_TRUE(y == 256 || y == 258);
    sum += y;
  }
  EXPECT_NEAR(sum / x.size(), 256.5, 0.03);
  sum = 0;
  for (double y :
       castTo("cast_f32_to_i32", I32, std::vector<double>(20000, 0.25),
              CastRound::StochasticFlush)) {
    sum += y;
  }
  EXPECT_NEAR(sum / 20000, 0.25, 0.02);
}

TEST(CastTest, WhatDoesNotFitSaturates) {
  double infinite = std::numeric_limits<double>::infinity();
  std::vector<double> x = {3e9, -3e9, infinite, -infinite, std::nan("")};
  double most = std::numeric_limits<int32_t>::max();
  double least = std::numeric_limits<int32_t>::min();
  EXPECT_EQ(castTo("cast_f32_to_i32", I32, x, CastRound::Zero),
            (std::vector<double>{most, least, most, least, 0}));
  EXPECT_EQ(castTo("cast_f32_to_i8", I8, x, CastRound::Zero),
            (std::vector<double>{127, -128, 127, -128, 0}));
  Tensor wide = Tensor::of(I32, {3}, {1000, -1000, 5});
  EXPECT_EQ(Node("cast_i32_to_i8", {wide}, {Tensor(I8, {3})}).run()[0].values(),
            (std::vector<double>{127, -128, 5}));
}

TEST(CastTest, NanAndInfinityStayInBf16) {
  double infinite = std::numeric_limits<double>::infinity();
  for (CastRound mode : {CastRound::NearestEven, CastRound::Up}) {
    auto y = castTo("cast_f32_to_bf16", BF16,
                    {infinite, -infinite, std::nan("")}, mode);
    EXPECT_EQ(y[0], infinite);
    EXPECT_EQ(y[1], -infinite);
    EXPECT_TRUE(std::isnan(y[2]));
  }
}

TEST(CastTest, ConstantsFillWithTheirBits) {
  rt::syn::FloatOrInt number{}, whole{};
  number.f = 1.0f + 1.0f / 512;
  whole.i = -16777217;
  auto fill = [](const char *guid, rt::syn::synDataType dtype, auto params) {
    return Node(guid, {}, {Tensor(dtype, {3, 2})}, params).run()[0].values();
  };
  EXPECT_EQ(fill("constant_f32", F32, ConstantParams{number}),
            std::vector<double>(6, number.f));
  EXPECT_EQ(fill("constant_bf16", BF16, ConstantParams{number}),
            std::vector<double>(6, 1.0));
  EXPECT_EQ(fill("constant_i32", I32, ConstantParams{whole}),
            std::vector<double>(6, whole.i));
}

TEST(CastTest, ConstantOfSixtyFourBits) {
  std::vector<uint64_t> memory(3);
  OpTensor y{rt::syn::syn_type_int64, 1, {3}, memory.data()};
  ConstantI64Params params{7, 1};
  OpCall call{"constant_i64", {}, {y}, &params, sizeof(params)};
  ASSERT_EQ(checkOp(call, synDeviceGaudi), "");
  runOp(call);
  EXPECT_EQ(memory, std::vector<uint64_t>(3, 0x100000007ull));
}

TEST(CastTest, MemsetWritesZeros) {
  for (const Suffix &type : AllSuffixes) {
    EXPECT_EQ(
        Node("memset", {}, {Tensor(type.dtype, {3, 2})}).run()[0].values(),
        std::vector<double>(6, 0));
  }
}

TEST(CastTest, Range) {
  RangeParams whole{}, number{};
  whole.start.i = 3;
  whole.limit.i = 12;
  whole.delta.i = 4;
  EXPECT_EQ(Node("range_i32", {}, {Tensor(I32, {3})}, whole).run()[0].values(),
            (std::vector<double>{3, 7, 11}));
  number.start.f = 1.0f;
  number.limit.f = 0.0f;
  number.delta.f = -0.5f;
  EXPECT_EQ(Node("range_f32", {}, {Tensor(F32, {2})}, number).run()[0].values(),
            (std::vector<double>{1, 0.5}));
  expectRefused({
      {{"range_i32", {}, {Tensor(I32, {4})}, whole},
       "range_i32: y has shape [4], expected [3]"},
      {{"range_f32", {}, {Tensor(F32, {4})}, RangeParams{}},
       "range_f32: delta is 0"},
  });
}

TEST(CastTest, WrongNodesAreRefused) {
  Tensor f(F32, {4}), h(BF16, {4}), i(I32, {4});
  expectRefused({
      {{"cast_f32_to_bf16", {f}, {f}},
       "cast_f32_to_bf16: y is f32, expected bf16"},
      {{"cast_f32_to_bf16", {i}, {h}},
       "cast_f32_to_bf16: x is i32, expected f32"},
      {{"cast_f32_to_bf16", {f}, {h}, 7},
       "cast_f32_to_bf16: rounding mode is 7, expected 0 to 6 or 8"},
      {{"cast_f32_to_bf16", {f}, {h}, true},
       "cast_f32_to_bf16: has 1 bytes of parameters, expected 4"},
      {{"cast_f32_to_bf16", {f}, {Tensor(BF16, {3})}},
       "cast_f32_to_bf16: y has shape [3], expected [4]"},
      {{"constant_f32", {f}, {f}, 1.0f},
       "constant_f32: has 1 inputs, expected 0"},
      {{"constant_f32", {}, {f}},
       "constant_f32: has 0 bytes of parameters, expected 4"},
      {{"constant_i32", {}, {f}, 1}, "constant_i32: y is f32, expected i32"},
      {{"memset", {}, {f}, 1},
       "memset: has 4 bytes of parameters, expected none"},
  });
}

} // namespace
} // namespace bertc::standin::testing
