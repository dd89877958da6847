// SPDX-License-Identifier: Apache-2.0
//
// Handlers of attention and its gradient.

#include "runtime/core/BlockedTensors.h"
#include "runtime/kernels/attention/Attention.h"
#include "runtime/steps/Operands.h"
#include "runtime/steps/Steps.h"

#include <omp.h>

#include <algorithm>
#include <cmath>

namespace bertc::rt {
namespace {

// A float operand [B,A,rows,D] whose rows are in one piece.
StatusOr<kernels::HeadTensor> heads(const StepContext &ctx, const TensorRef &t,
                                    const char *operand, const Shape &shape,
                                    DType dtype) {
  BERTC_RETURN_IF_ERROR(ctx.expectDType(t, operand, dtype));
  BERTC_RETURN_IF_ERROR(ctx.expectShape(t, operand, shape));
  if (t.dims[3] > 1 && t.strides[3] != 1) {
    return ctx.bad(std::string(operand) + " is " + t.describe() +
                   ", expected its last axis to be contiguous");
  }
  kernels::HeadTensor head;
  head.buffer = bufferOf(t);
  head.batch = t.strides[0];
  head.head = t.strides[1];
  head.row = t.strides[2];
  head.blocked = t.blocked;
  return head;
}

// Operands of attention from q on: q, k, v and, `extras` operands later, mask,
// rng and ranges.
struct AttentionOperands {
  size_t q, extras;
};

template <typename Params>
Status setProblem(const StepContext &ctx, AttentionOperands at,
                  kernels::AttentionProblem &p) {
  const auto &params = ctx.template params<Params>();
  const TensorRef &q = ctx.input(at.q), &k = ctx.input(at.q + 1);
  if (q.rank != 4 || k.rank != 4) {
    return ctx.bad("q is " + q.describe() + " and k " + k.describe() +
                   ", expected four axes");
  }
  BERTC_RETURN_IF_ERROR(expectFloat(ctx, q, "q"));
  p.batch = q.dims[0];
  p.heads = q.dims[1];
  p.queries = q.dims[2];
  p.keys = k.dims[2];
  p.size = q.dims[3];
  p.scale = params.scale();
  if (!std::isfinite(p.scale)) {
    return ctx.bad("scale is " + std::to_string(p.scale) +
                   ", expected a finite number");
  }
  Shape keys = {p.batch, p.heads, p.keys, p.size};
  BERTC_ASSIGN_OR_RETURN(p.q, heads(ctx, q, "q", q.shape(), q.dtype));
  BERTC_ASSIGN_OR_RETURN(p.k, heads(ctx, k, "k", keys, q.dtype));
  BERTC_ASSIGN_OR_RETURN(p.v,
                         heads(ctx, ctx.input(at.q + 2), "v", keys, q.dtype));
  p.tiles = tileUnit();
  const TensorRef &mask = ctx.input(at.extras);
  if (mask.present) {
    BERTC_RETURN_IF_ERROR(ctx.expectDType(mask, "mask", DType::F32));
    BERTC_RETURN_IF_ERROR(ctx.expectDense(mask, "mask"));
    bool perQuery = mask.shape() == Shape{p.batch, 1, p.queries, p.keys};
    if (!perQuery) {
      BERTC_RETURN_IF_ERROR(
          ctx.expectShape(mask, "mask", {p.batch, 1, 1, p.keys}));
    }
    p.mask = mask.as<float>();
    p.maskBatch = (perQuery ? p.queries : 1) * p.keys;
    p.maskQuery = perQuery ? p.keys : 0;
  }
  BERTC_RETURN_IF_ERROR(
      expectDropout(ctx, ctx.input(at.extras + 1), params.rate()));
  const TensorRef &ranges = ctx.input(at.extras + 2);
  if (ranges.present) {
    BERTC_RETURN_IF_ERROR(expectVector(ctx, ranges, "ranges", DType::I32,
                                       p.batch * p.queries * 2));
    p.ranges = ranges.as<int32_t>();
  }
  return Status();
}

// What is left to check when data is there.
Status checkRanges(const kernels::AttentionProblem &p) {
  if (p.ranges == nullptr ||
      kernels::rangesAreValid(p.ranges, p.batch * p.queries, p.keys)) {
    return Status();
  }
  return invalidArgument("a range of keys does not lie in 0 .. " +
                         std::to_string(p.keys));
}

// Scratch memory for every thread there may be.
void requestPerThread(StepContext &ctx, size_t bytes) {
  int threads = std::max(ctx.threads(), omp_get_max_threads());
  ctx.requestScratch(bytes * static_cast<size_t>(threads));
}

// What computes it, for profiles.
const char *nameOf(const kernels::AttentionProblem &p) {
  if (!kernels::runsOnTiles(p)) {
    return kernels::kernelTargetName();
  }
  return p.tiles == TileUnit::Emulated ? "amx_emulated:attention"
                                       : "amx:attention";
}

template <typename Params>
DropoutSource dropoutOf(const StepContext &ctx, size_t rng) {
  const auto &params = ctx.template params<Params>();
  return {params.rate(), params.op_id(), ctx.input(rng).as<int32_t>()};
}

/// The step that calls `compute` with `args`, which are complete but for the
/// dropout of input `rng`, and with scratch of `bytes` a thread.
template <typename Params, typename Args>
PreparedStepOr attentionStep(StepContext &ctx, size_t rng, Args args,
                             size_t bytes,
                             void (*compute)(const Args &, std::byte *)) {
  BERTC_RETURN_IF_ERROR(ctx.expectNoOverlap());
  requestPerThread(ctx, bytes);
  auto source = dropoutOf<Params>(ctx, rng);
  auto run = [=](const RunContext &context) mutable {
    BERTC_RETURN_IF_ERROR(checkRanges(args));
    args.dropout = source.state();
    compute(args, context.scratch);
    return Status();
  };
  return makeKernelStep(std::move(run), nameOf(args));
}

PreparedStepOr prepareAttention(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(3, 6, 1, 2));
  kernels::AttentionArgs args;
  BERTC_RETURN_IF_ERROR(setProblem<plan::AttentionParams>(ctx, {0, 3}, args));
  Shape q = ctx.input(0).shape();
  BERTC_ASSIGN_OR_RETURN(
      args.out, heads(ctx, ctx.output(0), "out", q, ctx.input(0).dtype));
  const TensorRef &lse = ctx.output(1);
  if (lse.present) {
    BERTC_RETURN_IF_ERROR(expectVector(ctx, lse, "lse", DType::F32,
                                       args.batch * args.heads * args.queries));
    args.lse = lse.as<float>();
  }
  return attentionStep<plan::AttentionParams>(
      ctx, 4, args, kernels::attentionScratchBytes(args), kernels::attention);
}

PreparedStepOr prepareAttentionGrad(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(5, 8, 3, 3));
  kernels::AttentionGradArgs args;
  BERTC_RETURN_IF_ERROR(
      setProblem<plan::AttentionGradParams>(ctx, {1, 5}, args));
  DType type = ctx.input(1).dtype;
  Shape q = ctx.input(1).shape(), k = ctx.input(2).shape();
  BERTC_ASSIGN_OR_RETURN(args.dout, heads(ctx, ctx.input(0), "dout", q, type));
  BERTC_ASSIGN_OR_RETURN(args.dq, heads(ctx, ctx.output(0), "dq", q, type));
  BERTC_ASSIGN_OR_RETURN(args.dk, heads(ctx, ctx.output(1), "dk", k, type));
  BERTC_ASSIGN_OR_RETURN(args.dv, heads(ctx, ctx.output(2), "dv", k, type));
  const TensorRef &lse = ctx.input(4);
  BERTC_RETURN_IF_ERROR(expectVector(ctx, lse, "lse", DType::F32,
                                     args.batch * args.heads * args.queries));
  args.lse = lse.as<float>();
  return attentionStep<plan::AttentionGradParams>(
      ctx, 6, args, kernels::attentionGradScratchBytes(args),
      kernels::attentionGrad);
}

// Of a tensor [B,A,rows,D]: in blocks where it is all of a matrix [B rows, A D]
// and every 32 rows of a head are blocks of their own.
LayoutChoice headLayout(const TensorRef &t) {
  if (!t.present || t.rank != 4) {
    return LayoutChoice();
  }
  int64_t rows = t.dims[2], size = t.dims[3], columns = t.dims[1] * size;
  const int64_t strides[] = {rows * columns, size, columns, 1};
  bool fits = rows % kBlockSide == 0 && size % kBlockSide == 0;
  for (int i = 0; i < 4; ++i) {
    fits &= t.dims[i] == 1 || t.strides[i] == strides[i];
  }
  return {fits ? Layouts::Any : Layouts::Rows, columns};
}

StepLayouts attentionLayouts(StepContext &ctx) {
  return {{headLayout(ctx.input(0)), headLayout(ctx.input(1)),
           headLayout(ctx.input(2))},
          {headLayout(ctx.output(0))}};
}

// Of dout, q, k, v and of dq, dk, dv.
StepLayouts attentionGradLayouts(StepContext &ctx) {
  StepLayouts layouts;
  for (size_t i = 0; i < 4; ++i) {
    layouts.inputs.push_back(headLayout(ctx.input(i)));
  }
  for (size_t i = 0; i < 3; ++i) {
    layouts.outputs.push_back(headLayout(ctx.output(i)));
  }
  return layouts;
}

} // namespace

void registerAttentionSteps(StepRegistry &registry) {
  registry.add(plan::Params::AttentionParams, "Attention", prepareAttention,
               attentionLayouts);
  registry.add(plan::Params::AttentionGradParams, "AttentionGrad",
               prepareAttentionGrad, attentionGradLayouts);
}

} // namespace bertc::rt
