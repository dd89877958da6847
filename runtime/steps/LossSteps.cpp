// SPDX-License-Identifier: Apache-2.0
//
// Handlers of log-softmax, of the negative log-likelihood and their gradients.

#include "runtime/kernels/loss/Loss.h"
#include "runtime/steps/Operands.h"
#include "runtime/steps/Steps.h"

namespace bertc::rt {
namespace {

Status expectRows(const StepContext &ctx, const TensorRef &x,
                  const char *operand) {
  if (x.rank < 1) {
    return ctx.bad(std::string(operand) + " is " + x.describe() +
                   ", expected at least one axis");
  }
  return expectDenseFloat(ctx, x, operand, x.shape());
}

PreparedStepOr prepareLogSoftmax(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(1, 1, 1, 1));
  const TensorRef &x = ctx.input(0);
  const TensorRef &y = ctx.output(0);
  BERTC_RETURN_IF_ERROR(expectRows(ctx, x, "x"));
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, y, "output", x.shape()));
  BERTC_RETURN_IF_ERROR(
      ctx.expectNoOverlap([](size_t, size_t) { return true; }));
  kernels::Buffer in = bufferOf(x);
  kernels::Buffer out = bufferOf(y);
  int64_t rows = leadingElements(x);
  int64_t columns = lastDim(x);
  return makeKernelStep([=] {
    kernels::logSoftmax(out, in, rows, columns);
    return Status();
  });
}

PreparedStepOr prepareLogSoftmaxGrad(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(2, 2, 1, 1));
  const TensorRef &dy = ctx.input(0);
  const TensorRef &y = ctx.input(1);
  const TensorRef &dx = ctx.output(0);
  BERTC_RETURN_IF_ERROR(expectRows(ctx, dy, "dy"));
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, y, "y", dy.shape()));
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, dx, "dx", dy.shape()));
  BERTC_RETURN_IF_ERROR(
      ctx.expectNoOverlap([](size_t, size_t) { return true; }));
  kernels::Buffer inDy = bufferOf(dy);
  kernels::Buffer inY = bufferOf(y);
  kernels::Buffer out = bufferOf(dx);
  int64_t rows = leadingElements(dy);
  int64_t columns = lastDim(dy);
  return makeKernelStep([=] {
    kernels::logSoftmaxGrad(out, inDy, inY, rows, columns);
    return Status();
  });
}

// A dense f32 or bf16 operand of `rows` elements in any shape.
Status expectPerRow(const StepContext &ctx, const TensorRef &t,
                    const char *operand, int64_t rows) {
  BERTC_RETURN_IF_ERROR(expectFloat(ctx, t, operand));
  return expectVector(ctx, t, operand, t.dtype, rows);
}

PreparedStepOr prepareNll(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(2, 2, 1, 1));
  const TensorRef &logProbs = ctx.input(0);
  const TensorRef &labels = ctx.input(1);
  const TensorRef &loss = ctx.output(0);
  int64_t rows = leadingElements(logProbs);
  int64_t columns = lastDim(logProbs);
  BERTC_RETURN_IF_ERROR(expectRows(ctx, logProbs, "log_probs"));
  BERTC_RETURN_IF_ERROR(expectVector(ctx, labels, "labels", DType::I32, rows));
  BERTC_RETURN_IF_ERROR(expectPerRow(ctx, loss, "loss", rows));
  BERTC_RETURN_IF_ERROR(ctx.expectNoOverlap());
  kernels::Buffer in = bufferOf(logProbs);
  kernels::Buffer out = bufferOf(loss);
  const auto *at = labels.as<int32_t>();
  return makeKernelStep(
      [=] { return kernels::nll(out, in, at, rows, columns); });
}

PreparedStepOr prepareNllGrad(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(2, 2, 1, 1));
  const TensorRef &dloss = ctx.input(0);
  const TensorRef &labels = ctx.input(1);
  const TensorRef &d = ctx.output(0);
  int64_t rows = leadingElements(d);
  int64_t columns = lastDim(d);
  BERTC_RETURN_IF_ERROR(expectRows(ctx, d, "output"));
  BERTC_RETURN_IF_ERROR(expectVector(ctx, labels, "labels", DType::I32, rows));
  BERTC_RETURN_IF_ERROR(expectPerRow(ctx, dloss, "dloss", rows));
  BERTC_RETURN_IF_ERROR(ctx.expectNoOverlap());
  kernels::Buffer in = bufferOf(dloss);
  kernels::Buffer out = bufferOf(d);
  const auto *at = labels.as<int32_t>();
  return makeKernelStep(
      [=] { return kernels::nllGrad(out, in, at, rows, columns); });
}

} // namespace

void registerLossSteps(StepRegistry &registry) {
  registry.add(plan::Params::LogSoftmaxParams, "LogSoftmax", prepareLogSoftmax);
  registry.add(plan::Params::LogSoftmaxGradParams, "LogSoftmaxGrad",
               prepareLogSoftmaxGrad);
  registry.add(plan::Params::NllParams, "Nll", prepareNll);
  registry.add(plan::Params::NllGradParams, "NllGrad", prepareNllGrad);
}

} // namespace bertc::rt
