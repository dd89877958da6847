// SPDX-License-Identifier: Apache-2.0

#include "runtime/onednn/MatmulGeometry.h"

#include <gmock/gmock.h>
#include <numeric>

namespace bertc::rt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TensorRef make(Shape dims, Shape strides = {}) {
  TensorRef t;
  t.present = true;
  t.rank = static_cast<int>(dims.size());
  int64_t dense = 1;
  for (int i = t.rank - 1; i >= 0; --i) {
    auto at = static_cast<size_t>(i);
    t.dims[i] = dims[at];
    t.strides[i] = strides.empty() ? dense : strides[at];
    dense *= dims[at];
  }
  return t;
}

TEST(MatmulGeometry, foldsABatchOverOneMatrixIntoRows) {
  auto g = matmulGeometry(make({2, 3, 4, 8}), make({8, 5}), make({2, 3, 4, 5}),
                          TensorRef());
  ASSERT_TRUE(g.ok());
  EXPECT_THAT(g->batch, IsEmpty());
  EXPECT_EQ(g->m, 24);
  EXPECT_EQ(g->k, 8);
  EXPECT_EQ(g->n, 5);
}

TEST(MatmulGeometry, keepsABatchWhoseRowsAreNotOnePitchApart) {
  auto g = matmulGeometry(make({2, 4, 8}, {100, 8, 1}), make({8, 5}),
                          make({2, 4, 5}), TensorRef());
  ASSERT_TRUE(g.ok());
  EXPECT_THAT(g->batch, ElementsAre(2));
  EXPECT_THAT(g->b.batch, ElementsAre(0));
}

TEST(MatmulGeometry, mergesDenseBatchAxes) {
  auto g = matmulGeometry(make({2, 3, 4, 8}), make({2, 3, 8, 5}),
                          make({2, 3, 4, 5}), TensorRef());
  ASSERT_TRUE(g.ok());
  EXPECT_THAT(g->batch, ElementsAre(6));
}

TEST(MatmulGeometry, keepsHeadsOfOneBufferApart) {
  // q and k as [B,A,S,D] views of [B*S,H], scores dense.
  auto g = matmulGeometry(make({2, 3, 4, 8}, {96, 8, 24, 1}),
                          make({2, 3, 8, 4}, {96, 8, 1, 24}),
                          make({2, 3, 4, 4}), TensorRef());
  ASSERT_TRUE(g.ok());
  EXPECT_THAT(g->batch, ElementsAre(2, 3));
}

TEST(MatmulGeometry, aResidualOfOtherStridesKeepsTheBatch) {
  auto g = matmulGeometry(make({2, 4, 8}), make({8, 5}), make({2, 4, 5}),
                          make({2, 4, 5}, {40, 5, 1}));
  ASSERT_TRUE(g.ok());
  EXPECT_THAT(g->batch, ElementsAre(2));
}

TEST(MatmulGeometry, transposesTheWholeProblem) {
  auto g = matmulGeometry(make({3, 4}), make({4, 5}), make({3, 5}, {1, 3}),
                          TensorRef());
  MatmulGeometry t = transposed(*g);
  EXPECT_EQ(t.m, 5);
  EXPECT_EQ(t.n, 3);
  EXPECT_EQ(t.c.col, 1);
  EXPECT_EQ(t.a.row, 1);
}

TEST(MatmulGeometry, refusesShapesThatDoNotFit) {
  TensorRef none;
  auto fails = [&](TensorRef a, TensorRef b, TensorRef c) {
    auto g = matmulGeometry(a, b, c, none);
    return g.ok() ? std::string() : g.status().message();
  };
  EXPECT_THAT(fails(make({4}), make({4, 5}), make({3, 5})),
              HasSubstr("expected matrices"));
  EXPECT_THAT(fails(make({3, 4}), make({5, 5}), make({3, 5})),
              HasSubstr("expected [M,K], [K,N] and [M,N]"));
  EXPECT_THAT(fails(make({3, 4}), make({4, 5}), make({3, 6})),
              HasSubstr("expected [M,K], [K,N] and [M,N]"));
  EXPECT_THAT(fails(make({2, 3, 4}), make({3, 4, 5}), make({2, 3, 5})),
              HasSubstr("batch axis 0 is 2 in a, 3 in b and 2 in c"));
  EXPECT_THAT(fails(make({2, 3, 4}), make({2, 4, 5}), make({4, 3, 5})),
              HasSubstr("batch axis 0 is 2 in a, 2 in b and 4 in c"));
  EXPECT_THAT(fails(make({2, 3, 4}), make({4, 5}), make({3, 5})),
              HasSubstr("c of the larger rank"));
}

TEST(MatmulGeometry, copiesBetweenStrides) {
  std::vector<float> from(24);
  std::iota(from.begin(), from.end(), 0.0f);
  MatrixStrides source{{12}, 1, 4}; // two matrices [4,3], column-major
  MatrixStrides dense = denseStrides({2}, 4, 3, source);
  std::vector<float> to(static_cast<size_t>(denseElements({2}, 4, 3, source)));
  copyMatrix({2}, 4, 3, 4, source, from.data(), dense, to.data());
  EXPECT_EQ(to[1], 4);
  EXPECT_EQ(to[3], 1);
  EXPECT_EQ(to[12], 12);
}

} // namespace
} // namespace bertc::rt
