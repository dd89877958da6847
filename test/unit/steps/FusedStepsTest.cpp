// SPDX-License-Identifier: Apache-2.0
//
// The handlers of fused steps: what they run and what they refuse.

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

struct GeluStep : StepUnderTest<plan::GeluWithDerivativeParamsT> {
  Floats x = {0, 1, -1}, y = Floats(3), derivative = Floats(3);
  GeluStep() {
    inputs = {tensor({3}, x)};
    outputs = {tensor({3}, y), tensor({3}, derivative)};
  }
};

TEST(GeluWithDerivativeStep, RunsInPlaceToo) {
  GeluStep s;
  ASSERT_TRUE(s.run().ok());
  EXPECT_THAT(s.y, testing::Pointwise(testing::FloatNear(1e-6f),
                                      Floats{0, 0.8413447f, -0.1586553f}));
  EXPECT_THAT(s.derivative,
              testing::Pointwise(testing::FloatNear(1e-6f),
                                 Floats{0.5f, 1.0833155f, -0.0833155f}));
  GeluStep inPlace;
  inPlace.outputs[1] = inPlace.inputs[0];
  ASSERT_TRUE(inPlace.run().ok());
  EXPECT_EQ(inPlace.x, s.derivative);
  EXPECT_EQ(inPlace.y, s.y);
}

TEST(GeluWithDerivativeStep, RefusesMalformedOperands) {
  GeluStep kind;
  kind.params.kind = plan::UnaryKind::Tanh;
  EXPECT_REFUSED(kind.prepare(), "expected a gelu");
  GeluStep shape;
  shape.outputs[1] = tensor({1, 3}, shape.derivative);
  EXPECT_REFUSED(shape.prepare(), "derivative is f32 [1,3]");
}

struct GeluBackwardStep : StepUnderTest<plan::GeluBackwardParamsT> {
  Floats dy = {1, 2, 3, -1, 1, 1}, x = {0, 1, -1, 1, 0, -1};
  Floats y = Floats(6), dx = Floats(6), dbias = Floats(2, 7);
  GeluBackwardStep() {
    inputs = {tensor({3, 2}, dy), tensor({3, 2}, x)};
    outputs = {tensor({3, 2}, y), tensor({3, 2}, dx), tensor({2}, dbias)};
  }
};

TEST(GeluBackwardStep, RunsInPlaceToo) {
  GeluBackwardStep s;
  ASSERT_TRUE(s.run().ok());
  constexpr float up = 1.0833155f, down = -0.0833155f;
  EXPECT_THAT(s.y, testing::Pointwise(testing::FloatNear(1e-6f),
                                      Floats{0, 0.8413447f, -0.1586553f,
                                             0.8413447f, 0, -0.1586553f}));
  EXPECT_THAT(s.dx, testing::Pointwise(
                        testing::FloatNear(1e-6f),
                        Floats{0.5f, 2 * up, 3 * down, -up, 0.5f, down}));
  EXPECT_THAT(s.dbias, testing::Pointwise(testing::FloatNear(1e-6f),
                                          Floats{1 + 3 * down, up + down}));
  GeluBackwardStep inPlace;
  inPlace.outputs[0] = inPlace.inputs[1];
  inPlace.outputs[1] = inPlace.inputs[0];
  ASSERT_TRUE(inPlace.run().ok());
  EXPECT_EQ(inPlace.x, s.y);
  EXPECT_EQ(inPlace.dy, s.dx);
  EXPECT_EQ(inPlace.dbias, s.dbias);
}

TEST(GeluBackwardStep, RefusesMalformedOperands) {
  GeluBackwardStep kind;
  kind.params.kind = plan::UnaryKind::Relu;
  EXPECT_REFUSED(kind.prepare(), "expected a gelu");
  GeluBackwardStep rank;
  rank.inputs[1] = tensor({6}, rank.x);
  EXPECT_REFUSED(rank.prepare(), "x is f32 [6], expected two axes");
  GeluBackwardStep dbias;
  dbias.outputs[2] = tensor({1}, dbias.dbias);
  EXPECT_REFUSED(dbias.prepare(), "dbias is f32 [1]");
  GeluBackwardStep crossed;
  crossed.outputs[0] = crossed.inputs[0];
  EXPECT_FALSE(crossed.prepare().ok());
}

struct CrossEntropyStep : StepUnderTest<plan::CrossEntropyParamsT> {
  Floats logits = {0, 0, 1000, 999}, loss = Floats(2), lse = Floats(2);
  Ints labels = {1, 0};
  CrossEntropyStep() {
    inputs = {tensor({2, 2}, logits), tensor({2}, labels)};
    outputs = {tensor({2}, loss), tensor({2}, lse)};
  }
};

TEST(CrossEntropyStep, Runs) {
  CrossEntropyStep s;
  ASSERT_TRUE(s.run().ok());
  EXPECT_NEAR(s.loss[0], std::log(2.0f), 1e-6f);
  EXPECT_NEAR(s.loss[1], 0.31326169f, 1e-6f);
  EXPECT_NEAR(s.lse[1], 1000.3133f, 1e-3f);
  s.labels[1] = 2;
  EXPECT_EQ(s.runAgain().code(), StatusCode::InvalidArgument);
}

TEST(CrossEntropyStep, RefusesMalformedOperands) {
  CrossEntropyStep rank;
  rank.inputs[0] = tensor({4}, rank.logits);
  EXPECT_REFUSED(rank.prepare(), "expected two axes");
  CrossEntropyStep labels;
  labels.inputs[1] = tensor({1}, labels.labels);
  EXPECT_REFUSED(labels.prepare(), "labels is i32 [1]");
}

struct CrossEntropyGradStep : StepUnderTest<plan::CrossEntropyGradParamsT> {
  Floats dloss = {2}, logits = {0, 0}, lse = {std::log(2.0f)}, d = Floats(2);
  Ints labels = {1};
  CrossEntropyGradStep() {
    inputs = {tensor({1}, dloss), tensor({1, 2}, logits), tensor({1}, lse),
              tensor({1}, labels)};
    outputs = {tensor({1, 2}, d)};
  }
};

TEST(CrossEntropyGradStep, RunsInThePlaceOfTheLogits) {
  CrossEntropyGradStep s;
  s.outputs = {s.inputs[1]};
  ASSERT_TRUE(s.run().ok());
  EXPECT_NEAR(s.logits[0], 1.0f, 1e-6f);
  EXPECT_NEAR(s.logits[1], -1.0f, 1e-6f);
}

TEST(CrossEntropyGradStep, RefusesMalformedOperands) {
  CrossEntropyGradStep s;
  s.inputs[0] = tensor({2}, s.logits);
  EXPECT_REFUSED(s.prepare(), "dloss is f32 [2]");
  CrossEntropyGradStep output;
  output.outputs[0] = tensor({2}, output.d);
  EXPECT_REFUSED(output.prepare(), "output is f32 [2]");
}

// Rows are added to what the table holds when the table is given as a base.
TEST(GatherGradStep, AddsToABase) {
  StepUnderTest<plan::GatherGradParamsT> s;
  Floats dy = {1, 2, 3, 4}, table = {10, 10, 10, 10, 10, 10}, other(6);
  Ints indices = {2, 2};
  s.inputs = {tensor({2, 2}, dy), tensor({2}, indices), tensor({3, 2}, table)};
  s.outputs = {tensor({3, 2}, table)};
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(table, (Floats{10, 10, 10, 10, 14, 16}));
  s.outputs = {tensor({3, 2}, other)};
  EXPECT_REFUSED(s.prepare(), "base is not the storage of the table");
}

// A base of bf16 is rounded once, after both rows: each alone is half a step
// above 1, which is rounded down.
TEST(GatherGradStep, AddsToABaseOfBf16) {
  StepUnderTest<plan::GatherGradParamsT> s;
  constexpr uint16_t one = 0x3f80, half = 0x3b80;
  std::vector<uint16_t> dy = {half, half, half}, table(3, one), other(3, one);
  auto halves = [](std::vector<uint16_t> &data) {
    return tensor(DType::BF16, {3, 1}, data);
  };
  Ints indices = {2, 0, 2};
  s.inputs = {halves(dy), tensor({3}, indices), halves(table)};
  s.outputs = {halves(table)};
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(table, (std::vector<uint16_t>{one, one, one + 1}));
  indices[1] = 3;
  EXPECT_EQ(s.runAgain().code(), StatusCode::InvalidArgument);
  s.outputs = {halves(other)};
  EXPECT_REFUSED(s.prepare(), "base is not the storage of the table");
  Floats wide(3);
  s.outputs = {tensor({3, 1}, wide)};
  EXPECT_REFUSED(s.prepare(), "base is not the storage of the table");
  s.inputs.pop_back();
  s.outputs = {halves(table)};
  EXPECT_REFUSED(s.prepare(), "table is bf16 [3,1], expected f32");
}

} // namespace
} // namespace bertc::rt
