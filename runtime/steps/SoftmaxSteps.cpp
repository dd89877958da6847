// SPDX-License-Identifier: Apache-2.0
//
// Handlers of dropout and of the softmax of attention.

#include "runtime/kernels/softmax/Softmax.h"
#include "runtime/steps/Operands.h"
#include "runtime/steps/Steps.h"

#include <cmath>

namespace bertc::rt {
namespace {

PreparedStepOr prepareDropout(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(2, 3, 1, 1));
  const auto &params = ctx.params<plan::DropoutParams>();
  const TensorRef &x = ctx.input(0);
  const TensorRef &rng = ctx.input(1);
  const TensorRef &rows = ctx.input(2);
  const TensorRef &y = ctx.output(0);
  BERTC_RETURN_IF_ERROR(expectDropout(ctx, rng, params.rate()));
  BERTC_RETURN_IF_ERROR(expectDropoutRows(ctx, rows, rng, x));
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, x, "x", x.shape()));
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, y, "output", x.shape()));
  BERTC_RETURN_IF_ERROR(
      ctx.expectNoOverlap([](size_t i, size_t) { return i == 0; }));
  DropoutSource source{params.rate(), params.op_id(), rng.as<int32_t>()};
  kernels::Buffer in = bufferOf(x);
  kernels::Buffer out = bufferOf(y);
  int64_t elements = x.numElements();
  if (rows.present) {
    const auto *numbers = rows.as<int32_t>();
    int64_t count = leadingElements(x), columns = lastDim(x);
    return makeKernelStep([=] {
      kernels::dropoutRows(source.state(), out, in, numbers, count, columns);
      return Status();
    });
  }
  return makeKernelStep([=] {
    kernels::dropout(source.state(), out, in, elements);
    return Status();
  });
}

Status expectScale(const StepContext &ctx, float scale) {
  if (std::isfinite(scale)) {
    return Status();
  }
  return ctx.bad("scale is " + std::to_string(scale) +
                 ", expected a finite number");
}

// Sizes of x seen as [batch, heads, rows, columns]; axes beyond four are
// merged into the batch, which no mask may then tell apart.
void setSizes(const TensorRef &x, kernels::SoftmaxArgs &args) {
  args.columns = lastDim(x);
  args.rows = x.rank >= 2 ? x.dims[x.rank - 2] : 1;
  args.heads = x.rank >= 3 ? x.dims[x.rank - 3] : 1;
  args.batch = leadingElements(x) / (args.rows * args.heads);
}

Status setMask(const StepContext &ctx, const TensorRef &x,
               const TensorRef &mask, kernels::SoftmaxArgs &args) {
  if (!mask.present) {
    return Status();
  }
  BERTC_RETURN_IF_ERROR(ctx.expectDType(mask, "mask", DType::F32));
  bool fits = x.rank <= 4 && mask.rank >= 1 &&
              kernels::broadcastsTo(shapeOf(mask), shapeOf(x)) &&
              lastDim(mask) == lastDim(x);
  if (!fits) {
    return ctx.bad("mask is " + mask.describe() +
                   ", expected it to broadcast to x " + x.describe() +
                   " of at most 4 axes with the last axis whole");
  }
  if (lastDim(mask) > 1 && mask.strides[mask.rank - 1] != 1) {
    return ctx.bad("mask is " + mask.describe() +
                   ", expected its last axis to be contiguous");
  }
  args.mask = mask.as<float>();
  // maskStrides are those of batch, heads, rows: the axes before the last one,
  // counted from the end.
  for (int back = 2; back <= 4 && back <= mask.rank; ++back) {
    int axis = mask.rank - back;
    args.maskStrides[4 - back] = mask.dims[axis] == 1 ? 0 : mask.strides[axis];
  }
  return Status();
}

PreparedStepOr prepareSoftmax(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(1, 3, 1, 2));
  const auto &params = ctx.params<plan::SoftmaxParams>();
  const TensorRef &x = ctx.input(0);
  const TensorRef &rng = ctx.input(2);
  const TensorRef &y = ctx.output(0);
  const TensorRef &dropped = ctx.output(1);
  BERTC_RETURN_IF_ERROR(expectScale(ctx, params.scale()));
  BERTC_RETURN_IF_ERROR(expectDropout(ctx, rng, params.rate()));
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, x, "x", x.shape()));
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, y, "softmax", x.shape()));
  kernels::SoftmaxArgs args;
  setSizes(x, args);
  BERTC_RETURN_IF_ERROR(setMask(ctx, x, ctx.input(1), args));
  if (dropped.present) {
    BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, dropped, "dropped", x.shape()));
    args.dropped = bufferOf(dropped);
  } else if (rng.present && params.rate() > 0.0f) {
    return ctx.bad("dropout is asked for, but the output for it is missing");
  }
  BERTC_RETURN_IF_ERROR(
      ctx.expectNoOverlap([](size_t i, size_t) { return i == 0; }));
  args.x = bufferOf(x);
  args.y = bufferOf(y);
  args.scale = params.scale();
  DropoutSource source{params.rate(), params.op_id(), rng.as<int32_t>()};
  return makeKernelStep([=]() mutable {
    args.dropout = source.state();
    kernels::softmax(args);
    return Status();
  });
}

PreparedStepOr prepareSoftmaxGrad(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(2, 3, 1, 1));
  const auto &params = ctx.params<plan::SoftmaxGradParams>();
  const TensorRef &dy = ctx.input(0);
  const TensorRef &y = ctx.input(1);
  const TensorRef &rng = ctx.input(2);
  const TensorRef &dx = ctx.output(0);
  BERTC_RETURN_IF_ERROR(expectScale(ctx, params.scale()));
  BERTC_RETURN_IF_ERROR(expectDropout(ctx, rng, params.rate()));
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, dy, "dy", dy.shape()));
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, y, "y", dy.shape()));
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, dx, "dx", dy.shape()));
  BERTC_RETURN_IF_ERROR(
      ctx.expectNoOverlap([](size_t i, size_t) { return i <= 1; }));
  kernels::SoftmaxGradArgs args;
  args.rows = leadingElements(dy);
  args.columns = lastDim(dy);
  args.dy = bufferOf(dy);
  args.y = bufferOf(y);
  args.dx = bufferOf(dx);
  args.scale = params.scale();
  DropoutSource source{params.rate(), params.op_id(), rng.as<int32_t>()};
  return makeKernelStep([=]() mutable {
    args.dropout = source.state();
    kernels::softmaxGrad(args);
    return Status();
  });
}

} // namespace

void registerSoftmaxSteps(StepRegistry &registry) {
  registry.add(plan::Params::DropoutParams, "Dropout", prepareDropout);
  registry.add(plan::Params::SoftmaxParams, "Softmax", prepareSoftmax);
  registry.add(plan::Params::SoftmaxGradParams, "SoftmaxGrad",
               prepareSoftmaxGrad);
}

} // namespace bertc::rt
