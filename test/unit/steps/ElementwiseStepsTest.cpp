// SPDX-License-Identifier: Apache-2.0
//
// The handlers of elementwise steps: what they run and what they refuse.

#include "runtime/kernels/common/TargetName.h"
#include "test/unit/steps/StepTesting.h"

#include <limits>

namespace bertc::rt {
namespace {

using Floats = std::vector<float>;
using Ints = std::vector<int32_t>;

struct UnaryStep : StepUnderTest<plan::UnaryParamsT> {
  Floats x = {1, -2, 3, -4, 5, -6};
  Floats y = Floats(6);
  UnaryStep() {
    params.kind = plan::UnaryKind::Neg;
    inputs = {tensor({2, 3}, x)};
    outputs = {tensor({2, 3}, y)};
  }
};

TEST(UnaryStep, Runs) {
  UnaryStep s;
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.y, (Floats{-1, 2, -3, 4, -5, 6}));
}

TEST(UnaryStep, NamesTheInstructionSet) {
  UnaryStep s;
  ASSERT_TRUE(s.prepare().ok());
  EXPECT_STREQ(s.implementation(), kernels::kernelTargetName());
}

TEST(UnaryStep, RunsInPlace) {
  UnaryStep s;
  s.outputs = s.inputs;
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.x, (Floats{-1, 2, -3, 4, -5, 6}));
}

TEST(UnaryStep, CopyTransposesByStrides) {
  UnaryStep s;
  s.params.kind = plan::UnaryKind::Copy;
  s.inputs[0].dims[0] = 3;
  s.inputs[0].dims[1] = 2;
  s.inputs[0].strides[0] = 1;
  s.inputs[0].strides[1] = 3;
  s.outputs = {tensor({3, 2}, s.y)};
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.y, (Floats{1, -4, -2, 5, 3, -6}));
}

TEST(UnaryStep, RefusesMalformedOperands) {
  UnaryStep s;
  s.outputs = {tensor({3, 2}, s.y)};
  EXPECT_REFUSED(s.prepare(), "output is f32 [3,2], expected shape [2,3]");
  s.inputs.clear();
  EXPECT_REFUSED(s.prepare(), "0 inputs, expected exactly 1");
  UnaryStep overlap;
  overlap.inputs = {tensor({2, 2}, overlap.x)};
  overlap.outputs = {tensor({2, 2}, overlap.x)};
  overlap.outputs[0].data = overlap.x.data() + 1;
  EXPECT_REFUSED(overlap.prepare(), "output 0 overlaps input 0");
  UnaryStep wide;
  Ints i(6);
  wide.params.kind = plan::UnaryKind::Tanh;
  wide.inputs = {tensor({2, 3}, i)};
  EXPECT_REFUSED(wide.prepare(), "no unary kernel of kind 6 from i32 to f32");
  UnaryStep unknown;
  unknown.params.kind = static_cast<plan::UnaryKind>(77);
  EXPECT_REFUSED(unknown.prepare(), "no unary kernel of kind 77");
}

struct BinaryStep : StepUnderTest<plan::BinaryParamsT> {
  Floats x = {1, 2, 3, 4, 5, 6};
  Floats y = {10, 20, 30};
  Floats z = Floats(6);
  BinaryStep() {
    inputs = {tensor({2, 3}, x), tensor({3}, y)};
    outputs = {tensor({2, 3}, z)};
  }
};

TEST(BinaryStep, BroadcastsAndMayOverwriteTheWholeInput) {
  BinaryStep s;
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.z, (Floats{11, 22, 33, 14, 25, 36}));
  s.outputs[0] = s.inputs[0];
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.x, s.z);
}

TEST(BinaryStep, RefusesMalformedOperands) {
  BinaryStep s;
  s.inputs[1] = tensor({2}, s.y);
  EXPECT_REFUSED(s.prepare(), "y is f32 [2], which does not broadcast");
  BinaryStep grown;
  grown.inputs = {tensor({3}, grown.y), tensor({3}, grown.y)};
  EXPECT_REFUSED(grown.prepare(), "larger than its inputs broadcast together");
  BinaryStep types;
  Ints i(3);
  types.inputs[1] = tensor({3}, i);
  EXPECT_REFUSED(types.prepare(),
                 "no binary kernel of kind 0 from f32, i32 to f32");
  BinaryStep unknown;
  unknown.params.kind = static_cast<plan::BinaryKind>(99);
  EXPECT_REFUSED(unknown.prepare(), "no binary kernel of kind 99");
  // Overwriting what is broadcast would feed results back in.
  BinaryStep row;
  row.outputs = {tensor({1, 3}, row.y)};
  row.inputs = {tensor({1, 3}, row.x), tensor({3}, row.y)};
  EXPECT_REFUSED(row.prepare(), "output 0 overlaps input 1");
  BinaryStep one;
  one.inputs.pop_back();
  EXPECT_REFUSED(one.prepare(), "1 inputs, expected exactly 2");
}

TEST(CompareStep, RunsAndRefuses) {
  StepUnderTest<plan::CompareParamsT> s;
  Floats x = {1, 2, 3};
  Floats two = {2};
  std::vector<uint8_t> z(3);
  s.params.kind = plan::CompareKind::Ge;
  s.inputs = {tensor({3}, x), tensor({}, two)};
  s.outputs = {tensor(DType::Bool, {3}, z)};
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(z, (std::vector<uint8_t>{0, 1, 1}));
  s.params.kind = static_cast<plan::CompareKind>(6);
  EXPECT_REFUSED(s.prepare(), "no compare kernel of kind 6");
  s.params.kind = plan::CompareKind::Eq;
  Ints i(3);
  s.inputs[1] = tensor({3}, i);
  EXPECT_REFUSED(s.prepare(), "from f32, i32 to bool");
  s.inputs[1] = tensor({2}, x);
  EXPECT_REFUSED(s.prepare(), "y is f32 [2]");
}

TEST(SelectStep, RunsAndRefuses) {
  StepUnderTest<plan::SelectParamsT> s;
  std::vector<uint8_t> condition = {1, 0};
  Floats x = {1, 2};
  Floats y = {3, 4};
  Floats z(2);
  s.inputs = {tensor(DType::Bool, {2}, condition), tensor({2}, x),
              tensor({2}, y)};
  s.outputs = {tensor({2}, z)};
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(z, (Floats{1, 4}));
  s.inputs[0] = tensor({2}, x);
  EXPECT_REFUSED(s.prepare(), "expected bool and three equal types");
  s.inputs[0] = tensor(DType::Bool, {2}, condition);
  s.inputs[2] = missing();
  EXPECT_REFUSED(s.prepare(), "input 2 of the step is missing");
}

TEST(FillStep, RunsAndRefuses) {
  StepUnderTest<plan::FillParamsT> s;
  Ints y = {1, 2, 3, 4};
  s.params.value = -7;
  s.outputs = {tensor({2}, y)};
  s.outputs[0].strides[0] = 2;
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(y, (Ints{-7, 2, -7, 4}));
  s.params.value = 3e9;
  EXPECT_REFUSED(s.prepare(), "does not fit the output i32");
  s.params.value = std::numeric_limits<double>::quiet_NaN();
  EXPECT_REFUSED(s.prepare(), "does not fit");
  s.inputs = {s.outputs[0]};
  EXPECT_REFUSED(s.prepare(), "1 inputs, expected exactly 0");
}

TEST(AddNStep, RunsAndRefuses) {
  StepUnderTest<plan::AddNParamsT> s;
  Floats a = {1, 2};
  Floats b = {10, 20};
  Floats c = {100, 200};
  s.inputs = {tensor({2}, a), tensor({2}, b), tensor({2}, c)};
  s.outputs = {tensor({2}, b)};
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(b, (Floats{111, 222}));
  s.inputs[1] = missing();
  EXPECT_REFUSED(s.prepare(), "input 1 is missing");
  s.inputs[1] = tensor({1}, c);
  EXPECT_REFUSED(s.prepare(), "input 1 is f32 [1], expected shape [2]");
  s.inputs = {};
  EXPECT_REFUSED(s.prepare(), "at least 1");
}

} // namespace
} // namespace bertc::rt
