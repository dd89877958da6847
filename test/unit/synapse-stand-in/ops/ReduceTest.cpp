// SPDX-License-Identifier: Apache-2.0
//
// Reductions against sums over coordinates.
#include "test/unit/synapse-stand-in/ops/OpTesting.h"

#include <cmath>

namespace bertc::standin::testing {
namespace {

using rt::syn::ReduceMultiDimParams;
using rt::syn::ReduceParams;

const char *const Kinds[] = {"sum", "mean", "sum_square", "max"};

/// x reduced over the dimensions of the mask, in the order of the kept ones.
std::vector<double> reduced(const std::string &kind, const Tensor &x,
                            uint32_t mask) {
  Shape kept;
  for (size_t d = 0; d < x.shape().size(); ++d) {
    kept.push_back(mask >> d & 1 ? 1 : x.shape()[d]);
  }
  bool isMax = kind == "max";
  std::vector<double> result(elementCount(kept), isMax ? -1e30 : 0.0);
  for (uint64_t at = 0; at < x.count(); ++at) {
    double &to = result[elementAt(kept, coordinates(x.shape(), at))];
    to = isMax ? std::max(to, x[at])
               : to + (kind == "sum_square" ? x[at] * x[at] : x[at]);
  }
  if (kind == "mean") {
    for (double &value : result) {
      value *= double(result.size()) / double(x.count());
    }
  }
  return result;
}

TEST(ReduceTest, AlongEachDimension) {
  Shape shape = {33, 1, 5, 7};
  for (const char *kind : Kinds) {
    for (uint32_t axis = 0; axis < shape.size(); ++axis) {
      for (const Suffix &type : FloatSuffixes) {
        Tensor x = Tensor::random(type.dtype, shape, -2, 2);
        Shape result = shape;
        result[axis] = 1;
        std::vector<Tensor> out = {Tensor(type.dtype, result)};
        if (kind == std::string("max")) {
          out.push_back(Tensor(I32, result));
        }
        Node node(std::string("reduce_") + kind + "_fwd_" + type.text, {x}, out,
                  ReduceParams{axis});
        expectNear(node.run()[0], reduced(kind, x, 1u << axis),
                   tolerance(type.dtype));
      }
    }
  }
}

TEST(ReduceTest, MaxSaysWhereItIs) {
  Tensor x = Tensor::of(F32, {3, 2}, {1, 5, 5, 7, 2, 3});
  auto result =
      Node("reduce_max_fwd_f32", {x},
           {Tensor(F32, {1, 2}), Tensor(I32, {1, 2})}, ReduceParams{0})
          .run();
  EXPECT_EQ(result[0].values(), (std::vector<double>{5, 7}));
  EXPECT_EQ(result[1].values(), (std::vector<double>{1, 0}));
  auto columns =
      Node("reduce_max_fwd_f32", {x},
           {Tensor(F32, {3, 1}), Tensor(I32, {3, 1})}, ReduceParams{1})
          .run();
  EXPECT_EQ(columns[1].values(), (std::vector<double>{1, 0, 0}));
}

TEST(ReduceTest, OverEverySetOfDimensions) {
  Shape shape = {3, 4, 1, 5, 2};
  Tensor x = Tensor::random(F32, shape, -2, 2);
  for (const char *kind : Kinds) {
    for (uint32_t mask = 0; mask < 32; ++mask) {
      for (bool keep : {true, false}) {
        Shape result;
        for (size_t d = 0; d < shape.size(); ++d) {
          if (mask != 0 && !(mask >> d & 1)) {
            result.push_back(shape[d]);
          } else if (mask != 0 && keep) {
            result.push_back(1);
          }
        }
        if (result.empty()) {
          result = {1};
        }
        Node node(std::string("reduce_") + kind + "_multi_dim_fwd_f32", {x},
                  {Tensor(F32, result)}, ReduceMultiDimParams{mask, keep});
        expectNear(node.run()[0], reduced(kind, x, mask ? mask : 31), 1e-5);
      }
    }
  }
}

TEST(ReduceTest, LargeTensors) {
  Tensor x = Tensor::random(F32, {5000, 41}, -2, 2);
  for (const char *kind : Kinds) {
    for (uint32_t mask : {1u, 2u, 3u}) {
      Shape result = {mask & 1 ? 1u : 5000u, mask & 2 ? 1u : 41u};
      Node node(std::string("reduce_") + kind + "_multi_dim_fwd_f32", {x},
                {Tensor(F32, result)}, ReduceMultiDimParams{mask, true});
      // Without vectors up to 2048 numbers are added one by one in f32: sums
      // that walk to 150, half a last digit of that (1e-5) for each addition,
      // growing with the root of their number.
      expectNear(node.run()[0], reduced(kind, x, mask), 4e-4);
    }
  }
}

TEST(ReduceTest, FrobeniusNorm) {
  for (const Suffix &type : FloatSuffixes) {
    Tensor x = Tensor::random(type.dtype, {300, 20}, -2, 2);
    double squares = reduced("sum_square", x, 3)[0];
    expectNear(
        Node("frobenius_norm_fwd", {x}, {Tensor(type.dtype, {1})}).run()[0],
        {std::sqrt(squares)}, tolerance(type.dtype));
  }
}

TEST(ReduceTest, WrongNodesAreRefused) {
  Tensor x(F32, {4, 3}), y(F32, {1, 3});
  expectRefused({
      {{"reduce_sum_fwd_f32", {x}, {y}},
       "reduce_sum_fwd_f32: has 0 bytes of parameters, expected 4"},
      {{"reduce_sum_fwd_f32", {x}, {y}, ReduceParams{2}},
       "reduce_sum_fwd_f32: axis is 2, expected 0 to 1"},
      {{"reduce_sum_fwd_f32", {x}, {Tensor(F32, {3})}, ReduceParams{0}},
       "reduce_sum_fwd_f32: y has shape [3], expected [1,3]"},
      {{"reduce_max_fwd_f32", {x}, {y}, ReduceParams{0}},
       "reduce_max_fwd_f32: has 1 outputs, expected 2"},
      {{"reduce_max_fwd_f32", {x}, {y, y}, ReduceParams{0}},
       "reduce_max_fwd_f32: index is f32, expected i32"},
      {{"reduce_sum_multi_dim_fwd_f32",
        {x},
        {y},
        ReduceMultiDimParams{4, true}},
       "reduce_sum_multi_dim_fwd_f32: mask 4 has bits for dimensions beyond "
       "rank 2"},
      {{"reduce_sum_multi_dim_fwd_f32",
        {x},
        {y},
        ReduceMultiDimParams{1, false}},
       "reduce_sum_multi_dim_fwd_f32: y has shape [1,3], expected [3]"},
      {{"reduce_sum_multi_dim_fwd_f32",
        {x},
        {y},
        ReduceMultiDimParams{0, true}},
       "reduce_sum_multi_dim_fwd_f32: y has shape [1,3], expected [1]"},
      {{"frobenius_norm_fwd", {x}, {Tensor(BF16, {1})}},
       "frobenius_norm_fwd: y is bf16, expected f32 like x"},
      {{"frobenius_norm_fwd", {x}, {y}},
       "frobenius_norm_fwd: y has shape [1,3], expected [1]"},
  });
}

} // namespace
} // namespace bertc::standin::testing
