// SPDX-License-Identifier: Apache-2.0
//
// The handlers of reductions and of row lookup.

#include "test/unit/steps/StepTesting.h"

namespace bertc::rt {
namespace {

using Floats = std::vector<float>;
using Ints = std::vector<int32_t>;

struct ReduceStep : StepUnderTest<plan::ReduceParamsT> {
  Floats x = {1, 2, 3, 4, 5, 6};
  Floats y = Floats(3);
  ReduceStep() {
    params.axes = {0};
    inputs = {tensor({2, 3}, x)};
    outputs = {tensor({3}, y)};
  }
};

TEST(ReduceStep, SumsColumnsAndKeepsDims) {
  ReduceStep s;
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.y, (Floats{5, 7, 9}));
  s.params.keep_dims = true;
  s.params.kind = plan::ReduceKind::Mean;
  s.outputs = {tensor({1, 3}, s.y)};
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.y, (Floats{2.5f, 3.5f, 4.5f}));
}

TEST(ReduceStep, NoAxesCopies) {
  ReduceStep s;
  s.params.axes = {};
  s.y.resize(6);
  s.outputs = {tensor({2, 3}, s.y)};
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.y, s.x);
}

TEST(ReduceStep, RefusesMalformedOperands) {
  ReduceStep axis;
  axis.params.axes = {2};
  EXPECT_REFUSED(axis.prepare(), "axis 2 is outside x f32 [2,3]");
  axis.params.axes = {0, 0};
  EXPECT_REFUSED(axis.prepare(), "axis 0 is listed twice");
  ReduceStep shape;
  shape.outputs = {tensor({1, 3}, shape.y)};
  EXPECT_REFUSED(shape.prepare(), "output is f32 [1,3], expected shape [3]");
  ReduceStep kind;
  kind.params.kind = static_cast<plan::ReduceKind>(3);
  EXPECT_REFUSED(kind.prepare(), "no reduce kernel of kind 3");
  ReduceStep type;
  Ints i(3);
  type.outputs = {tensor({3}, i)};
  EXPECT_REFUSED(type.prepare(), "from f32 to i32");
  ReduceStep strided;
  strided.inputs[0].dims[1] = 1;
  strided.inputs[0].strides[0] = 3;
  EXPECT_REFUSED(strided.prepare(), "x is f32 [2,1] strides");
  ReduceStep alias;
  alias.outputs = {tensor({3}, alias.x)};
  EXPECT_REFUSED(alias.prepare(), "output 0 overlaps input 0");
}

TEST(ArgMaxStep, RunsAndRefuses) {
  StepUnderTest<plan::ArgMaxParamsT> s;
  Floats x = {1, 3, 2, 9, 8, 7};
  Ints y(2);
  s.inputs = {tensor({2, 3}, x)};
  s.outputs = {tensor({2}, y)};
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(y, (Ints{1, 0}));
  s.outputs = {tensor({1}, y)};
  EXPECT_REFUSED(s.prepare(), "output is i32 [1], expected 2 elements");
  s.outputs = {tensor({2}, x)};
  EXPECT_REFUSED(s.prepare(), "output is f32 [2], expected i32");
  s.inputs = {tensor({}, x)};
  EXPECT_REFUSED(s.prepare(), "expected a last axis");
}

TEST(L2LossStep, RunsAndRefuses) {
  StepUnderTest<plan::L2LossParamsT> s;
  Floats x = {3, 4};
  Floats y(2);
  s.inputs = {tensor({2}, x)};
  s.outputs = {tensor({}, y)};
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(y[0], 12.5f);
  s.outputs = {tensor({2}, y)};
  EXPECT_REFUSED(s.prepare(), "expected 1 elements");
  Ints i(2);
  s.inputs = {tensor({2}, i)};
  EXPECT_REFUSED(s.prepare(), "expected f32 or bf16");
}

struct GatherStep : StepUnderTest<plan::GatherParamsT> {
  Floats table = {1, 2, 3, 4, 5, 6};
  Ints indices = {2, 0};
  Floats y = Floats(4);
  GatherStep() {
    inputs = {tensor({3, 2}, table), tensor({2}, indices)};
    outputs = {tensor({2, 2}, y)};
  }
};

TEST(GatherStep, RunsWithAndWithoutBatchDims) {
  GatherStep s;
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.y, (Floats{5, 6, 1, 2}));
  // Two tables of three scalars, two indices each.
  GatherStep batched;
  batched.params.batch_dims = 1;
  batched.indices = {2, 0, 1, 1};
  batched.inputs = {tensor({2, 3}, batched.table),
                    tensor({2, 2}, batched.indices)};
  ASSERT_TRUE(batched.run().ok());
  EXPECT_EQ(batched.y, (Floats{3, 1, 5, 5}));
}

TEST(GatherStep, ReportsAnIndexOutsideTheTable) {
  GatherStep s;
  s.indices[1] = 3;
  Status status = s.run();
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  EXPECT_EQ(status.message(),
            "index 3 at position 1 is outside the table of 3 rows");
}

TEST(GatherStep, RefusesMalformedOperands) {
  GatherStep s;
  s.params.batch_dims = 2;
  EXPECT_REFUSED(s.prepare(), "batch_dims is 2, too many");
  s.params.batch_dims = 1;
  EXPECT_REFUSED(s.prepare(), "differ in batch axis 0");
  GatherStep shape;
  shape.outputs = {tensor({4}, shape.y)};
  EXPECT_REFUSED(shape.prepare(), "rows is f32 [4], expected shape [2,2]");
  GatherStep type;
  type.inputs[1] = tensor({2}, type.y);
  EXPECT_REFUSED(type.prepare(), "indices is f32 [2], expected i32");
  GatherStep kind;
  Ints i(4);
  kind.outputs = {tensor({2, 2}, i)};
  EXPECT_REFUSED(kind.prepare(), "rows is i32 [2,2], expected f32");
}

struct RowNumbersStep : StepUnderTest<plan::RowNumbersParamsT> {
  Ints masked = {4, 0, 2, 1, 1, 3}, first = {0, 4};
  Ints rows = Ints(8);
  RowNumbersStep() {
    params.sequence_length = 5;
    inputs = {tensor({2, 3}, masked), tensor({2, 1}, first)};
    outputs = {tensor({8}, rows)};
  }
};

TEST(RowNumbersStep, RunsAndReportsAPositionOutside) {
  RowNumbersStep s;
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(s.rows, (Ints{4, 0, 2, 6, 6, 8, 0, 9}));
  s.first[1] = 5;
  EXPECT_EQ(s.runAgain().message(),
            "position 5 of sequence 1 is outside it, expected 0 to 4");
}

TEST(RowNumbersStep, RefusesMalformedOperands) {
  RowNumbersStep length;
  length.params.sequence_length = 0;
  EXPECT_REFUSED(length.prepare(), "sequence_length is 0, expected at least 1");
  length.params.sequence_length = 1u << 30;
  EXPECT_REFUSED(length.prepare(), "no more rows than an i32 counts");
  RowNumbersStep batch;
  batch.inputs[1] = tensor({1, 2}, batch.first);
  EXPECT_REFUSED(batch.prepare(), "expected [B,P] with the same B");
  RowNumbersStep rank;
  rank.inputs = {tensor({6}, rank.masked)};
  EXPECT_REFUSED(rank.prepare(), "positions are i32 [6]");
  RowNumbersStep count;
  count.outputs = {tensor({7}, count.rows)};
  EXPECT_REFUSED(count.prepare(), "rows is i32 [7], expected 8 elements");
  RowNumbersStep alias;
  alias.masked.resize(8);
  alias.inputs[0] = tensor({2, 3}, alias.masked);
  alias.outputs = {tensor({8}, alias.masked)};
  EXPECT_REFUSED(alias.prepare(), "output 0 overlaps input 0");
}

TEST(GatherGradStep, RunsAndRefuses) {
  StepUnderTest<plan::GatherGradParamsT> s;
  Floats dy = {1, 2, 3, 4, 5, 6};
  Ints indices = {2, 0, 2};
  Floats dtable = Floats(6, 9.0f);
  s.inputs = {tensor({3, 2}, dy), tensor({3}, indices)};
  s.outputs = {tensor({3, 2}, dtable)};
  ASSERT_TRUE(s.run().ok());
  EXPECT_EQ(dtable, (Floats{3, 4, 0, 0, 6, 8}));
  indices[0] = -1;
  EXPECT_EQ(s.runAgain().code(), StatusCode::InvalidArgument);
  Ints i(6);
  s.outputs = {tensor({3, 2}, i)};
  EXPECT_REFUSED(s.prepare(), "table is i32 [3,2], expected f32");
  s.outputs = {tensor({3, 2}, dtable)};
  s.inputs[0] = tensor({2, 2}, dy);
  EXPECT_REFUSED(s.prepare(), "rows is f32 [2,2], expected shape [3,2]");
  s.inputs[0] = tensor({3, 2}, i);
  EXPECT_REFUSED(s.prepare(), "expected f32 or bf16");
}

} // namespace
} // namespace bertc::rt
