// SPDX-License-Identifier: Apache-2.0
//
// Gathers and scatters, with indices out of range, cumulative sums and topk.
#include "test/unit/synapse-stand-in/ops/OpTesting.h"

#include <algorithm>

namespace bertc::standin::testing {
namespace {

using rt::syn::CumsumParams;
using rt::syn::EmbeddingDenseBwdParams;
using rt::syn::GatherParams;
using rt::syn::GatherParamsV2;
using rt::syn::OneHotParams;
using rt::syn::SegmentSumParams;

TEST(IndexTest, GatherPutsTheIndexInTheAxisPlace) {
  for (const Suffix &type : FloatSuffixes) {
    for (int axis = 0; axis < 3; ++axis) {
      Shape shape = {5, 6, 4};
      Tensor data = Tensor::random(type.dtype, shape);
      Tensor index = Tensor::random(I32, {3, 2}, 0, shape[axis] - 1.0);
      Shape out = {3, 2};
      out.insert(out.begin(), shape.begin(), shape.begin() + axis);
      out.insert(out.end(), shape.begin() + axis + 1, shape.end());
      Tensor y = Node(std::string("gather_fwd_") + type.text, {data, index},
                      {Tensor(type.dtype, out)}, GatherParams{axis})
                     .run()[0];
      for (uint64_t at = 0; at < y.count(); ++at) {
        std::vector<uint64_t> to = coordinates(out, at);
        uint64_t row = index[to[axis] + 3 * to[axis + 1]];
        std::vector<uint64_t> from = to;
        from.erase(from.begin() + axis, from.begin() + axis + 2);
        from.insert(from.begin() + axis, row);
        ASSERT_EQ(y[at], data[elementAt(shape, from)]);
      }
    }
  }
}

TEST(IndexTest, GatherWithinBatches) {
  Tensor data = Tensor::random(F32, {5, 6, 4});
  Tensor index = Tensor::random(I32, {3, 4}, 0, 5);
  Tensor y = Node("gather_fwd_f32", {data, index}, {Tensor(F32, {5, 3, 4})},
                  GatherParamsV2{1, 1})
                 .run()[0];
  for (uint64_t b = 0; b < 4; ++b) {
    for (uint64_t p = 0; p < 3; ++p) {
      for (uint64_t d = 0; d < 5; ++d) {
        EXPECT_EQ(y[d + 5 * (p + 3 * b)],
                  data[d + 5 * (uint64_t(index[p + 3 * b]) + 6 * b)]);
      }
    }
  }
}

TEST(IndexTest, GatherReadsZeroOutOfRange) {
  Tensor data = Tensor::random(F32, {2, 3}, 1, 2);
  Tensor index = Tensor::of(I32, {3}, {-1, 2, 3});
  Tensor y = Node("gather_fwd_f32", {data, index}, {Tensor(F32, {2, 3})},
                  GatherParams{1})
                 .run()[0];
  EXPECT_EQ(y.values(), (std::vector<double>{0, 0, data[4], data[5], 0, 0}));
}

TEST(IndexTest, GatherElements) {
  Tensor data = Tensor::random(I32, {4, 3}, -50, 50);
  Tensor index = Tensor::random(I32, {4, 5}, -1, 3);
  Tensor y = Node("gather_elements_fwd_i32", {data, index},
                  {Tensor(I32, {4, 5})}, GatherParams{1})
                 .run()[0];
  for (uint64_t at = 0; at < y.count(); ++at) {
    int row = int(index[at]);
    EXPECT_EQ(y[at], row < 0 || row > 2 ? 0 : data[at % 4 + 4 * row]);
  }
}

TEST(IndexTest, OneHotOnEitherSide) {
  Tensor index = Tensor::of(I32, {4}, {2, 0, 5, -1});
  Tensor rows = Node("one_hot_fwd_f32", {index}, {Tensor(F32, {3, 4})},
                     OneHotParams{0, 3, 7, -1})
                    .run()[0];
  Tensor columns = Node("one_hot_fwd_f32", {index}, {Tensor(F32, {4, 3})},
                        OneHotParams{1, 3, 7, -1})
                       .run()[0];
  for (uint64_t i = 0; i < 4; ++i) {
    for (uint64_t depth = 0; depth < 3; ++depth) {
      double expected = index[i] == double(depth) ? 7 : -1;
      EXPECT_EQ(rows[depth + 3 * i], expected);
      EXPECT_EQ(columns[i + 4 * depth], expected);
    }
  }
}

std::vector<double> scattered(const Tensor &data, const Tensor &index,
                              const Tensor &updates, size_t axis) {
  std::vector<double> y = data.values();
  for (uint64_t at = 0; at < updates.count(); ++at) {
    std::vector<uint64_t> to = coordinates(updates.shape(), at);
    if (index[at] >= 0 && index[at] < double(data.shape()[axis])) {
      to[axis] = uint64_t(index[at]);
      y[elementAt(data.shape(), to)] += updates[at];
    }
  }
  return y;
}

TEST(IndexTest, UnsortedScatterAddAlongEachDimension) {
  Shape shape = {70, 6, 2};
  for (int axis = 0; axis < 3; ++axis) {
    Shape piece = shape;
    piece[axis] = 9;
    Tensor data = Tensor::random(F32, shape);
    Tensor updates = Tensor::random(F32, piece);
    Tensor index = Tensor::random(I32, piece, -1, double(shape[axis]));
    Node node("unsorted_scatter_add_fwd_f32", {data, index, updates},
              {Tensor(F32, shape)}, GatherParams{axis});
    expectNear(node.run()[0], scattered(data, index, updates, axis), 1e-5);
    EXPECT_EQ(node.check(synDeviceGaudi),
              "unsorted_scatter_add_fwd_f32: not on this device, needs Gaudi2");
  }
}

TEST(IndexTest, ScatterAddOfSortedIndices) {
  for (const Suffix &type : FloatSuffixes) {
    Tensor data = Tensor::random(type.dtype, {3, 5});
    Tensor updates = Tensor::random(type.dtype, {3, 4});
    std::vector<double> rows = {0, 0, 0, 1, 1, 1, 1, 1, 1, 4, 4, 4};
    Tensor index = Tensor::of(I32, {3, 4}, rows);
    Node node(std::string("scatter_add_fwd_") + type.text,
              {data, index, updates}, {Tensor(type.dtype, {3, 5})},
              GatherParams{1});
    expectNear(node.run()[0], scattered(data, index, updates, 1),
               tolerance(type.dtype));
    EXPECT_EQ(node.check(synDeviceGaudi), "");
  }
}

TEST(IndexTest, ScatterAddDropsWhatIsOutOfOrder) {
  Tensor data = Tensor::of(F32, {3}, {0, 0, 0});
  Tensor updates = Tensor::of(F32, {4}, {1, 2, 4, 8});
  Tensor index = Tensor::of(I32, {4}, {0, 2, 1, 2});
  EXPECT_EQ(Node("scatter_add_fwd_f32", {data, index, updates},
                 {Tensor(F32, {3})}, GatherParams{0})
                .run()[0]
                .values(),
            (std::vector<double>{1, 0, 10}));
}

TEST(IndexTest, UnsortedSegmentSum) {
  Tensor data = Tensor::random(F32, {140, 2, 9});
  Tensor ids = Tensor::random(I32, {9}, -1, 4);
  Tensor y = Node("unsorted_segment_sum_fwd_f32", {data, ids},
                  {Tensor(F32, {140, 2, 4})}, SegmentSumParams{4})
                 .run()[0];
  std::vector<double> expected(y.count());
  for (uint64_t at = 0; at < data.count(); ++at) {
    double id = ids[at / 280];
    if (id >= 0 && id < 4) {
      expected[at % 280 + 280 * uint64_t(id)] += data[at];
    }
  }
  expectNear(y, expected, 1e-5);
}

TEST(IndexTest, GradientOfAnEmbedding) {
  for (const Suffix &type : FloatSuffixes) {
    for (bool byFrequency : {false, true}) {
      Tensor dy = Tensor::random(type.dtype, {200, 3, 4});
      Tensor index = Tensor::random(I32, {3, 4}, -1, 5);
      Tensor dw = Node(std::string("embedding_dense_pt_bwd_") + type.text,
                       {dy, index}, {Tensor(type.dtype, {200, 5})},
                       EmbeddingDenseBwdParams{5, 2, byFrequency})
                      .run()[0];
      std::vector<double> expected(dw.count());
      for (uint64_t at = 0; at < dy.count(); ++at) {
        double row = index[at / 200];
        auto all = index.values();
        double uses = byFrequency ? std::count(all.begin(), all.end(), row) : 1;
        if (row >= 0 && row < 5 && row != 2) {
          expected[at % 200 + 200 * uint64_t(row)] += dy[at] / uses;
        }
      }
      expectNear(dw, expected, tolerance(type.dtype));
    }
  }
}

TEST(IndexTest, CumulativeSums) {
  Tensor x = Tensor::of(F32, {3, 2}, {1, 2, 4, 10, 20, 40});
  auto run = [&](CumsumParams params) {
    return Node("cumsum_fwd_f32", {x}, {Tensor(F32, {3, 2})}, params)
        .run()[0]
        .values();
  };
  using Values = std::vector<double>;
  EXPECT_EQ(run({0, 0, 0}), (Values{1, 3, 7, 10, 30, 70}));
  EXPECT_EQ(run({0, 1, 0}), (Values{0, 1, 3, 0, 10, 30}));
  EXPECT_EQ(run({0, 0, 1}), (Values{7, 6, 4, 70, 60, 40}));
  EXPECT_EQ(run({0, 1, 1}), (Values{6, 4, 0, 60, 40, 0}));
  EXPECT_EQ(run({1, 0, 0}), (Values{1, 2, 4, 11, 22, 44}));
  Tensor whole = Tensor::of(I32, {2}, {16777216, 1});
  EXPECT_EQ(
      Node("cumsum_fwd_i32", {whole}, {Tensor(I32, {2})}, CumsumParams{0, 0, 0})
          .run()[0]
          .values(),
      (Values{16777216, 16777217}));
}

struct TopK {
  uint32_t count, axis;
  bool smallest;
};

TEST(IndexTest, TopKInOrder) {
  Tensor x = Tensor::of(F32, {5}, {3, 9, 1, 9, 4});
  auto run = [&](TopK params) {
    return Node("topk", {x}, {Tensor(F32, {3}), Tensor(I32, {3})}, params)
        .run();
  };
  using Values = std::vector<double>;
  EXPECT_EQ(run({3, 0, false})[0].values(), (Values{9, 9, 4}));
  EXPECT_EQ(run({3, 0, false})[1].values(), (Values{1, 3, 4}));
  EXPECT_EQ(run({3, 0, true})[0].values(), (Values{1, 3, 4}));
  EXPECT_EQ(run({3, 0, true})[1].values(), (Values{2, 0, 4}));
}

TEST(IndexTest, WrongNodesAreRefused) {
  Tensor data(F32, {4, 3}), index(I32, {2}), y(F32, {4, 2});
  Tensor wide(I32, {4, 2});
  expectRefused({
      {{"gather_fwd_f32", {data, index}, {y}},
       "gather_fwd_f32: has 0 bytes of parameters, expected 4 or 8"},
      {{"gather_fwd_f32", {data, index}, {y}, GatherParams{2}},
       "gather_fwd_f32: axis is 2, expected 0 to 1"},
      {{"gather_fwd_f32", {data, index}, {data}, GatherParams{1}},
       "gather_fwd_f32: y has shape [4,3], expected [4,2]"},
      {{"gather_fwd_f32", {data, data}, {y}, GatherParams{1}},
       "gather_fwd_f32: index is f32, expected i32"},
      {{"gather_fwd_f32", {data, index}, {y}, GatherParamsV2{0, 2}},
       "gather_fwd_f32: batchDims is 2, expected 0 to 1"},
      {{"gather_fwd_f32", {data, index}, {y}, GatherParamsV2{0, 1}},
       "gather_fwd_f32: index has 2 batches, expected 3 like data"},
      {{"gather_fwd_i32", {wide, index}, {wide}, GatherParams{1}},
       "gather_fwd_i32: no such kernel"},
      {{"gather_elements_fwd_f32", {data, index}, {y}, GatherParams{1}},
       "gather_elements_fwd_f32: index has rank 1, expected 2"},
      {{"gather_elements_fwd_f32", {data, wide}, {data}, GatherParams{1}},
       "gather_elements_fwd_f32: y has shape [4,3], expected [4,2]"},
      {{"one_hot_fwd_f32", {index}, {y}, OneHotParams{0, 0, 1, 0}},
       "one_hot_fwd_f32: depth is 0, expected at least 1"},
      {{"one_hot_fwd_f32", {index}, {y}, OneHotParams{0, 5, 1, 0}},
       "one_hot_fwd_f32: y has shape [4,2], expected [5,2]"},
      {{"unsorted_scatter_add_fwd_f32",
        {data, index, y},
        {data},
        GatherParams{1}},
       "unsorted_scatter_add_fwd_f32: index has shape [2], expected [4,2]"},
      {{"scatter_add_fwd_f32", {data, wide, y}, {y}, GatherParams{1}},
       "scatter_add_fwd_f32: y has shape [4,2], expected [4,3]"},
      {{"unsorted_segment_sum_fwd_f32",
        {data, index},
        {y},
        SegmentSumParams{2}},
       "unsorted_segment_sum_fwd_f32: ids has shape [2], expected [3]"},
      {{"unsorted_segment_sum_fwd_f32",
        {data, index},
        {y},
        SegmentSumParams{0}},
       "unsorted_segment_sum_fwd_f32: numSegments is 0, expected at least 1"},
      {{"embedding_dense_pt_bwd_f32",
        {y, index},
        {data},
        EmbeddingDenseBwdParams{0, -1, false}},
       "embedding_dense_pt_bwd_f32: num_weights is 0, expected at least 1"},
      {{"embedding_dense_pt_bwd_f32",
        {data, index},
        {data},
        EmbeddingDenseBwdParams{3, -1, false}},
       "embedding_dense_pt_bwd_f32: dy has shape [4,3], expected [4,2]"},
      {{"cumsum_fwd_f32", {data}, {data}, CumsumParams{2, 0, 0}},
       "cumsum_fwd_f32: axis is 2, expected 0 to 1"},
      {{"topk", {data}, {y, wide}, TopK{4, 1, false}},
       "topk: k is 4, expected 1 to 3"},
      {{"topk", {data}, {y, y}, TopK{2, 1, false}},
       "topk: index is f32, expected i32"},
  });
}

} // namespace
} // namespace bertc::standin::testing
