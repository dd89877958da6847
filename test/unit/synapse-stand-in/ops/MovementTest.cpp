// SPDX-License-Identifier: Apache-2.0
//
// Nodes that only move data: each element is looked up by its coordinates.
#include "test/unit/synapse-stand-in/ops/OpTesting.h"

#include <cstring>

namespace bertc::standin::testing {
namespace {

using rt::syn::synAxisParams;
using rt::syn::synSliceParamsV2;
using rt::syn::synStridedOpParams;
using rt::syn::synTransposeParams;
using rt::syn::synTransposeParamsNDims;

Tensor random(Shape shape) { return Tensor::random(F32, std::move(shape)); }

synTransposeParams permuted(const Shape &order) {
  synTransposeParams params{};
  params.tensorDim = static_cast<uint32_t>(order.size());
  std::copy(order.begin(), order.end(), params.permutation);
  return params;
}

TEST(MovementTest, TransposeOfEveryElementSize) {
  Shape shape = {4, 3, 5, 2}, order = {2, 0, 3, 1};
  for (const Suffix &type : AllSuffixes) {
    Tensor x = Tensor::random(type.dtype, shape, -100, 100);
    Tensor y = Node("transpose", {x}, {Tensor(type.dtype, {5, 4, 2, 3})},
                    permuted(order))
                   .run()[0];
    for (uint64_t at = 0; at < y.count(); ++at) {
      std::vector<uint64_t> to = coordinates(y.shape(), at), from(4);
      for (size_t d = 0; d < 4; ++d) {
        from[order[d]] = to[d];
      }
      ASSERT_EQ(y[at], x[elementAt(shape, from)]);
    }
  }
}

TEST(MovementTest, TransposeOfManyDimensions) {
  Tensor x = random({2, 3, 1, 2, 2, 3});
  synTransposeParamsNDims params{};
  params.tensorDim = 6;
  for (uint32_t d = 0; d < 6; ++d) {
    params.permutation[d] = 5 - d;
  }
  Tensor y = Node("transpose", {x}, {Tensor(F32, {3, 2, 2, 1, 3, 2})}, params)
                 .run()[0];
  for (uint64_t at = 0; at < y.count(); ++at) {
    std::vector<uint64_t> to = coordinates(y.shape(), at);
    ASSERT_EQ(y[at], x[elementAt(x.shape(), {to.rbegin(), to.rend()})]);
  }
}

TEST(MovementTest, ALargeTransposeOfHeads) {
  Tensor x = random({64, 4, 100, 3});
  Tensor y = Node("transpose", {x}, {Tensor(F32, {64, 100, 4, 3})},
                  permuted({0, 2, 1, 3}))
                 .run()[0];
  for (uint64_t at = 0; at < y.count(); ++at) {
    std::vector<uint64_t> to = coordinates(y.shape(), at);
    ASSERT_EQ(y[at], x[elementAt(x.shape(), {to[0], to[2], to[1], to[3]})]);
  }
}

TEST(MovementTest, Broadcast) {
  Tensor x = random({1, 3, 1});
  Tensor y = Node("broadcast", {x}, {Tensor(F32, {4, 3, 2, 5})}).run()[0];
  for (uint64_t at = 0; at < y.count(); ++at) {
    ASSERT_EQ(y[at], x[at / 4 % 3]);
  }
}

TEST(MovementTest, NodesThatKeepTheOrder) {
  Tensor x = random({4, 1, 6});
  auto run = [&](const char *guid, Shape shape, auto... params) {
    return Node(guid, {x}, {Tensor(F32, std::move(shape))}, params...)
        .run()[0]
        .values();
  };
  EXPECT_EQ(run("reshape", {3, 8}), x.values());
  EXPECT_EQ(run("identity", {4, 1, 6}), x.values());
  EXPECT_EQ(run("memcpy", {4, 1, 6}), x.values());
  EXPECT_EQ(run("expand_dims", {4, 1, 1, 6}, synAxisParams{1}), x.values());
  EXPECT_EQ(run("expand_dims", {4, 1, 6, 1}, synAxisParams{3}), x.values());
  EXPECT_EQ(run("squeeze", {4, 6}, synAxisParams{1}), x.values());
  EXPECT_EQ(run("squeeze", {4, 6}), x.values());
  EXPECT_EQ(run("flatten", {4, 6}, synAxisParams{0}), x.values());
}

TEST(MovementTest, ReinterpretCastKeepsBytes) {
  Tensor x = random({4, 3});
  Tensor y = Node("reinterpret_cast", {x}, {Tensor(I8, {16, 3})}).run()[0];
  EXPECT_EQ(std::memcmp(x.op().data, y.op().data, 48), 0);
}

TEST(MovementTest, ConcatAndSplitAlongEachDimension) {
  for (unsigned axis = 0; axis < 3; ++axis) {
    Shape whole = {6, 6, 6}, first = whole, second = whole;
    first[axis] = 2;
    second[axis] = 4;
    Tensor a = random(first), b = random(second);
    Tensor y = Node("concat", {a, b}, {Tensor(F32, whole)}, synAxisParams{axis})
                   .run()[0];
    for (uint64_t at = 0; at < y.count(); ++at) {
      std::vector<uint64_t> to = coordinates(whole, at);
      bool isFirst = to[axis] < 2;
      to[axis] -= isFirst ? 0 : 2;
      ASSERT_EQ(y[at],
                isFirst ? a[elementAt(first, to)] : b[elementAt(second, to)]);
    }
    auto parts = Node("split", {y}, {Tensor(F32, first), Tensor(F32, second)},
                      synAxisParams{axis})
                     .run();
    EXPECT_EQ(parts[0].values(), a.values());
    EXPECT_EQ(parts[1].values(), b.values());
  }
}

synSliceParamsV2 sliced() {
  synSliceParamsV2 params{};
  // Dimension 1 from 1 to 6 by 2; dimension 0 from 2 to 4. The rest is unsaid.
  params.axes[0] = 1;
  params.starts[0] = 1;
  params.ends[0] = 6;
  params.steps[0] = 2;
  params.starts[1] = 2;
  params.ends[1] = 4;
  params.steps[1] = 1;
  return params;
}

TEST(MovementTest, SliceItsInsertionAndItsGradient) {
  Shape shape = {5, 7, 2}, piece = {2, 3, 2};
  Tensor x = random(shape), other = random(piece);
  Tensor y = Node("slice", {x}, {Tensor(F32, piece)}, sliced()).run()[0];
  Tensor inserted =
      Node("slice_insert", {x, other}, {Tensor(F32, shape)}, sliced()).run()[0];
  Tensor dx =
      Node("strided_slice_grad", {other}, {Tensor(F32, shape)}, sliced())
          .run()[0];
  for (uint64_t at = 0; at < x.count(); ++at) {
    std::vector<uint64_t> from = coordinates(shape, at);
    bool isIn = from[0] >= 2 && from[0] < 4 && from[1] % 2 == 1 && from[1] < 6;
    if (isIn) {
      uint64_t own =
          elementAt(piece, {from[0] - 2, (from[1] - 1) / 2, from[2]});
      EXPECT_EQ(y[own], x[at]);
      EXPECT_EQ(inserted[at], other[own]);
      EXPECT_EQ(dx[at], other[own]);
    } else {
      EXPECT_EQ(inserted[at], x[at]);
      EXPECT_EQ(dx[at], 0);
    }
  }
}

TEST(MovementTest, StridedViewAndInsert) {
  Tensor x = random({6, 4}), piece = random({2, 3});
  synStridedOpParams params{};
  params.baseOffset = 1;
  params.strides[0] = 6;
  params.strides[1] = 2;
  Tensor y = Node("strided_view", {x}, {Tensor(F32, {2, 3})}, params).run()[0];
  Tensor inserted =
      Node("strided_insert", {x, piece}, {Tensor(F32, {6, 4})}, params)
          .run()[0];
  std::vector<double> expected = x.values();
  for (uint64_t i = 0; i < 2; ++i) {
    for (uint64_t j = 0; j < 3; ++j) {
      EXPECT_EQ(y[j * 2 + i], x[1 + i * 6 + j * 2]);
      expected[1 + i * 6 + j * 2] = piece[j * 2 + i];
    }
  }
  EXPECT_EQ(inserted.values(), expected);
}

struct Repeats {
  int32_t times[4];
};

TEST(MovementTest, Tile) {
  Tensor x = random({3, 2});
  Tensor y =
      Node("tile_fwd_f32", {x}, {Tensor(F32, {6, 6})}, Repeats{{2, 3, 1, 1}})
          .run()[0];
  for (uint64_t at = 0; at < y.count(); ++at) {
    EXPECT_EQ(y[at], x[at % 6 % 3 + at / 6 % 2 * 3]);
  }
}

TEST(MovementTest, WrongNodesAreRefused) {
  Tensor x(F32, {4, 3}), y(F32, {3, 4});
  synSliceParamsV2 slice{}, beyond{}, still{};
  slice.axes[0] = 2;
  slice.ends[0] = slice.steps[0] = 1;
  beyond.starts[0] = 2;
  beyond.ends[0] = 5;
  beyond.steps[0] = 1;
  still.ends[0] = 4;
  synStridedOpParams view{};
  view.strides[0] = 4;
  expectRefused({
      {{"transpose", {x}, {y}},
       "transpose: has 0 bytes of parameters, expected 24 or 104"},
      {{"transpose", {x}, {y}, permuted({1, 0, 2})},
       "transpose: the permutation has 3 dimensions, expected 2"},
      {{"transpose", {x}, {y}, permuted({1, 1})},
       "transpose: [1,1] is no permutation"},
      {{"transpose", {x}, {x}, permuted({1, 0})},
       "transpose: y has shape [4,3], expected [3,4]"},
      {{"broadcast", {x}, {y}},
       "broadcast: x has size 4 in dimension 0, expected 3 or 1"},
      {{"broadcast", {x}, {Tensor(F32, {4})}},
       "broadcast: x has rank 2, expected at most that of y, 1"},
      {{"reshape", {x}, {Tensor(F32, {11})}},
       "reshape: y has 11 elements, expected 12"},
      {{"reshape", {x}, {Tensor(I32, {12})}},
       "reshape: y is i32, expected f32 like x"},
      {{"identity", {x}, {y}}, "identity: y has shape [3,4], expected [4,3]"},
      {{"expand_dims", {x}, {Tensor(F32, {4, 3, 1})}, synAxisParams{3}},
       "expand_dims: axis is 3, expected 0 to 2"},
      {{"squeeze", {x}, {Tensor(F32, {3})}, synAxisParams{0}},
       "squeeze: dimension 0 has size 4, expected 1"},
      {{"flatten", {x}, {x}, synAxisParams{1}},
       "flatten: axis is 1, expected 0 to 0"},
      {{"reinterpret_cast", {Tensor(I8, {6, 2})}, {Tensor(F32, {1, 2})}},
       "reinterpret_cast: a line of x has 6 bytes, which are no whole "
       "elements of f32"},
      {{"concat", {x, x}, {Tensor(F32, {8, 4})}, synAxisParams{0}},
       "concat: input 0 has shape [4,3], expected [4,4]"},
      {{"concat", {x, x}, {Tensor(F32, {7, 3})}, synAxisParams{0}},
       "concat: the parts have 8 elements along dimension 0, expected 7"},
      {{"concat", {x, x}, {x, x}, synAxisParams{0}},
       "concat: has 2 outputs, expected 1"},
      {{"concat", {}, {x}, synAxisParams{0}},
       "concat: has 0 inputs, expected 1"},
      {{"split", {x, x}, {x}, synAxisParams{0}},
       "split: has 2 inputs, expected 1"},
      {{"split", {x}, {x, Tensor(BF16, {1, 3})}, synAxisParams{0}},
       "split: output 1 is bf16, expected f32 like input 0"},
      {{"slice", {x}, {x}}, "slice: has 0 bytes of parameters, expected 704"},
      {{"slice", {x}, {x}, slice},
       "slice: slice entry 0 is for axis 2, expected 0 to 1"},
      {{"slice", {x}, {x}, beyond},
       "slice: slice entry 0 is from 2 to 5, expected a range within 4"},
      {{"slice", {x}, {x}, still}, "slice: slice entry 0 has step 0"},
      {{"strided_view", {x}, {Tensor(F32, {4})}, view},
       "strided_view: the view reaches element 12, x has 12"},
      {{"tile_fwd_f32", {x}, {x}},
       "tile_fwd_f32: has 0 bytes of parameters, expected 16 or 20"},
      {{"tile_fwd_f32", {x}, {x}, Repeats{{1, 0, 1, 1}}},
       "tile_fwd_f32: dimension 1 is repeated 0 times, expected at least 1"},
  });
}

} // namespace
} // namespace bertc::standin::testing
