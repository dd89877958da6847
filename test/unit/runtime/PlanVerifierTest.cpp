// SPDX-License-Identifier: Apache-2.0
//
// One test for each thing a structurally sound plan must not say.

#include "test/unit/runtime/PlanBuilder.h"

#include <gmock/gmock.h>
#include <limits>

namespace bertc::rt::test {
namespace {

using ::testing::HasSubstr;

// A copy x -> y of [2,3], and a variable w [4,4]; sound as it is.
struct Sound : PlanBuilder {
  Sound() {
    w = variable("w", {4, 4});
    x = arena({2, 3});
    y = arena({2, 3});
    input("x", x);
    step(plan::UnaryParamsT(), {x}, {y});
    output("y", y);
  }
  plan::TensorT &tensor(uint32_t i) { return *entry().tensors[i]; }
  uint32_t w, x, y;
};

void expectRefused(const PlanBuilder &b, const std::string &message) {
  Status status = b.verify();
  EXPECT_EQ(status.code(), StatusCode::Corrupt);
  EXPECT_THAT(status.message(), HasSubstr(message));
}

TEST(PlanVerifier, acceptsASoundPlan) {
  EXPECT_TRUE(Sound().verify().ok()) << Sound().verify().message();
}

// Their empty shapes are written at any multiple of 4.
TEST(PlanVerifier, acceptsScalars) {
  for (int count = 1; count < 4; ++count) {
    Sound b;
    for (int i = 0; i < count; ++i) {
      b.input("s" + std::to_string(i), b.arena({}));
      b.variable("v" + std::string(static_cast<size_t>(i), 'v'), {});
    }
    EXPECT_TRUE(b.verify().ok()) << b.verify().message();
  }
}

TEST(PlanVerifier, refusesTwoVariablesOfOneName) {
  Sound b;
  b.variable("w", {1});
  expectRefused(b, "there are two of variable 'w'");
}

TEST(PlanVerifier, refusesAnEmptyName) {
  Sound b;
  b.plan.variables[0]->name = "";
  expectRefused(b, "the name of a variable is empty");
}

TEST(PlanVerifier, refusesControlCharactersInNames) {
  Sound b;
  b.plan.variables[0]->name = "w\x1b[2J";
  expectRefused(b, "control characters");
}

TEST(PlanVerifier, refusesAVeryLongName) {
  Sound b;
  b.plan.variables[0]->name = std::string(2000, 'w');
  expectRefused(b, "2000 bytes");
}

TEST(PlanVerifier, refusesAVariableOutsideTheState) {
  Sound b;
  b.plan.state_bytes = 63;
  expectRefused(b, "lie outside the state block of 63");
}

TEST(PlanVerifier, refusesAVariableOffsetThatWouldWrap) {
  Sound b;
  b.plan.variables[0]->offset = std::numeric_limits<uint64_t>::max() - 63;
  expectRefused(b, "lie outside the state block");
}

TEST(PlanVerifier, refusesAnUnalignedVariable) {
  Sound b;
  b.plan.variables[0]->offset = 4;
  b.plan.state_bytes = 1024;
  expectRefused(b, "not a multiple of 64");
}

TEST(PlanVerifier, refusesOverlappingVariables) {
  Sound b;
  b.plan.variables[b.variable("v", {4})]->offset = 0;
  expectRefused(b, "'w' and 'v' overlap");
}

TEST(PlanVerifier, refusesAnOwnerOutOfRange) {
  Sound b;
  b.plan.variables[0]->owner = 7;
  expectRefused(b, "owner 7 is not below 1");
}

TEST(PlanVerifier, refusesASlotOfAnotherShape) {
  Sound b;
  uint32_t slot = b.variable("w/adam_m", {4});
  b.plan.variables[slot]->role = plan::VariableRole::AdamM;
  b.plan.variables[slot]->owner = 0;
  expectRefused(b, "shape differs from that of its owner");
}

TEST(PlanVerifier, refusesASlotOfASlot) {
  Sound b;
  uint32_t slot = b.variable("w/adam_m", {4, 4});
  b.plan.variables[slot]->role = plan::VariableRole::AdamM;
  expectRefused(b, "is not a weight");
}

TEST(PlanVerifier, refusesAnInitialValueThatIsNotFinite) {
  Sound b;
  b.plan.variables[0]->init_value = std::numeric_limits<float>::infinity();
  expectRefused(b, "init_value is not finite");
}

TEST(PlanVerifier, refusesATruncatedNormalOfIntegers) {
  Sound b;
  uint32_t i = b.variable("i", {4}, DType::I32);
  b.plan.variables[i]->init = plan::InitKind::TruncatedNormal;
  expectRefused(b, "needs f32");
}

TEST(PlanVerifier, refusesADimensionBelowOne) {
  for (int64_t dim :
       {int64_t{0}, int64_t{-1}, std::numeric_limits<int64_t>::min()}) {
    Sound b;
    b.tensor(b.x).shape = {2, dim};
    expectRefused(b, "dimension below 1");
  }
}

TEST(PlanVerifier, refusesAShapeWhoseProductOverflows) {
  Sound b;
  b.tensor(b.x).shape = {int64_t{1} << 40, int64_t{1} << 40};
  expectRefused(b, "more than 2^46 bytes");
}

TEST(PlanVerifier, refusesTooManyAxes) {
  Sound b;
  b.tensor(b.x).shape = Shape(9, 1);
  expectRefused(b, "9 axes");
}

TEST(PlanVerifier, refusesStridesOfAnotherRank) {
  Sound b;
  b.tensor(b.x).strides = {1};
  expectRefused(b, "1 strides for shape [2,3]");
}

TEST(PlanVerifier, refusesAStrideBelowOne) {
  for (int64_t stride : {int64_t{0}, int64_t{-3}}) {
    Sound b;
    b.tensor(b.x).strides = {stride, 1};
    expectRefused(b, "is outside [1, 2^46]");
  }
}

TEST(PlanVerifier, refusesStridesThatReachAnElementTwice) {
  Sound b;
  b.tensor(b.x).strides = {2, 1};
  expectRefused(b, "reach an element twice");
}

TEST(PlanVerifier, refusesATensorOutsideTheArena) {
  Sound b;
  b.tensor(b.y).offset = 124;
  expectRefused(b, "lie outside the arena of 128");
}

TEST(PlanVerifier, refusesAStridedTensorThatReachesOutsideTheArena) {
  Sound b;
  b.tensor(b.y).strides = {64, 1};
  expectRefused(b, "lie outside the arena of 128");
}

TEST(PlanVerifier, refusesAnUnalignedTensor) {
  Sound b;
  b.tensor(b.x).offset = 2;
  expectRefused(b, "not a multiple of the element size 4");
}

TEST(PlanVerifier, refusesAnArenaLargerThanThePlans) {
  Sound b;
  b.plan.arena_bytes = 64;
  expectRefused(b, "larger than the plan's of 64");
}

TEST(PlanVerifier, refusesATensorOutsideItsVariable) {
  Sound b;
  uint32_t t = b.onVariable(b.w);
  b.tensor(t).shape = {4, 5};
  expectRefused(b, "lie outside the variable of 64");
}

TEST(PlanVerifier, refusesATensorOnNoVariable) {
  Sound b;
  b.tensor(b.onVariable(b.w)).index = 3;
  expectRefused(b, "variable 3 is not below 1");
}

TEST(PlanVerifier, refusesAVariableReadAsAnotherDType) {
  Sound b;
  b.tensor(b.onVariable(b.w)).dtype = plan::DType::I32;
  expectRefused(b, "dtype differs from that of variable 'w'");
}

TEST(PlanVerifier, refusesATensorOutsideTheConstants) {
  Sound b;
  float one = 1;
  b.tensor(b.constant({1}, DType::F32, &one)).shape = {17};
  expectRefused(b, "lie outside the constants of 64");
}

TEST(PlanVerifier, refusesAPackedWeightOfNoVariable) {
  Sound b;
  b.packedWeight(b.w, false, 8);
  b.plan.packed_weights[0]->variable = 9;
  expectRefused(b, "variable 9 is not below 1");
}

TEST(PlanVerifier, refusesAPackedWeightOfAnotherShape) {
  Sound b;
  b.packedWeight(b.w, false, 8);
  b.plan.packed_weights[0]->n = 5;
  expectRefused(b, "[4,5] is not the shape of variable 'w'");
}

TEST(PlanVerifier, refusesAPackedWeightThatIsNoMatrix) {
  Sound b;
  b.packedWeight(b.w, false, 8);
  b.plan.variables[0]->shape = {16};
  expectRefused(b, "is not an f32 matrix");
}

TEST(PlanVerifier, refusesAPackedTensorThatDoesNotMatch) {
  Sound b;
  uint32_t t = b.onPacked(b.packedWeight(b.w, false, 8));
  b.tensor(t).shape = {4, 3};
  expectRefused(b, "does not match packed weight 0");
}

TEST(PlanVerifier, refusesAPackedOperandOutsideAMatmul) {
  Sound b;
  uint32_t t = b.onPacked(b.packedWeight(b.w, false, 8));
  b.step(plan::UnaryParamsT(), {t}, {b.y});
  expectRefused(b, "only operand b of a Matmul or MatmulGroup may");
}

// Of a group only as one of its b, of which there is one for each product.
TEST(PlanVerifier, refusesAPackedBiasOfAMatmulGroup) {
  for (size_t packed : {0u, 1u, 2u, 3u}) {
    Sound b;
    uint32_t t = b.onPacked(b.packedWeight(b.w, false, 8));
    std::vector<uint32_t> inputs(5, b.x);
    inputs[packed] = t;
    b.step(plan::MatmulGroupParamsT(), inputs, {b.y, b.arena({4, 4})});
    if (packed == 1 || packed == 2) {
      EXPECT_TRUE(b.verify().ok()) << b.verify().message();
    } else {
      expectRefused(b, "only operand b of a Matmul or MatmulGroup may");
    }
  }
}

TEST(PlanVerifier, refusesWritingAConstant) {
  Sound b;
  float one = 1;
  uint32_t c = b.constant({1}, DType::F32, &one);
  b.step(plan::FillParamsT(), {}, {c});
  expectRefused(b, "neither in the arena nor a variable");
}

TEST(PlanVerifier, refusesAnOperandOutOfRange) {
  Sound b;
  b.entry().steps[0]->inputs[0] = 77;
  expectRefused(b, "step 0 (Unary): names tensor 77 of 2");
}

TEST(PlanVerifier, refusesABindingOutOfRange) {
  Sound b;
  b.entry().outputs[0]->tensor = 77;
  expectRefused(b, "output 'y' names tensor 77 of 2");
}

TEST(PlanVerifier, refusesTwoInputsOfOneName) {
  Sound b;
  b.input("x", b.y);
  expectRefused(b, "there are two of input 'x'");
}

TEST(PlanVerifier, refusesAnInputThatIsNotDense) {
  Sound b;
  b.tensor(b.x).strides = {1, 2};
  expectRefused(b, "input 'x' is not a dense tensor");
}

TEST(PlanVerifier, refusesAnInputThatIsAVariable) {
  Sound b;
  b.input("w", b.onVariable(b.w));
  expectRefused(b, "input 'w' is not a dense tensor of the arena");
}

TEST(PlanVerifier, refusesReadingWhatWasNeverWritten) {
  Sound b;
  uint32_t never = b.arena({2, 3});
  b.step(plan::UnaryParamsT(), {never}, {b.y});
  expectRefused(b, "step 1 (Unary): reads tensor 2, bytes 128 + 24");
}

TEST(PlanVerifier, refusesReadingWhatWasOnlyPartlyWritten) {
  Sound b;
  uint32_t wide = b.arena({2, 6});
  uint32_t left = b.view(wide, {2, 3}, {6, 1});
  b.step(plan::UnaryParamsT(), {b.x}, {left});
  uint32_t copy = b.arena({2, 6});
  b.step(plan::UnaryParamsT(), {wide}, {copy});
  expectRefused(b, "before they are written");
}

TEST(PlanVerifier, acceptsReadingWhatViewsWroteTogether) {
  Sound b;
  uint32_t wide = b.arena({2, 6});
  b.step(plan::UnaryParamsT(), {b.x}, {b.view(wide, {2, 3}, {6, 1})});
  b.step(plan::UnaryParamsT(), {b.x}, {b.view(wide, {2, 3}, {6, 1}, 3)});
  uint32_t copy = b.arena({2, 6});
  b.step(plan::UnaryParamsT(), {wide}, {copy});
  EXPECT_TRUE(b.verify().ok()) << b.verify().message();
}

TEST(PlanVerifier, refusesAccumulatingIntoWhatWasNeverWritten) {
  Sound b;
  uint32_t c = b.arena({2, 2});
  plan::MatmulParamsT params;
  params.accumulate = true;
  b.step(params, {b.x, b.view(b.x, {3, 2}, {1, 3})}, {c});
  expectRefused(b, "before they are written");
}

TEST(PlanVerifier, refusesAnOutputNobodyWrote) {
  Sound b;
  b.output("z", b.arena({1}));
  expectRefused(b, "output 'z': reads tensor 2");
}

TEST(PlanVerifier, refusesTwoEntriesOfOneName) {
  Sound b;
  b.nextEntry("main");
  expectRefused(b, "there are two of entry 'main'");
}

TEST(PlanVerifier, refusesPackedWeightsOfAbsurdSize) {
  Sound b;
  b.packedWeight(b.w, false, 8, uint64_t{1} << 47);
  expectRefused(b, "packed weights add up to more than 2^46 bytes");
}

// Two weights whose accumulators are a bucket each.
struct Exchanging : Sound {
  Exchanging() {
    v = variable("v", {4, 4});
    for (uint32_t owner : {w, v}) {
      accums.push_back(
          variable(plan.variables[owner]->name + "/accum", {4, 4}));
      plan.variables.back()->role = plan::VariableRole::Accum;
      plan.variables.back()->owner = owner;
    }
    plan.exchange = std::make_unique<plan::ExchangeT>();
    plan.exchange->workers = 2;
    for (uint32_t accum : accums) {
      plan.exchange->buckets.push_back(std::make_unique<plan::BucketT>());
      plan.exchange->buckets.back()->variables = {accum};
    }
  }
  uint32_t v;
  std::vector<uint32_t> accums;
};

TEST(PlanVerifier, acceptsAnExchangeAndSaysWhatItIs) {
  Exchanging b;
  b.plan.exchange->micro_batches = true;
  auto loaded = b.load();
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  const ExchangeInfo *info = loaded->exchange();
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(info->workers, 2u);
  EXPECT_TRUE(info->microBatches);
  EXPECT_FALSE(info->bf16);
  EXPECT_EQ(info->buckets,
            (std::vector<std::vector<uint32_t>>{{b.accums[0]}, {b.accums[1]}}));
  EXPECT_EQ(Sound().load()->exchange(), nullptr);
}

TEST(PlanVerifier, refusesAnExchangeOfOneWorker) {
  Exchanging b;
  b.plan.exchange->workers = 1;
  expectRefused(b, "exchange: 1 workers, expected 2 or more");
}

TEST(PlanVerifier, refusesBucketsOfWhatIsNoAccumulator) {
  for (uint32_t wrong : {0u, 99u}) {
    Exchanging b;
    b.plan.exchange->buckets[0]->variables = {wrong};
    expectRefused(b, "a bucket names variable " + std::to_string(wrong));
  }
  Exchanging twice;
  twice.plan.exchange->buckets[0]->variables = {twice.accums[1]};
  expectRefused(twice, "no accumulator of f32, or in two");
}

TEST(PlanVerifier, refusesBucketsThatLeaveAccumulatorsOut) {
  Exchanging b;
  b.plan.exchange->buckets.pop_back();
  expectRefused(b, "1 accumulators are in no bucket");
  Exchanging empty;
  empty.plan.exchange->buckets[0]->variables.clear();
  expectRefused(empty, "a bucket is empty");
}

TEST(PlanVerifier, refusesABucketThatIsNotInOnePiece) {
  Exchanging b;
  b.plan.exchange->buckets.pop_back();
  b.plan.exchange->buckets[0]->variables = {b.accums[1], b.accums[0]};
  expectRefused(b, "does not lie behind the one before it in its bucket");
}

} // namespace
} // namespace bertc::rt::test
