// SPDX-License-Identifier: Apache-2.0
//
// Handlers of layer normalisation with the dropout and residual before it.

#include "runtime/kernels/layernorm/LayerNorm.h"
#include "runtime/steps/Operands.h"
#include "runtime/steps/Steps.h"

namespace bertc::rt {
namespace {

Status expectRow(const StepContext &ctx, const TensorRef &x) {
  if (x.rank >= 1 && lastDim(x) <= kernels::kLayerNormMaxColumns) {
    return Status();
  }
  return ctx.bad("x is " + x.describe() + ", expected a last axis of at most " +
                 std::to_string(kernels::kLayerNormMaxColumns));
}

Status checkForward(const StepContext &ctx) {
  const TensorRef &x = ctx.input(0);
  const TensorRef &residual = ctx.input(3);
  const TensorRef &z = ctx.output(3);
  const Shape full = x.shape();
  const Shape row = {lastDim(x)};
  const int64_t rows = leadingElements(x);
  BERTC_RETURN_IF_ERROR(expectRow(ctx, x));
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, x, "x", full));
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, ctx.input(1), "gamma", row));
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, ctx.input(2), "beta", row));
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, ctx.output(0), "y", full));
  BERTC_RETURN_IF_ERROR(
      expectVector(ctx, ctx.output(1), "mean", DType::F32, rows));
  BERTC_RETURN_IF_ERROR(
      expectVector(ctx, ctx.output(2), "rstd", DType::F32, rows));
  if (residual.present) {
    BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, residual, "residual", full));
  }
  if (z.present) {
    BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, z, "z", full));
  }
  // y and z may take the place of x and of the residual.
  return ctx.expectNoOverlap([](size_t i, size_t o) {
    return (i == 0 || i == 3) && (o == 0 || o == 3);
  });
}

PreparedStepOr prepareLayerNorm(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(3, 6, 3, 4));
  const auto &params = ctx.params<plan::LayerNormParams>();
  const TensorRef &x = ctx.input(0);
  const TensorRef &rng = ctx.input(4);
  const TensorRef &dropoutRows = ctx.input(5);
  BERTC_RETURN_IF_ERROR(expectDropout(ctx, rng, params.rate()));
  BERTC_RETURN_IF_ERROR(expectDropoutRows(ctx, dropoutRows, rng, x));
  if (!(params.eps() >= 0.0f)) {
    return ctx.bad("eps is " + std::to_string(params.eps()) +
                   ", expected at least 0");
  }
  BERTC_RETURN_IF_ERROR(checkForward(ctx));
  kernels::LayerNormArgs args;
  args.rows = leadingElements(x);
  args.columns = lastDim(x);
  args.x = bufferOf(x);
  args.gamma = bufferOf(ctx.input(1));
  args.beta = bufferOf(ctx.input(2));
  args.residual = bufferOf(ctx.input(3));
  args.eps = params.eps();
  args.y = bufferOf(ctx.output(0));
  args.mean = ctx.output(1).as<float>();
  args.rstd = ctx.output(2).as<float>();
  args.z = bufferOf(ctx.output(3));
  args.dropoutRows = dropoutRows.as<int32_t>();
  DropoutSource source{params.rate(), params.op_id(), rng.as<int32_t>()};
  return makeKernelStep([=]() mutable {
    args.dropout = source.state();
    kernels::layerNorm(args);
    return Status();
  });
}

Status checkBackward(const StepContext &ctx) {
  const TensorRef &dy = ctx.input(0);
  const TensorRef &dx = ctx.output(3);
  const Shape full = dy.shape();
  const int64_t rows = leadingElements(dy);
  const int64_t columns = lastDim(dy);
  BERTC_RETURN_IF_ERROR(expectRow(ctx, dy));
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, dy, "dy", full));
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, ctx.input(1), "z", full));
  BERTC_RETURN_IF_ERROR(
      expectDenseFloat(ctx, ctx.input(2), "gamma", {columns}));
  BERTC_RETURN_IF_ERROR(
      expectVector(ctx, ctx.input(3), "mean", DType::F32, rows));
  BERTC_RETURN_IF_ERROR(
      expectVector(ctx, ctx.input(4), "rstd", DType::F32, rows));
  BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, ctx.output(0), "dz", full));
  BERTC_RETURN_IF_ERROR(
      expectVector(ctx, ctx.output(1), "dgamma", DType::F32, columns));
  BERTC_RETURN_IF_ERROR(
      expectVector(ctx, ctx.output(2), "dbeta", DType::F32, columns));
  if (dx.present) {
    BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, dx, "dx", full));
  }
  return ctx.expectNoOverlap(
      [](size_t i, size_t o) { return i <= 1 && (o == 0 || o == 3); });
}

PreparedStepOr prepareLayerNormGrad(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(5, 7, 3, 4));
  const auto &params = ctx.params<plan::LayerNormGradParams>();
  const TensorRef &dy = ctx.input(0);
  const TensorRef &rng = ctx.input(5);
  const TensorRef &dropoutRows = ctx.input(6);
  BERTC_RETURN_IF_ERROR(expectDropout(ctx, rng, params.rate()));
  BERTC_RETURN_IF_ERROR(expectDropoutRows(ctx, dropoutRows, rng, dy));
  if (rng.present && params.rate() > 0.0f && !ctx.output(3).present) {
    return ctx.bad("dropout is asked for, but the output dx is missing");
  }
  BERTC_RETURN_IF_ERROR(checkBackward(ctx));
  kernels::LayerNormGradArgs args;
  args.rows = leadingElements(dy);
  args.columns = lastDim(dy);
  args.dy = bufferOf(dy);
  args.z = bufferOf(ctx.input(1));
  args.gamma = bufferOf(ctx.input(2));
  args.mean = ctx.input(3).as<float>();
  args.rstd = ctx.input(4).as<float>();
  args.dz = bufferOf(ctx.output(0));
  args.dgamma = ctx.output(1).as<float>();
  args.dbeta = ctx.output(2).as<float>();
  args.dx = bufferOf(ctx.output(3));
  args.dropoutRows = dropoutRows.as<int32_t>();
  ctx.requestScratch(static_cast<size_t>(
      kernels::layerNormGradScratch(args.rows, args.columns)));
  DropoutSource source{params.rate(), params.op_id(), rng.as<int32_t>()};
  return makeKernelStep([=](const RunContext &run) mutable {
    args.dropout = source.state();
    args.scratch = run.scratch;
    kernels::layerNormGrad(args);
    return Status();
  });
}

} // namespace

void registerLayerNormSteps(StepRegistry &registry) {
  registry.add(plan::Params::LayerNormParams, "LayerNorm", prepareLayerNorm);
  registry.add(plan::Params::LayerNormGradParams, "LayerNormGrad",
               prepareLayerNormGrad);
}

} // namespace bertc::rt
