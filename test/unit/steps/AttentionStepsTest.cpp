// SPDX-License-Identifier: Apache-2.0
//
// The handlers of attention and its gradient: what they run, what they refuse,
// and which operands they take in blocks.

#include "test/unit/steps/StepTesting.h"

#include <cmath>

namespace bertc::rt {
namespace {

using Floats = std::vector<float>;
using Ints = std::vector<int32_t>;

// q, k and v of two batch elements, one head, 2 queries, 3 keys, size 2.
struct AttentionStep : StepUnderTest<plan::AttentionParamsT> {
  Floats q = Floats(8, 0.0f), k = Floats(12, 1.0f), v = Floats(12);
  Floats mask = Floats(6, 0.0f), out = Floats(8), lse = Floats(4);
  Ints rng = {1, 2, 3, 0};
  Ints ranges = {0, 3, 1, 2, 0, 0, 2, 3};
  AttentionStep() {
    for (size_t i = 0; i < v.size(); ++i) {
      v[i] = static_cast<float>(i);
    }
    inputs = {tensor({2, 1, 2, 2}, q), tensor({2, 1, 3, 2}, k),
              tensor({2, 1, 3, 2}, v), tensor({2, 1, 1, 3}, mask)};
    outputs = {tensor({2, 1, 2, 2}, out), tensor({2, 1, 2}, lse)};
  }
};

TEST(AttentionStep, AveragesTheValuesThatTheMaskLeaves) {
  AttentionStep s;
  s.mask[2] = -10000.0f;
  ASSERT_TRUE(s.run().ok());
  EXPECT_FLOAT_EQ(s.out[0], 1.0f);
  EXPECT_FLOAT_EQ(s.out[3], 2.0f);
  EXPECT_FLOAT_EQ(s.out[4], 8.0f);
  EXPECT_FLOAT_EQ(s.lse[0], std::log(2.0f));
  EXPECT_FLOAT_EQ(s.lse[2], std::log(3.0f));
}

TEST(AttentionStep, LooksAtRangesOfKeysOnly) {
  AttentionStep s;
  s.inputs[3] = missing();
  s.inputs.push_back(missing());
  s.inputs.push_back(tensor({2, 2, 2}, s.ranges));
  s.outputs.pop_back();
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.out, (Floats{2, 3, 2, 3, 0, 0, 10, 11}));
  s.ranges[1] = 4;
  Status status = s.runAgain();
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  EXPECT_THAT(status.message(), testing::HasSubstr("0 .. 3"));
}

TEST(AttentionStep, RefusesMalformedOperands) {
  AttentionStep shape;
  shape.inputs[2] = tensor({2, 1, 2, 2}, shape.v);
  EXPECT_REFUSED(shape.prepare(), "v is f32 [2,1,2,2]");
  AttentionStep rows;
  rows.inputs[0].strides[3] = 2;
  EXPECT_REFUSED(rows.prepare(), "its last axis to be contiguous");
  AttentionStep mask;
  mask.inputs[3] = tensor({2, 3}, mask.mask);
  EXPECT_REFUSED(mask.prepare(), "mask is f32 [2,3]");
  AttentionStep ranges;
  ranges.inputs.push_back(missing());
  ranges.inputs.push_back(tensor({2, 2}, ranges.ranges));
  EXPECT_REFUSED(ranges.prepare(), "ranges is i32 [2,2]");
  AttentionStep scale;
  scale.params.scale = NAN;
  EXPECT_REFUSED(scale.prepare(), "scale is nan");
  AttentionStep rate;
  rate.params.rate = 1.0f;
  rate.inputs.push_back(tensor({4}, rate.rng));
  EXPECT_REFUSED(rate.prepare(), "dropout rate is 1");
  AttentionStep rank;
  rank.inputs[0] = tensor({4, 2}, rank.q);
  EXPECT_REFUSED(rank.prepare(), "expected four axes");
  AttentionStep overlap;
  overlap.outputs[0] = overlap.inputs[0];
  EXPECT_REFUSED(overlap.prepare(), "overlaps");
}

struct AttentionGradStep : StepUnderTest<plan::AttentionGradParamsT> {
  Floats dout = {1, 2}, q = {0, 0}, k = {1, 0, 0, 1}, v = {1, 0, 0, 1};
  Floats lse = {std::log(2.0f)};
  Floats dq = Floats(2), dk = Floats(4), dv = Floats(4);
  AttentionGradStep() {
    inputs = {tensor({1, 1, 1, 2}, dout), tensor({1, 1, 1, 2}, q),
              tensor({1, 1, 2, 2}, k), tensor({1, 1, 2, 2}, v),
              tensor({1, 1, 1}, lse)};
    outputs = {tensor({1, 1, 1, 2}, dq), tensor({1, 1, 2, 2}, dk),
               tensor({1, 1, 2, 2}, dv)};
  }
};

// p = {1/2, 1/2}, g = {1, 2}: dterms = {-1/4, 1/4}.
TEST(AttentionGradStep, Runs) {
  AttentionGradStep s;
  ASSERT_TRUE(s.run().ok());
  EXPECT_THAT(s.dq, testing::ElementsAre(testing::FloatNear(-0.25f, 1e-6f),
                                         testing::FloatNear(0.25f, 1e-6f)));
  EXPECT_EQ(s.dk, (Floats{0, 0, 0, 0}));
  EXPECT_NEAR(s.dv[0], 0.5f, 1e-6f);
  EXPECT_NEAR(s.dv[3], 1.0f, 1e-6f);
}

TEST(AttentionGradStep, RefusesMalformedOperands) {
  AttentionGradStep few;
  few.inputs.pop_back();
  EXPECT_REFUSED(few.prepare(), "4 inputs");
  AttentionGradStep lse;
  lse.inputs[4] = tensor({2}, lse.q);
  EXPECT_REFUSED(lse.prepare(), "lse is f32 [2]");
  AttentionGradStep dk;
  dk.outputs[1] = tensor({1, 1, 1, 2}, dk.dk);
  EXPECT_REFUSED(dk.prepare(), "dk is f32 [1,1,1,2]");
}

// Heads of a matrix [batch rows, heads size] of bf16.
TensorRef headsOf(int64_t batch, int64_t heads, int64_t rows, int64_t size) {
  TensorRef t;
  t.present = true;
  t.dtype = DType::BF16;
  t.rank = 4;
  int64_t columns = heads * size;
  Shape dims = {batch, heads, rows, size};
  Shape strides = {rows * columns, size, columns, 1};
  std::copy(dims.begin(), dims.end(), t.dims);
  std::copy(strides.begin(), strides.end(), t.strides);
  return t;
}

// What is taken of q alone.
std::string takenOf(const TensorRef &q) {
  AttentionStep s;
  s.inputs[0] = q;
  return textOf({s.layouts().inputs[0]});
}

TEST(AttentionLayouts, TakesMatricesOfHeads) {
  AttentionStep s;
  TensorRef queries = headsOf(2, 3, 64, 32), keys = headsOf(2, 3, 96, 32);
  s.inputs = {queries, keys, keys};
  s.outputs = {queries};
  StepLayouts layouts = s.layouts();
  EXPECT_EQ(textOf(layouts.inputs), "b96 b96 b96");
  EXPECT_EQ(textOf(layouts.outputs), "b96");
  AttentionGradStep gradient;
  gradient.inputs = {queries, queries, keys, keys};
  gradient.outputs = {queries, keys, keys};
  layouts = gradient.layouts();
  EXPECT_EQ(textOf(layouts.inputs), "b96 b96 b96 b96");
  EXPECT_EQ(textOf(layouts.outputs), "b96 b96 b96");
  // The keys alone are no whole blocks.
  gradient.inputs[2] = gradient.inputs[3] = headsOf(2, 3, 40, 32);
  EXPECT_EQ(textOf(gradient.layouts().inputs), "b96 b96 r r");
}

TEST(AttentionLayouts, StridesOfSingleHeadsDoNotMatter) {
  TensorRef q = headsOf(1, 1, 32, 64);
  q.strides[0] = q.strides[1] = 7;
  EXPECT_EQ(takenOf(q), "b64");
}

TEST(AttentionLayouts, TakesRowsOfAnythingElse) {
  EXPECT_EQ(takenOf(headsOf(2, 2, 64, 64)), "b128");
  EXPECT_EQ(takenOf(headsOf(2, 2, 64, 48)), "r");
  EXPECT_EQ(takenOf(headsOf(4, 2, 40, 64)), "r");
  EXPECT_EQ(takenOf(missing()), "r");
  // One behind the other; wider rows; heads in another order.
  TensorRef dense = headsOf(2, 2, 64, 64);
  dense.strides[1] = 64 * 64, dense.strides[2] = 64;
  EXPECT_EQ(takenOf(dense), "r");
  TensorRef wide = headsOf(2, 2, 64, 64);
  wide.strides[0] *= 3, wide.strides[2] *= 3;
  EXPECT_EQ(takenOf(wide), "r");
  TensorRef swapped = headsOf(2, 2, 64, 64);
  swapped.strides[0] = 128, swapped.strides[2] = 256;
  EXPECT_EQ(takenOf(swapped), "r");
  TensorRef columns = headsOf(2, 2, 64, 64);
  columns.strides[1] = 1, columns.strides[3] = 2;
  EXPECT_EQ(takenOf(columns), "r");
  TensorRef flat = headsOf(2, 2, 64, 64);
  flat.rank = 3;
  EXPECT_EQ(takenOf(flat), "r");
}

} // namespace
} // namespace bertc::rt
