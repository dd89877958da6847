// SPDX-License-Identifier: Apache-2.0
//
// Handlers of fused steps: gelu with its derivative, the loss of labels under a
// softmax and its gradient.

#include "runtime/kernels/elementwise/Elementwise.h"
#include "runtime/kernels/loss/Loss.h"
#include "runtime/steps/Operands.h"
#include "runtime/steps/Steps.h"

#include <tuple>

namespace bertc::rt {
namespace {

StatusOr<kernels::UnaryKind> geluKind(const StepContext &ctx,
                                      plan::UnaryKind stored) {
  auto kind = static_cast<kernels::UnaryKind>(stored);
  if (kind != kernels::UnaryKind::GeluErf &&
      kind != kernels::UnaryKind::GeluTanh) {
    return ctx.bad("kind is " + std::to_string(static_cast<int>(kind)) +
                   ", expected a gelu");
  }
  return kind;
}

PreparedStepOr prepareGeluBackward(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(2, 2, 3, 3));
  kernels::GeluBackwardArgs args;
  BERTC_ASSIGN_OR_RETURN(
      args.kind, geluKind(ctx, ctx.params<plan::GeluBackwardParams>().kind()));
  const TensorRef &x = ctx.input(1);
  if (x.rank != 2) {
    return ctx.bad("x is " + x.describe() + ", expected two axes");
  }
  args.rows = x.dims[0];
  args.columns = x.dims[1];
  for (auto [tensor, name, buffer] : {std::tuple(&ctx.input(0), "dy", &args.dy),
                                      {&x, "x", &args.x},
                                      {&ctx.output(0), "y", &args.y},
                                      {&ctx.output(1), "dx", &args.dx}}) {
    BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, *tensor, name, x.shape()));
    *buffer = bufferOf(*tensor);
  }
  BERTC_RETURN_IF_ERROR(
      expectVector(ctx, ctx.output(2), "dbias", DType::F32, args.columns));
  args.dbias = ctx.output(2).as<float>();
  BERTC_RETURN_IF_ERROR(ctx.expectNoOverlap([](size_t input, size_t output) {
    return (input == 1 && output == 0) || (input == 0 && output == 1);
  }));
  ctx.requestScratch(kernels::geluBackwardScratchBytes(args));
  return makeKernelStep([=](const RunContext &run) {
    kernels::geluBackward(args, run.scratch);
    return Status();
  });
}

PreparedStepOr prepareGeluWithDerivative(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(1, 1, 2, 2));
  BERTC_ASSIGN_OR_RETURN(
      kernels::UnaryKind kind,
      geluKind(ctx, ctx.params<plan::GeluWithDerivativeParams>().kind()));
  const TensorRef &x = ctx.input(0);
  const TensorRef &y = ctx.output(0), &derivative = ctx.output(1);
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, x, "x", x.shape()));
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, y, "y", x.shape()));
  BERTC_RETURN_IF_ERROR(
      expectDenseFloat(ctx, derivative, "derivative", x.shape()));
  BERTC_RETURN_IF_ERROR(
      ctx.expectNoOverlap([](size_t, size_t) { return true; }));
  kernels::Buffer from = bufferOf(x), to = bufferOf(y),
                  slope = bufferOf(derivative);
  int64_t elements = x.numElements();
  return makeKernelStep([=] {
    kernels::geluWithDerivative(kind, to, slope, from, elements);
    return Status();
  });
}

// logits [N,C], and labels, lse and loss or its gradient [N].
Status checkLoss(const StepContext &ctx, const TensorRef &logits,
                 const TensorRef &labels, const TensorRef &lse,
                 const TensorRef &loss, const char *lossName) {
  if (logits.rank != 2) {
    return ctx.bad("logits is " + logits.describe() + ", expected two axes");
  }
  int64_t n = logits.dims[0];
  BERTC_RETURN_IF_ERROR(
      expectDenseFloat(ctx, logits, "logits", logits.shape()));
  BERTC_RETURN_IF_ERROR(expectVector(ctx, labels, "labels", DType::I32, n));
  BERTC_RETURN_IF_ERROR(expectVector(ctx, lse, "lse", DType::F32, n));
  return expectVector(ctx, loss, lossName, DType::F32, n);
}

PreparedStepOr prepareCrossEntropy(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(2, 2, 2, 2));
  const TensorRef &logits = ctx.input(0), &labels = ctx.input(1);
  const TensorRef &loss = ctx.output(0), &lse = ctx.output(1);
  BERTC_RETURN_IF_ERROR(checkLoss(ctx, logits, labels, lse, loss, "loss"));
  BERTC_RETURN_IF_ERROR(ctx.expectNoOverlap());
  kernels::CrossEntropyArgs args;
  args.rows = logits.dims[0];
  args.columns = logits.dims[1];
  args.logits = bufferOf(logits);
  args.labels = labels.as<int32_t>();
  args.lse = lse.as<float>();
  args.loss = loss.as<float>();
  return makeKernelStep([=] { return kernels::crossEntropy(args); });
}

PreparedStepOr prepareCrossEntropyGrad(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(4, 4, 1, 1));
  const TensorRef &dloss = ctx.input(0), &logits = ctx.input(1);
  const TensorRef &lse = ctx.input(2), &labels = ctx.input(3);
  BERTC_RETURN_IF_ERROR(checkLoss(ctx, logits, labels, lse, dloss, "dloss"));
  BERTC_RETURN_IF_ERROR(
      expectDenseFloat(ctx, ctx.output(0), "output", logits.shape()));
  BERTC_RETURN_IF_ERROR(
      ctx.expectNoOverlap([](size_t i, size_t) { return i == 1; }));
  kernels::CrossEntropyArgs args;
  args.rows = logits.dims[0];
  args.columns = logits.dims[1];
  args.logits = bufferOf(logits);
  args.labels = labels.as<int32_t>();
  args.lse = lse.as<float>();
  args.loss = dloss.as<float>();
  kernels::Buffer out = bufferOf(ctx.output(0));
  return makeKernelStep([=] { return kernels::crossEntropyGrad(args, out); });
}

} // namespace

void registerFusedSteps(StepRegistry &registry) {
  registry.add(plan::Params::GeluWithDerivativeParams, "GeluWithDerivative",
               prepareGeluWithDerivative, elementwiseLayouts);
  registry.add(plan::Params::GeluBackwardParams, "GeluBackward",
               prepareGeluBackward);
  registry.add(plan::Params::CrossEntropyParams, "CrossEntropy",
               prepareCrossEntropy);
  registry.add(plan::Params::CrossEntropyGradParams, "CrossEntropyGrad",
               prepareCrossEntropyGrad);
}

} // namespace bertc::rt
