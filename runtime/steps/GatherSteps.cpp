// SPDX-License-Identifier: Apache-2.0
//
// Handlers of row lookup, of its gradient, and of the rows to look up.

#include "runtime/kernels/gather/Gather.h"
#include "runtime/steps/Operands.h"
#include "runtime/steps/Steps.h"

#include <limits>

namespace bertc::rt {
namespace {

// Checks a table [batch.., R, rest..], indices [batch.., picks..] and rows
// [batch.., picks.., rest..] against each other.
StatusOr<kernels::GatherShape>
gatherShape(const StepContext &ctx, uint32_t batchDims, const TensorRef &table,
            const TensorRef &indices, const TensorRef &rows) {
  int64_t batchRank = batchDims;
  if (batchRank >= table.rank || batchRank > indices.rank) {
    return ctx.bad("batch_dims is " + std::to_string(batchDims) +
                   ", too many for table " + table.describe() +
                   " and indices " + indices.describe());
  }
  kernels::GatherShape shape;
  Shape expected;
  for (int i = 0; i < batchRank; ++i) {
    if (table.dims[i] != indices.dims[i]) {
      return ctx.bad("table " + table.describe() + " and indices " +
                     indices.describe() + " differ in batch axis " +
                     std::to_string(i));
    }
    shape.batch *= table.dims[i];
    expected.push_back(table.dims[i]);
  }
  shape.tableRows = table.dims[batchRank];
  shape.indices = 1;
  for (int i = static_cast<int>(batchRank); i < indices.rank; ++i) {
    shape.indices *= indices.dims[i];
    expected.push_back(indices.dims[i]);
  }
  shape.columns = 1;
  for (int i = static_cast<int>(batchRank) + 1; i < table.rank; ++i) {
    shape.columns *= table.dims[i];
    expected.push_back(table.dims[i]);
  }
  BERTC_RETURN_IF_ERROR(ctx.expectDType(indices, "indices", DType::I32));
  BERTC_RETURN_IF_ERROR(ctx.expectDense(indices, "indices"));
  BERTC_RETURN_IF_ERROR(ctx.expectDense(table, "table"));
  BERTC_RETURN_IF_ERROR(ctx.expectDense(rows, "rows"));
  BERTC_RETURN_IF_ERROR(ctx.expectShape(rows, "rows", expected));
  // A base, which only the gradient has, is the table itself.
  BERTC_RETURN_IF_ERROR(
      ctx.expectNoOverlap([](size_t i, size_t) { return i == 2; }));
  return shape;
}

PreparedStepOr prepareGather(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(2, 2, 1, 1));
  const TensorRef &table = ctx.input(0);
  const TensorRef &indices = ctx.input(1);
  const TensorRef &y = ctx.output(0);
  BERTC_ASSIGN_OR_RETURN(
      kernels::GatherShape shape,
      gatherShape(ctx, ctx.params<plan::GatherParams>().batch_dims(), table,
                  indices, y));
  BERTC_RETURN_IF_ERROR(ctx.expectDType(y, "rows", table.dtype));
  kernels::Buffer out = bufferOf(y);
  kernels::Buffer in = bufferOf(table);
  const auto *at = indices.as<int32_t>();
  return makeKernelStep([=] { return kernels::gather(shape, out, in, at); });
}

PreparedStepOr prepareGatherGrad(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(2, 3, 1, 1));
  const TensorRef &dy = ctx.input(0);
  const TensorRef &indices = ctx.input(1);
  const TensorRef &dtable = ctx.output(0);
  BERTC_ASSIGN_OR_RETURN(
      kernels::GatherShape shape,
      gatherShape(ctx, ctx.params<plan::GatherGradParams>().batch_dims(),
                  dtable, indices, dy));
  bool add = ctx.input(2).present;
  bool rounds = add && dtable.dtype == DType::BF16;
  if (!rounds) {
    BERTC_RETURN_IF_ERROR(ctx.expectDType(dtable, "table", DType::F32));
  }
  BERTC_RETURN_IF_ERROR(expectFloat(ctx, dy, "rows"));
  kernels::Buffer in = bufferOf(dy);
  const auto *at = indices.as<int32_t>();
  if (add && !sameWindow(ctx.input(2), dtable)) {
    return ctx.bad("base is not the storage of the table");
  }
  if (rounds) {
    auto *out = dtable.as<uint16_t>();
    ctx.requestScratch(kernels::gatherGradAddScratch(shape));
    return makeKernelStep([=](const RunContext &run) {
      return kernels::gatherGradAddBf16(shape, out, in, at, run.scratch);
    });
  }
  auto *out = dtable.as<float>();
  return makeKernelStep(
      [=] { return kernels::gatherGrad(shape, out, in, at, add); });
}

PreparedStepOr prepareRowNumbers(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(
      ctx.expectOperands(1, std::numeric_limits<size_t>::max(), 1, 1));
  int64_t length = ctx.params<plan::RowNumbersParams>().sequence_length();
  std::vector<kernels::Positions> parts;
  int64_t batch = 0, count = 0;
  for (size_t i = 0; i < ctx.numInputs(); ++i) {
    const TensorRef &part = ctx.input(i);
    BERTC_RETURN_IF_ERROR(ctx.expectDType(part, "positions", DType::I32));
    BERTC_RETURN_IF_ERROR(ctx.expectDense(part, "positions"));
    batch = i == 0 && part.rank == 2 ? part.dims[0] : batch;
    if (part.rank != 2 || part.dims[0] != batch) {
      return ctx.bad("positions are " + part.describe() +
                     ", expected [B,P] with the same B in all operands");
    }
    parts.push_back({part.as<int32_t>(), part.dims[1]});
    count += part.numElements();
  }
  if (length < 1 || batch * length > std::numeric_limits<int32_t>::max()) {
    return ctx.bad(
        "sequence_length is " + std::to_string(length) +
        ", expected at least 1, and no more rows than an i32 counts");
  }
  BERTC_RETURN_IF_ERROR(
      expectVector(ctx, ctx.output(0), "rows", DType::I32, count));
  BERTC_RETURN_IF_ERROR(ctx.expectNoOverlap());
  auto *rows = ctx.output(0).as<int32_t>();
  return makeKernelStep([=, parts = std::move(parts)] {
    return kernels::rowNumbers(parts, batch, length, rows);
  });
}

} // namespace

void registerGatherSteps(StepRegistry &registry) {
  registry.add(plan::Params::GatherParams, "Gather", prepareGather);
  registry.add(plan::Params::GatherGradParams, "GatherGrad", prepareGatherGrad);
  registry.add(plan::Params::RowNumbersParams, "RowNumbers", prepareRowNumbers);
}

} // namespace bertc::rt
