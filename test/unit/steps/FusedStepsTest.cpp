// SPDX-License-Identifier: Apache-2.0
//
// The handlers of fused steps: what they run and what they refuse.

#include "test/unit/steps/StepTesting.h"

#include <cmath>

namespace bertc::rt {
namespace {

using Floats = std::vector<float>;
using Ints = std::vector<int32_t>;

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
