// SPDX-License-Identifier: Apache-2.0
//
// Handlers of reductions.

#include "runtime/kernels/reduce/Reduce.h"
#include "runtime/steps/Operands.h"
#include "runtime/steps/Steps.h"

namespace bertc::rt {
namespace {

// The shape after reduction, or why the axes are wrong.
StatusOr<Shape> reducedShape(const StepContext &ctx, const TensorRef &x) {
  const auto &params = ctx.params<plan::ReduceParams>();
  bool reduced[kMaxRank] = {};
  if (params.axes() != nullptr) {
    for (uint32_t axis : *params.axes()) {
      if (axis >= static_cast<uint32_t>(x.rank)) {
        return ctx.bad("axis " + std::to_string(axis) + " is outside x " +
                       x.describe());
      }
      if (reduced[axis]) {
        return ctx.bad("axis " + std::to_string(axis) + " is listed twice");
      }
      reduced[axis] = true;
    }
  }
  Shape shape;
  for (int i = 0; i < x.rank; ++i) {
    if (!reduced[i]) {
      shape.push_back(x.dims[i]);
    } else if (params.keep_dims()) {
      shape.push_back(1);
    }
  }
  return shape;
}

PreparedStepOr prepareReduce(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(1, 1, 1, 1));
  const auto &params = ctx.params<plan::ReduceParams>();
  const TensorRef &x = ctx.input(0);
  const TensorRef &y = ctx.output(0);
  auto kind = static_cast<kernels::ReduceKind>(params.kind());
  if (!kernels::reduceSupports(kind, y.dtype, x.dtype)) {
    return ctx.bad("no reduce kernel of kind " +
                   std::to_string(static_cast<int>(kind)) + " from " +
                   dtypeName(x.dtype) + " to " + dtypeName(y.dtype));
  }
  BERTC_RETURN_IF_ERROR(ctx.expectDense(x, "x"));
  BERTC_RETURN_IF_ERROR(ctx.expectDense(y, "output"));
  BERTC_ASSIGN_OR_RETURN(Shape expected, reducedShape(ctx, x));
  BERTC_RETURN_IF_ERROR(ctx.expectShape(y, "output", expected));
  BERTC_RETURN_IF_ERROR(ctx.expectNoOverlap());
  const auto *axes = params.axes();
  auto shape = kernels::reduceShape(
      x.dims, x.rank, axes == nullptr ? nullptr : axes->data(),
      axes == nullptr ? 0 : static_cast<int>(axes->size()));
  ctx.requestScratch(static_cast<size_t>(kernels::reduceScratch(shape)));
  kernels::Buffer in = bufferOf(x);
  kernels::Buffer out = bufferOf(y);
  return makeKernelStep([=](const RunContext &run) {
    kernels::reduce(kind, shape, out, in, run.scratch);
    return Status();
  });
}

PreparedStepOr prepareArgMax(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(1, 1, 1, 1));
  const TensorRef &x = ctx.input(0);
  const TensorRef &y = ctx.output(0);
  int64_t rows = leadingElements(x);
  int64_t columns = lastDim(x);
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, x, "x", x.shape()));
  if (x.rank < 1 || columns > INT32_MAX) {
    return ctx.bad("x is " + x.describe() +
                   ", expected a last axis that fits i32");
  }
  BERTC_RETURN_IF_ERROR(expectVector(ctx, y, "output", DType::I32, rows));
  BERTC_RETURN_IF_ERROR(ctx.expectNoOverlap());
  auto *out = y.as<int32_t>();
  kernels::Buffer in = bufferOf(x);
  return makeKernelStep([=] {
    kernels::argMax(out, in, rows, columns);
    return Status();
  });
}

PreparedStepOr prepareL2Loss(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(1, 1, 1, 1));
  const TensorRef &x = ctx.input(0);
  const TensorRef &y = ctx.output(0);
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, x, "x", x.shape()));
  BERTC_RETURN_IF_ERROR(expectVector(ctx, y, "output", DType::F32, 1));
  BERTC_RETURN_IF_ERROR(ctx.expectNoOverlap());
  auto *out = y.as<float>();
  kernels::Buffer in = bufferOf(x);
  int64_t elements = x.numElements();
  return makeKernelStep([=] {
    *out = kernels::l2Loss(in, elements);
    return Status();
  });
}

} // namespace

void registerReduceSteps(StepRegistry &registry) {
  registry.add(plan::Params::ReduceParams, "Reduce", prepareReduce);
  registry.add(plan::Params::ArgMaxParams, "ArgMax", prepareArgMax);
  registry.add(plan::Params::L2LossParams, "L2Loss", prepareL2Loss);
}

} // namespace bertc::rt
