// SPDX-License-Identifier: Apache-2.0
//
// The handlers of dropout and softmax: what they run and what they refuse.

#include "runtime/kernels/philox/Philox.h"
#include "test/unit/steps/StepTesting.h"

#include <cmath>

namespace bertc::rt {
namespace {

using Floats = std::vector<float>;
using Ints = std::vector<int32_t>;

struct DropoutStep : StepUnderTest<plan::DropoutParamsT> {
  Floats x = Floats(200, 1.0f);
  Floats y = Floats(200);
  Ints rng = {1, 2, 3, 0};
  DropoutStep() {
    params.rate = 0.5f;
    params.op_id = 9;
    inputs = {tensor({10, 20}, x), tensor({4}, rng)};
    outputs = {tensor({10, 20}, y)};
  }
};

TEST(DropoutStep, ReadsRngWhenItRuns) {
  DropoutStep s;
  ASSERT_TRUE(s.run().ok());
  philox::DropoutScale scale = philox::dropoutScale(0.5f);
  for (size_t i = 0; i < 200; ++i) {
    bool keep = philox::dropoutKeeps({1, 2, 3, 9}, scale, i);
    ASSERT_EQ(s.y[i], keep ? 2.0f : 0.0f);
  }
  s.rng[3] = 1;
  ASSERT_TRUE(s.runAgain().ok());
  EXPECT_EQ(s.y, s.x);
}

TEST(DropoutStep, DropsByRowNumbers) {
  DropoutStep s;
  Ints rows = {9, 0, 3, 3, 12, 1, 2, 4, 5, 6};
  s.inputs.push_back(tensor({10}, rows));
  ASSERT_TRUE(s.run().ok());
  philox::DropoutScale scale = philox::dropoutScale(0.5f);
  for (size_t i = 0; i < 200; ++i) {
    auto element = static_cast<uint64_t>(rows[i / 20]) * 20 + i % 20;
    bool keep = philox::dropoutKeeps({1, 2, 3, 9}, scale, element);
    ASSERT_EQ(s.y[i], keep ? 2.0f : 0.0f);
  }
  s.inputs[2] = tensor({5, 2}, s.x);
  EXPECT_REFUSED(s.prepare(), "rows is f32 [5,2], expected i32");
}

TEST(DropoutStep, RefusesMalformedOperands) {
  DropoutStep s;
  s.params.rate = 1.0f;
  EXPECT_REFUSED(s.prepare(), "dropout rate is 1");
  s.params.rate = NAN;
  EXPECT_REFUSED(s.prepare(), "dropout rate is nan");
  s.params.rate = -0.1f;
  EXPECT_REFUSED(s.prepare(), "dropout rate is -0.1");
  DropoutStep rng;
  rng.inputs[1] = tensor({3}, rng.rng);
  EXPECT_REFUSED(rng.prepare(), "rng is i32 [3], expected shape [4]");
  rng.inputs[1] = missing();
  EXPECT_REFUSED(rng.prepare(), "input 1 of the step is missing");
  DropoutStep strided;
  strided.inputs[0] = tensor({10, 10}, strided.x);
  strided.inputs[0].strides[0] = 20;
  strided.outputs = {tensor({10, 10}, strided.y)};
  EXPECT_REFUSED(strided.prepare(), "expected dense row-major");
}

struct SoftmaxStep : StepUnderTest<plan::SoftmaxParamsT> {
  Floats x = Floats(2 * 3 * 4 * 5, 0.0f);
  Floats mask = Floats(2 * 5, 0.0f);
  Floats y = Floats(120);
  Floats dropped = Floats(120);
  Ints rng = {1, 2, 3, 0};
  SoftmaxStep() {
    params.rate = 0.5f;
    mask[4] = -10000.0f;
    inputs = {tensor({2, 3, 4, 5}, x), tensor({2, 1, 1, 5}, mask),
              tensor({4}, rng)};
    outputs = {tensor({2, 3, 4, 5}, y), tensor({2, 3, 4, 5}, dropped)};
  }
};

TEST(SoftmaxStep, MasksTheKeysOfItsBatchElement) {
  SoftmaxStep s;
  ASSERT_TRUE(s.run().ok());
  EXPECT_FLOAT_EQ(s.y[0], 0.25f);
  EXPECT_EQ(s.y[4], 0.0f);
  EXPECT_FLOAT_EQ(s.y[60], 0.2f);
  EXPECT_FLOAT_EQ(s.y[64], 0.2f);
  EXPECT_NE(s.dropped, s.y);
}

// mask [2,1,4,5]: one row for each query.
TEST(SoftmaxStep, MasksEachQuery) {
  SoftmaxStep s;
  Floats mask(40, 0.0f);
  mask[20 + 5 + 1] = -10000.0f; // batch 1, query 1, key 1
  s.inputs[1] = tensor({2, 1, 4, 5}, mask);
  ASSERT_TRUE(s.run().ok());
  for (size_t head = 0; head < 3; ++head) {
    EXPECT_EQ(s.y[60 + head * 20 + 5 + 1], 0.0f);
    EXPECT_FLOAT_EQ(s.y[60 + head * 20 + 1], 0.2f);
    EXPECT_FLOAT_EQ(s.y[head * 20 + 5 + 1], 0.2f);
  }
}

TEST(SoftmaxStep, NeedsNeitherMaskNorDropout) {
  SoftmaxStep s;
  s.params.rate = 0.0f;
  s.inputs = {s.inputs[0]};
  s.outputs = {s.inputs[0]};
  ASSERT_TRUE(s.run().ok());
  EXPECT_FLOAT_EQ(s.x[7], 0.2f);
}

TEST(SoftmaxStep, RefusesMalformedOperands) {
  SoftmaxStep s;
  s.outputs.pop_back();
  EXPECT_REFUSED(s.prepare(), "the output for it is missing");
  SoftmaxStep scale;
  scale.params.scale = INFINITY;
  EXPECT_REFUSED(scale.prepare(), "scale is inf");
  SoftmaxStep mask;
  mask.inputs[1] = tensor({2, 5}, mask.mask);
  EXPECT_REFUSED(mask.prepare(), "mask is f32 [2,5]");
  mask.inputs[1] = tensor({2, 1, 1, 1}, mask.mask);
  EXPECT_REFUSED(mask.prepare(), "the last axis whole");
  mask.inputs[1] = tensor({1, 1, 1, 5}, mask.mask);
  mask.inputs[1].strides[3] = 2;
  EXPECT_REFUSED(mask.prepare(), "its last axis to be contiguous");
  Ints integers(5);
  mask.inputs[1] = tensor({5}, integers);
  EXPECT_REFUSED(mask.prepare(), "mask is i32");
  SoftmaxStep shape;
  shape.outputs[0] = tensor({6, 20}, shape.y);
  EXPECT_REFUSED(shape.prepare(), "softmax is f32 [6,20]");
  SoftmaxStep same;
  same.outputs[1] = same.outputs[0];
  EXPECT_REFUSED(same.prepare(), "output 1 overlaps output 0");
}

struct SoftmaxGradStep : StepUnderTest<plan::SoftmaxGradParamsT> {
  Floats dy = {1, 0, 0, 2};
  Floats y = {0.5f, 0.5f, 0.25f, 0.75f};
  Floats dx = Floats(4);
  SoftmaxGradStep() {
    params.scale = 2.0f;
    inputs = {tensor({2, 2}, dy), tensor({2, 2}, y)};
    outputs = {tensor({2, 2}, dx)};
  }
};

TEST(SoftmaxGradStep, Runs) {
  SoftmaxGradStep s;
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.dx, (Floats{0.5f, -0.5f, -0.75f, 0.75f}));
}

TEST(SoftmaxGradStep, RefusesMalformedOperands) {
  SoftmaxGradStep s;
  s.inputs[1] = tensor({4}, s.y);
  EXPECT_REFUSED(s.prepare(), "y is f32 [4], expected shape [2,2]");
  SoftmaxGradStep rate;
  rate.params.rate = 2.0f;
  EXPECT_REFUSED(rate.prepare(), "dropout rate is 2");
  SoftmaxGradStep few;
  few.inputs.pop_back();
  EXPECT_REFUSED(few.prepare(), "1 inputs");
}

} // namespace
} // namespace bertc::rt
