// SPDX-License-Identifier: Apache-2.0
//
// Copies, transposes, conversions, comparison, selection and filling.

#include "runtime/kernels/elementwise/Elementwise.h"
#include "test/unit/kernels/KernelTesting.h"

#include <algorithm>
#include <numeric>

namespace bertc::rt::kernels {
namespace {

// y = x with its axes permuted, checked element by element.
template <typename T>
void checkTranspose(DType dtype, std::vector<int64_t> dims,
                    std::vector<int> order) {
  OperandShape in =
      denseShape(dtype, dims.data(), static_cast<int>(dims.size()));
  OperandShape view;
  view.dtype = dtype;
  view.rank = in.rank;
  for (int i = 0; i < in.rank; ++i) {
    view.dims[i] = in.dims[order[static_cast<size_t>(i)]];
    view.strides[i] = in.strides[order[static_cast<size_t>(i)]];
  }
  OperandShape out = denseShape(dtype, view.dims, view.rank);
  std::vector<T> x(static_cast<size_t>(in.elements()));
  std::iota(x.begin(), x.end(), T{});
  std::vector<T> y(x.size() + 1, T{99});
  void *data[] = {y.data(), x.data()};
  unary(UnaryKind::Copy, makeElementwise(out, {view}), data);
  EXPECT_EQ(y.back(), T{99});
  for (int64_t i = 0; i < in.elements(); ++i) {
    int64_t rest = i;
    int64_t offset = 0;
    for (int axis = view.rank - 1; axis >= 0; --axis) {
      offset += rest % view.dims[axis] * view.strides[axis];
      rest /= view.dims[axis];
    }
    ASSERT_EQ(y[static_cast<size_t>(i)], x[static_cast<size_t>(offset)]) << i;
  }
}

TEST(Copy, Transposes) {
  checkTranspose<float>(DType::F32, {3, 17, 4, 8}, {0, 2, 1, 3});
  checkTranspose<float>(DType::F32, {37, 50}, {1, 0});
  checkTranspose<float>(DType::F32, {64, 32}, {1, 0});
  checkTranspose<float>(DType::F32, {2, 19, 33}, {0, 2, 1});
  checkTranspose<float>(DType::F32, {5, 19, 33}, {2, 0, 1});
  checkTranspose<float>(DType::F32, {5, 19, 3, 21}, {3, 1, 0, 2});
  checkTranspose<uint16_t>(DType::BF16, {40, 35}, {1, 0});
  checkTranspose<int64_t>(DType::I64, {20, 3}, {1, 0});
  checkTranspose<uint8_t>(DType::Bool, {9, 11}, {1, 0});
  checkTranspose<float>(DType::F32, {2000}, {0});
}

template <typename Y, typename X>
std::vector<Y> cast(DType to, DType from, std::vector<X> x) {
  std::vector<Y> y(x.size());
  auto n = static_cast<int64_t>(x.size());
  void *data[] = {y.data(), x.data()};
  unary(UnaryKind::Cast,
        makeElementwise(denseShape(to, {n}), {denseShape(from, {n})}), data);
  return y;
}

TEST(Cast, BetweenEveryPairOfKinds) {
  forEachTarget([] {
    auto bf = cast<uint16_t, float>(DType::BF16, DType::F32,
                                    {1.0f, 1.00390625f, 1.01171875f, -2.5f});
    // Ties go to the even neighbour: down to 1, up to 1.015625.
    EXPECT_EQ(bf, (std::vector<uint16_t>{0x3f80, 0x3f80, 0x3f82, 0xc020}));
    EXPECT_EQ((cast<float, uint16_t>(DType::F32, DType::BF16, {0xc020})),
              std::vector<float>{-2.5f});
    auto nan = cast<uint16_t, float>(DType::BF16, DType::F32, {NAN, INFINITY});
    EXPECT_TRUE(std::isnan(bf16ToFloat(nan[0])));
    EXPECT_EQ(bf16ToFloat(nan[1]), INFINITY);
    EXPECT_EQ((cast<int32_t, float>(DType::I32, DType::F32,
                                    {1.9f, -1.9f, 3e9f, -3e9f, NAN})),
              (std::vector<int32_t>{1, -1, INT32_MAX, INT32_MIN, 0}));
    EXPECT_EQ((cast<int64_t, float>(DType::I64, DType::F32, {1e19f, -7.0f})),
              (std::vector<int64_t>{INT64_MAX, -7}));
    EXPECT_EQ((cast<float, int64_t>(DType::F32, DType::I64, {-3, 5})),
              (std::vector<float>{-3, 5}));
    EXPECT_EQ((cast<int64_t, int32_t>(DType::I64, DType::I32, {-3, 5})),
              (std::vector<int64_t>{-3, 5}));
    EXPECT_EQ((cast<uint8_t, float>(DType::Bool, DType::F32, {0, 0.5f, -1})),
              (std::vector<uint8_t>{0, 1, 1}));
    EXPECT_EQ((cast<float, uint8_t>(DType::F32, DType::Bool, {0, 1, 2})),
              (std::vector<float>{0, 1, 1}));
    EXPECT_EQ((cast<uint16_t, int32_t>(DType::BF16, DType::I32, {257})),
              (std::vector<uint16_t>{0x4380}));
  });
}

TEST(Neg, Integers) {
  std::vector<int32_t> x = {5, INT32_MIN, -1};
  std::vector<int32_t> y(3);
  OperandShape s = denseShape(DType::I32, {3});
  void *data[] = {y.data(), x.data()};
  unary(UnaryKind::Neg, makeElementwise(s, {s}), data);
  EXPECT_EQ(y, (std::vector<int32_t>{-5, INT32_MIN, 1}));
}

TEST(Compare, EveryKindOnEveryType) {
  std::vector<float> x = {1, 2, 3, NAN};
  std::vector<float> y = {2, 2, 2, 2};
  std::vector<uint8_t> z(4);
  OperandShape in = denseShape(DType::F32, {4});
  OperandShape out = denseShape(DType::Bool, {4});
  void *data[] = {z.data(), x.data(), y.data()};
  auto run = [&](CompareKind kind) {
    compare(kind, makeElementwise(out, {in, in}), data);
    return z;
  };
  EXPECT_EQ(run(CompareKind::Eq), (std::vector<uint8_t>{0, 1, 0, 0}));
  EXPECT_EQ(run(CompareKind::Ne), (std::vector<uint8_t>{1, 0, 1, 1}));
  EXPECT_EQ(run(CompareKind::Lt), (std::vector<uint8_t>{1, 0, 0, 0}));
  EXPECT_EQ(run(CompareKind::Le), (std::vector<uint8_t>{1, 1, 0, 0}));
  EXPECT_EQ(run(CompareKind::Gt), (std::vector<uint8_t>{0, 0, 1, 0}));
  EXPECT_EQ(run(CompareKind::Ge), (std::vector<uint8_t>{0, 1, 1, 0}));
  std::vector<int32_t> ix = {-1, 4};
  int32_t zero = 0;
  void *integers[] = {z.data(), ix.data(), &zero};
  compare(CompareKind::Gt,
          makeElementwise(
              denseShape(DType::Bool, {2}),
              {denseShape(DType::I32, {2}), denseShape(DType::I32, {})}),
          integers);
  EXPECT_EQ(z[0], 0);
  EXPECT_EQ(z[1], 1);
}

TEST(Select, PicksByCondition) {
  std::vector<uint8_t> condition = {1, 0};
  std::vector<float> x = {1, 2, 3, 4};
  float y = -1;
  std::vector<float> z(4);
  void *data[] = {z.data(), condition.data(), x.data(), &y};
  OperandShape full = denseShape(DType::F32, {2, 2});
  select(makeElementwise(full, {denseShape(DType::Bool, {2, 1}), full,
                                denseShape(DType::F32, {})}),
         data);
  EXPECT_EQ(z, (std::vector<float>{1, 2, -1, -1}));
}

TEST(Fill, EveryType) {
  OperandShape s = denseShape(DType::F32, {3000});
  std::vector<float> y(3001, 5.0f);
  void *data = y.data();
  fill(2.5, makeElementwise(s, {}), &data);
  EXPECT_EQ(y[0], 2.5f);
  EXPECT_EQ(y[2999], 2.5f);
  EXPECT_EQ(y[3000], 5.0f);
  int64_t wide = 0;
  data = &wide;
  fill(-4, makeElementwise(denseShape(DType::I64, {}), {}), &data);
  EXPECT_EQ(wide, -4);
  uint8_t flag = 9;
  data = &flag;
  fill(3, makeElementwise(denseShape(DType::Bool, {}), {}), &data);
  EXPECT_EQ(flag, 1);
  uint16_t half = 0;
  data = &half;
  fill(-2.5, makeElementwise(denseShape(DType::BF16, {}), {}), &data);
  EXPECT_EQ(half, 0xc020);
}

// Large enough for stores past the caches, from an odd address on.
TEST(Fill, LargeZeros) {
  forEachTarget([] {
    const int64_t n = (kStreamBytes / 4) + 5;
    std::vector<float> y(static_cast<size_t>(n) + 2, 3.0f);
    void *data = y.data() + 1;
    fill(0, makeElementwise(denseShape(DType::F32, {n}), {}), &data);
    EXPECT_EQ(y.front(), 3.0f);
    EXPECT_EQ(y.back(), 3.0f);
    EXPECT_EQ(std::count(y.begin(), y.end(), 0.0f), n);
  });
}

TEST(ElementwiseShape, MergesWhatAllOperandsWalkAlike) {
  OperandShape full = denseShape(DType::F32, {2, 3, 4});
  EXPECT_EQ(makeElementwise(full, {full}).rank, 1);
  EXPECT_TRUE(makeElementwise(full, {full}).isFlat());
  ElementwiseShape row =
      makeElementwise(full, {full, denseShape(DType::F32, {4})});
  EXPECT_EQ(row.rank, 2);
  EXPECT_EQ(row.dims[0], 6);
  EXPECT_EQ(row.strides[2][0], 0);
  EXPECT_FALSE(broadcastsTo(denseShape(DType::F32, {2}), full));
  EXPECT_FALSE(broadcastsTo(denseShape(DType::F32, {1, 1, 1, 1}), full));
}

} // namespace
} // namespace bertc::rt::kernels
