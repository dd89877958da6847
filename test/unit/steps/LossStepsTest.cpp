// SPDX-License-Identifier: Apache-2.0
//
// The handlers of losses and of the updates of variables.

#include "test/unit/steps/StepTesting.h"

#include <cmath>

namespace bertc::rt {
namespace {

using Floats = std::vector<float>;
using Ints = std::vector<int32_t>;

TEST(LogSoftmaxStep, RunsInPlaceAndRefuses) {
  StepUnderTest<plan::LogSoftmaxParamsT> s;
  Floats x = {7, 7};
  s.inputs = {tensor({1, 2}, x)};
  s.outputs = s.inputs;
  ASSERT_TRUE(s.run().ok());
  EXPECT_FLOAT_EQ(x[0], std::log(0.5f));
  s.outputs = {tensor({2}, x)};
  EXPECT_REFUSED(s.prepare(), "output is f32 [2], expected shape [1,2]");
  s.inputs = {tensor({}, x)};
  EXPECT_REFUSED(s.prepare(), "expected at least one axis");
}

TEST(LogSoftmaxGradStep, RunsAndRefuses) {
  StepUnderTest<plan::LogSoftmaxGradParamsT> s;
  Floats dy = {1, 1};
  Floats y = {std::log(0.25f), std::log(0.75f)};
  Floats dx(2);
  s.inputs = {tensor({2}, dy), tensor({2}, y)};
  s.outputs = {tensor({2}, dx)};
  ASSERT_TRUE(s.run().ok());
  EXPECT_FLOAT_EQ(dx[0], 0.5f);
  EXPECT_FLOAT_EQ(dx[1], -0.5f);
  s.inputs[1] = tensor({1}, y);
  EXPECT_REFUSED(s.prepare(), "y is f32 [1], expected shape [2]");
  s.inputs.pop_back();
  EXPECT_REFUSED(s.prepare(), "1 inputs");
}

struct NllStep : StepUnderTest<plan::NllParamsT> {
  Floats logProbs = {-1, -2, -3, -4};
  Ints labels = {1, 0};
  Floats loss = Floats(2);
  NllStep() {
    inputs = {tensor({2, 2}, logProbs), tensor({2}, labels)};
    outputs = {tensor({2}, loss)};
  }
};

TEST(NllStep, RunsAndReportsALabelOutsideTheClasses) {
  NllStep s;
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.loss, (Floats{2, 3}));
  s.labels[1] = 2;
  EXPECT_EQ(s.runAgain().code(), StatusCode::InvalidArgument);
}

TEST(NllStep, RefusesMalformedOperands) {
  NllStep labels;
  labels.inputs[1] = tensor({1}, labels.labels);
  EXPECT_REFUSED(labels.prepare(), "labels is i32 [1], expected 2 elements");
  NllStep type;
  type.inputs[1] = tensor({2}, type.loss);
  EXPECT_REFUSED(type.prepare(), "labels is f32 [2], expected i32");
  NllStep loss;
  loss.outputs = {tensor({1}, loss.loss)};
  EXPECT_REFUSED(loss.prepare(), "loss is f32 [1], expected 2 elements");
}

TEST(NllGradStep, RunsAndRefuses) {
  StepUnderTest<plan::NllGradParamsT> s;
  Floats dloss = {2, 3};
  Ints labels = {1, 0};
  Floats d(4, 9.0f);
  s.inputs = {tensor({2}, dloss), tensor({2}, labels)};
  s.outputs = {tensor({2, 2}, d)};
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(d, (Floats{0, -2, -3, 0}));
  labels[0] = -1;
  EXPECT_EQ(s.runAgain().code(), StatusCode::InvalidArgument);
  s.inputs[0] = tensor({1}, dloss);
  EXPECT_REFUSED(s.prepare(), "dloss is f32 [1], expected 2 elements");
}

struct AssignAddStep : StepUnderTest<plan::AssignAddParamsT> {
  Floats var = {1, 2};
  Floats x = {10, 20};
  Floats scale = {0.5f};
  AssignAddStep() {
    inputs = {tensor({2}, var), tensor({2}, x), tensor({}, scale)};
    outputs = {tensor({2}, var)};
  }
};

TEST(AssignAddStep, ScaleIsOptional) {
  AssignAddStep s;
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.var, (Floats{6, 12}));
  s.inputs.pop_back();
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.var, (Floats{16, 32}));
}

TEST(AssignAddStep, RefusesMalformedOperands) {
  AssignAddStep out;
  Floats other(2);
  out.outputs = {tensor({2}, other)};
  EXPECT_REFUSED(out.prepare(), "output 0 is not the storage of input 0");
  AssignAddStep shape;
  shape.inputs[1] = tensor({1}, shape.x);
  EXPECT_REFUSED(shape.prepare(), "x is f32 [1], expected shape [2]");
  AssignAddStep scale;
  scale.inputs[2] = tensor({2}, scale.x);
  EXPECT_REFUSED(scale.prepare(), "scale is f32 [2], expected 1 elements");
  AssignAddStep alias;
  alias.inputs[1] = alias.inputs[0];
  EXPECT_REFUSED(alias.prepare(), "output 0 overlaps input 1");
}

template <typename Params> struct OptimizerStep : StepUnderTest<Params> {
  Floats var = {1, -1}, m = {0, 0}, v = {0, 0}, accum = {2, 2};
  Floats rate = {0.5f};
  Ints step = {1};
  OptimizerStep() {
    this->params.beta1 = 0.9f;
    this->params.beta2 = 0.999f;
    this->params.eps = 1e-6f;
    this->inputs = {tensor({2}, var),   tensor({2}, m),   tensor({2}, v),
                    tensor({2}, accum), tensor({}, rate), tensor({}, step)};
    this->outputs = {tensor({2}, var), tensor({2}, m), tensor({2}, v),
                     tensor({2}, accum)};
  }
};

TEST(LambStep, Runs) {
  OptimizerStep<plan::LambParamsT> s;
  ASSERT_TRUE(s.run().ok());
  // First step: the update is the sign of the gradient, the ratio 1.
  EXPECT_NEAR(s.var[0], 0.5f, 1e-5f);
  EXPECT_NEAR(s.var[1], -1.5f, 1e-5f);
  EXPECT_FLOAT_EQ(s.m[0], 0.2f);
  EXPECT_FLOAT_EQ(s.v[0], 0.004f);
  EXPECT_EQ(s.accum, Floats(2, 0.0f));
}

TEST(AdamWStep, Runs) {
  OptimizerStep<plan::AdamWParamsT> s;
  ASSERT_TRUE(s.run().ok());
  float update = 0.2f / std::sqrt(0.004f);
  EXPECT_NEAR(s.var[0], 1 - 0.5f * update, 1e-5f);
  EXPECT_EQ(s.accum, Floats(2, 0.0f));
}

TEST(LambStep, RefusesAnUpdateStepBelowOne) {
  OptimizerStep<plan::LambParamsT> s;
  s.step[0] = 0;
  Status status = s.run();
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  EXPECT_EQ(status.message(), "update_step is 0, expected to count from 1");
  EXPECT_EQ(s.accum[0], 2.0f);
}

template <typename Params> void checkRefusals() {
  OptimizerStep<Params> beta;
  beta.params.beta1 = 1.0f;
  EXPECT_REFUSED(beta.prepare(), "beta1 1.000000");
  beta.params.beta1 = 0.9f;
  beta.params.eps = NAN;
  EXPECT_REFUSED(beta.prepare(), "are not all in range");
  OptimizerStep<Params> slot;
  slot.inputs[1] = tensor({1}, slot.m);
  EXPECT_REFUSED(slot.prepare(), "m is f32 [1], expected shape [2]");
  OptimizerStep<Params> swapped;
  std::swap(swapped.outputs[1], swapped.outputs[2]);
  EXPECT_REFUSED(swapped.prepare(), "output 1 is not the storage of input 1");
  OptimizerStep<Params> rate;
  rate.inputs[4] = tensor({}, rate.step);
  EXPECT_REFUSED(rate.prepare(), "learning_rate is i32");
  OptimizerStep<Params> step;
  step.inputs[5] = tensor({}, step.rate);
  EXPECT_REFUSED(step.prepare(), "update_step is f32");
  OptimizerStep<Params> few;
  few.inputs.pop_back();
  EXPECT_REFUSED(few.prepare(), "5 inputs, expected exactly 6");
}

TEST(LambStep, RefusesMalformedOperands) { checkRefusals<plan::LambParamsT>(); }
TEST(AdamWStep, RefusesMalformedOperands) {
  checkRefusals<plan::AdamWParamsT>();
}

} // namespace
} // namespace bertc::rt
