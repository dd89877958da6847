// SPDX-License-Identifier: Apache-2.0
//
// Handlers of layer normalisation with the dropout and residual before it.

#include "runtime/kernels/elementwise/Copy.h"
#include "runtime/kernels/layernorm/LayerNorm.h"
#include "runtime/steps/Operands.h"
#include "runtime/steps/Steps.h"

#include <array>
#include <vector>

namespace bertc::rt {
namespace {

Status expectRow(const StepContext &ctx, const TensorRef &x) {
  if (x.rank >= 1 && lastDim(x) <= kernels::kLayerNormMaxColumns) {
    return Status();
  }
  return ctx.bad("x is " + x.describe() + ", expected a last axis of at most " +
                 std::to_string(kernels::kLayerNormMaxColumns));
}

// All matrices in any layout if those that are there are bf16; places of
// inputs and outputs.
StepLayouts matrixLayouts(const StepContext &ctx, std::array<size_t, 2> inputs,
                          std::array<size_t, 2> outputs) {
  const LayoutChoice any = {Layouts::Any, lastDim(ctx.input(0))};
  StepLayouts layouts;
  layouts.inputs.resize(ctx.numInputs());
  layouts.outputs.resize(ctx.numOutputs());
  bool halves = true;
  auto take = [&](const TensorRef &t, std::vector<LayoutChoice> &list,
                  size_t i) {
    if (t.present) {
      halves &= t.dtype == DType::BF16;
      list[i] = any;
    }
  };
  for (size_t i : inputs) {
    take(ctx.input(i), layouts.inputs, i);
  }
  for (size_t i : outputs) {
    take(ctx.output(i), layouts.outputs, i);
  }
  return halves ? layouts : StepLayouts();
}

StepLayouts forwardLayouts(StepContext &ctx) {
  return matrixLayouts(ctx, {0, 3}, {0, 3});
}
StepLayouts backwardLayouts(StepContext &ctx) {
  return matrixLayouts(ctx, {0, 1}, {0, 3});
}

// An input whose memory an output takes that lies otherwise: no row of one is a
// row of the other, so the step copies it first.
template <typename Args> struct Aside {
  kernels::Buffer Args::*operand;
  kernels::ElementwiseShape shape;
  size_t offset;
};

// Adds `input`, which is `operand` of the kernel, to the list if it is one, and
// the scratch that its copy needs to `bytes`.
template <typename Args>
void setAside(const StepContext &ctx, const TensorRef &input,
              kernels::Buffer Args::*operand, size_t *bytes,
              std::vector<Aside<Args>> *list) {
  for (size_t i = 0; i < ctx.numOutputs(); ++i) {
    const TensorRef &out = ctx.output(i);
    if (out.blocked != input.blocked && overlaps(out, input)) {
      kernels::OperandShape shape = shapeOf(input);
      list->push_back(
          {operand, kernels::makeElementwise(shape, {shape}), *bytes});
      *bytes += (input.extentBytes() + 63) / 64 * 64;
    }
  }
}

template <typename Args>
void copyAside(const std::vector<Aside<Args>> &list, std::byte *scratch,
               Args *args) {
  for (const Aside<Args> &aside : list) {
    kernels::Buffer &operand = args->*aside.operand;
    void *data[] = {scratch + aside.offset, operand.data};
    kernels::copy(aside.shape, data);
    operand.data = data[0];
  }
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
  args.xBlocked = x.blocked;
  args.residualBlocked = ctx.input(3).blocked;
  args.yBlocked = ctx.output(0).blocked;
  args.zBlocked = ctx.output(3).blocked;
  args.dropoutRows = dropoutRows.as<int32_t>();
  size_t bytes = 0;
  std::vector<Aside<kernels::LayerNormArgs>> asides;
  setAside(ctx, x, &kernels::LayerNormArgs::x, &bytes, &asides);
  setAside(ctx, ctx.input(3), &kernels::LayerNormArgs::residual, &bytes,
           &asides);
  ctx.requestScratch(bytes);
  DropoutSource source{params.rate(), params.op_id(), rng.as<int32_t>()};
  return makeKernelStep([=](const RunContext &run) {
    kernels::LayerNormArgs call = args;
    call.dropout = source.state();
    copyAside(asides, run.scratch, &call);
    kernels::layerNorm(call);
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
  args.dyBlocked = dy.blocked;
  args.zBlocked = ctx.input(1).blocked;
  args.dzBlocked = ctx.output(0).blocked;
  args.dxBlocked = ctx.output(3).blocked;
  args.dropoutRows = dropoutRows.as<int32_t>();
  auto bytes = static_cast<size_t>(
      kernels::layerNormGradScratch(args.rows, args.columns));
  std::vector<Aside<kernels::LayerNormGradArgs>> asides;
  setAside(ctx, dy, &kernels::LayerNormGradArgs::dy, &bytes, &asides);
  setAside(ctx, ctx.input(1), &kernels::LayerNormGradArgs::z, &bytes, &asides);
  ctx.requestScratch(bytes);
  DropoutSource source{params.rate(), params.op_id(), rng.as<int32_t>()};
  return makeKernelStep([=](const RunContext &run) {
    kernels::LayerNormGradArgs call = args;
    call.dropout = source.state();
    call.scratch = run.scratch;
    copyAside(asides, run.scratch, &call);
    kernels::layerNormGrad(call);
    return Status();
  });
}

} // namespace

void registerLayerNormSteps(StepRegistry &registry) {
  registry.add(plan::Params::LayerNormParams, "LayerNorm", prepareLayerNorm,
               forwardLayouts);
  registry.add(plan::Params::LayerNormGradParams, "LayerNormGrad",
               prepareLayerNormGrad, backwardLayouts);
}

} // namespace bertc::rt
