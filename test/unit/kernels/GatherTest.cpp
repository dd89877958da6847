// SPDX-License-Identifier: Apache-2.0
//
// Row lookup and its gradient against plain loops.

#include "runtime/kernels/gather/Gather.h"

#include "runtime/kernels/elementwise/Elementwise.h"
#include "test/unit/kernels/KernelTesting.h"

namespace bertc::rt::kernels {
namespace {

std::vector<int32_t> randomIndices(size_t n, int32_t rows) {
  std::mt19937 generator(kSeed);
  std::uniform_int_distribution<int32_t> uniform(0, rows - 1);
  std::vector<int32_t> indices(n);
  for (int32_t &i : indices) {
    i = uniform(generator);
  }
  return indices;
}

TEST(Gather, CopiesRowsOfEachBatchElement) {
  for (DType dtype : {DType::F32, DType::BF16}) {
    GatherShape shape{3, 11, 20, 37};
    Values table = randomValues(dtype, 3 * 11 * 37);
    Values y(dtype, 3 * 20 * 37);
    std::vector<int32_t> indices = randomIndices(60, 11);
    ASSERT_TRUE(gather(shape, y.buffer(), table.buffer(), indices.data()).ok());
    EXPECT_TRUE(y.guardIntact());
    for (size_t i = 0; i < 60; ++i) {
      for (size_t c = 0; c < 37; ++c) {
        size_t row = i / 20 * 11 + static_cast<size_t>(indices[i]);
        ASSERT_EQ(y[i * 37 + c], table[row * 37 + c]);
      }
    }
  }
}

TEST(RowNumbers, CountOnBySequence) {
  const std::vector<int32_t> masked = {4, 0, 2, 1, 1, 3}, first = {0, 4};
  std::vector<Positions> parts = {{masked.data(), 3}, {first.data(), 1}};
  std::vector<int32_t> rows(8, -1);
  ASSERT_TRUE(rowNumbers(parts, 2, 5, rows.data()).ok());
  EXPECT_EQ(rows, (std::vector<int32_t>{4, 0, 2, 6, 6, 8, 0, 9}));
}

TEST(RowNumbers, APositionOutsideItsSequenceIsAnError) {
  for (int32_t position : {-1, 5}) {
    const std::vector<int32_t> first = {0, position};
    std::vector<int32_t> rows(2);
    Status status = rowNumbers({{first.data(), 1}}, 2, 5, rows.data());
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
    EXPECT_EQ(status.message(),
              "position " + std::to_string(position) +
                  " of sequence 1 is outside it, expected 0 to 4");
  }
}

void checkGradient(GatherShape shape, DType dtype) {
  auto count = static_cast<size_t>(shape.batch * shape.indices);
  auto columns = static_cast<size_t>(shape.columns);
  auto tableRows = static_cast<size_t>(shape.tableRows);
  Values dy = randomValues(dtype, count * columns);
  std::vector<int32_t> indices =
      randomIndices(count, static_cast<int32_t>(shape.tableRows));
  std::vector<float> expected(
      static_cast<size_t>(shape.batch) * tableRows * columns, 0.0f);
  for (size_t i = 0; i < count; ++i) {
    size_t b = i / static_cast<size_t>(shape.indices);
    size_t row = b * tableRows + static_cast<size_t>(indices[i]);
    for (size_t c = 0; c < columns; ++c) {
      expected[row * columns + c] += dy[i * columns + c];
    }
  }
  Values dtable(DType::F32, expected.size());
  ASSERT_TRUE(
      gatherGrad(shape, dtable.f32(), dy.buffer(), indices.data()).ok());
  EXPECT_TRUE(dtable.sameBits(Values(DType::F32, expected)));
}

// The order of summation is that of the indices: equal bits.
TEST(GatherGrad, SumsRowsInOrder) {
  checkGradient({1, 7, 500, 130}, DType::F32);
  checkGradient({1, 2, 100, 64}, DType::BF16);
  checkGradient({4, 9, 33, 5}, DType::F32);
  checkGradient({2, 5, 3, 1}, DType::F32);
}

TEST(GatherGrad, SameBitsForAnyNumberOfThreads) {
  expectSameBitsForThreads([] {
    GatherShape shape{1, 3, 2000, 300};
    Values dy = randomValues(DType::F32, 2000 * 300);
    std::vector<int32_t> indices = randomIndices(2000, 3);
    Values dtable(DType::F32, 3 * 300);
    EXPECT_TRUE(
        gatherGrad(shape, dtable.f32(), dy.buffer(), indices.data()).ok());
    return dtable;
  });
}

// Adds rows to `base`, once with the kernel for that and once as a table of
// their own and a sum of two tables: equal bits.
void checkAddToBf16(GatherShape shape, DType dtype) {
  auto count = static_cast<size_t>(shape.batch * shape.indices);
  auto elements =
      static_cast<size_t>(shape.batch * shape.tableRows * shape.columns);
  Values dy = randomValues(dtype, count * static_cast<size_t>(shape.columns));
  std::vector<int32_t> indices =
      randomIndices(count, static_cast<int32_t>(shape.tableRows));
  Values base = randomValues(DType::BF16, elements, -2.0f, 2.0f, 1);
  Values rows(DType::F32, elements), expected(DType::BF16, elements);
  ASSERT_TRUE(gatherGrad(shape, rows.f32(), dy.buffer(), indices.data()).ok());
  Buffer both[] = {base.buffer(), rows.buffer()};
  addN(expected.buffer(), both, 2, static_cast<int64_t>(elements));
  std::vector<std::byte> scratch(gatherGradAddScratch(shape));
  ASSERT_TRUE(gatherGradAddBf16(shape, static_cast<uint16_t *>(base.data()),
                                dy.buffer(), indices.data(), scratch.data())
                  .ok());
  EXPECT_TRUE(base.sameBits(expected));
}

TEST(GatherGradAddBf16, IsTheSumOfTwoTables) {
  forEachTarget([] {
    for (DType dtype : {DType::F32, DType::BF16}) {
      checkAddToBf16({1, 7, 500, 130}, dtype);
      checkAddToBf16({4, 9, 33, 5}, dtype);
      checkAddToBf16({2, 500, 3, 64}, dtype);
      checkAddToBf16({1, 1, 1, 1}, dtype);
    }
  });
}

// Each row alone is half a step of bf16, and 1 + half a step is 1. What no
// index names stays, down to a NaN that arithmetic would quieten.
TEST(GatherGradAddBf16, RoundsOnceAndTouchesNoOtherRow) {
  GatherShape shape{1, 4, 5, 1};
  Values dy(DType::BF16, std::vector<float>(5, 0.00390625f));
  const int32_t indices[] = {2, 0, 2, 3, 2};
  std::vector<uint16_t> table = {0x3f80, 0x7f81, 0x3f80, 0x8000};
  std::vector<std::byte> scratch(gatherGradAddScratch(shape));
  ASSERT_TRUE(gatherGradAddBf16(shape, table.data(), dy.buffer(), indices,
                                scratch.data())
                  .ok());
  EXPECT_EQ(table, (std::vector<uint16_t>{0x3f80, 0x7f81, 0x3f82, 0x3b80}));
}

TEST(GatherGradAddBf16, SameBitsForAnyNumberOfThreads) {
  expectSameBitsForThreads([] {
    GatherShape shape{1, 3, 2000, 300};
    Values dy = randomValues(DType::BF16, 2000 * 300);
    std::vector<int32_t> indices = randomIndices(2000, 3);
    Values dtable = randomValues(DType::BF16, 3 * 300, -2.0f, 2.0f, 1);
    std::vector<std::byte> scratch(gatherGradAddScratch(shape));
    EXPECT_TRUE(gatherGradAddBf16(shape, static_cast<uint16_t *>(dtable.data()),
                                  dy.buffer(), indices.data(), scratch.data())
                    .ok());
    return dtable;
  });
}

TEST(GatherGradAddBf16, RefusesIndicesOutsideTheTable) {
  GatherShape shape{1, 4, 3, 1};
  Values dy(DType::BF16, std::vector<float>(3, 1.0f));
  std::vector<uint16_t> table(4, 0x3f80);
  std::vector<std::byte> scratch(gatherGradAddScratch(shape));
  for (int32_t bad : {4, -1}) {
    const int32_t indices[] = {0, 3, bad};
    EXPECT_EQ(gatherGradAddBf16(shape, table.data(), dy.buffer(), indices,
                                scratch.data())
                  .code(),
              StatusCode::InvalidArgument);
  }
  EXPECT_EQ(table, std::vector<uint16_t>(4, 0x3f80));
}

TEST(Gather, RefusesIndicesOutsideTheTable) {
  GatherShape shape{1, 4, 3, 2};
  Values table = randomValues(DType::F32, 8);
  Values y(DType::F32, std::vector<float>(6, 1.0f));
  for (int32_t bad : {4, -1}) {
    int32_t indices[] = {0, 3, bad};
    Status status = gather(shape, y.buffer(), table.buffer(), indices);
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
    EXPECT_EQ(status.message(), "index " + std::to_string(bad) +
                                    " at position 2 is outside the table of "
                                    "4 rows");
    EXPECT_FALSE(gatherGrad(shape, table.f32(), y.buffer(), indices).ok());
  }
  EXPECT_EQ(y[0], 1.0f);
}

} // namespace
} // namespace bertc::rt::kernels
