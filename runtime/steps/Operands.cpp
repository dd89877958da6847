// SPDX-License-Identifier: Apache-2.0
//
// The checks that several handlers share.

#include "runtime/steps/Operands.h"

#include "runtime/steps/Steps.h"

#include <algorithm>

namespace bertc::rt {

void registerKernelSteps(StepRegistry &registry) {
  kernels::limitKernels(usableIsa());
  registerElementwiseSteps(registry);
  registerSoftmaxSteps(registry);
  registerLayerNormSteps(registry);
  registerReduceSteps(registry);
  registerGatherSteps(registry);
  registerMaskSteps(registry);
  registerLossSteps(registry);
  registerOptimizerSteps(registry);
  registerExchangeSteps(registry);
  registerAttentionSteps(registry);
  registerFusedSteps(registry);
}

kernels::OperandShape shapeOf(const TensorRef &t) {
  kernels::OperandShape shape;
  shape.dtype = t.dtype;
  shape.rank = t.rank;
  std::copy(t.dims, t.dims + t.rank, shape.dims);
  std::copy(t.strides, t.strides + t.rank, shape.strides);
  return shape;
}

kernels::Buffer bufferOf(const TensorRef &t) { return {t.data, t.dtype}; }

int64_t leadingElements(const TensorRef &t) {
  int64_t n = 1;
  for (int i = 0; i + 1 < t.rank; ++i) {
    n *= t.dims[i];
  }
  return n;
}

StepLayouts elementwiseLayouts(StepContext &ctx) {
  const TensorRef &first = ctx.output(0);
  bool fit = true;
  auto fits = [&](const TensorRef &t) {
    return t.dtype == first.dtype && sameShape(t, first) && t.isDense();
  };
  for (size_t i = 0; i < ctx.numInputs(); ++i) {
    fit &= fits(ctx.input(i));
  }
  for (size_t i = 0; i < ctx.numOutputs(); ++i) {
    fit &= fits(ctx.output(i));
  }
  LayoutChoice alike = {Layouts::Alike, lastDim(first)};
  StepLayouts layouts;
  if (fit) {
    layouts.inputs.assign(ctx.numInputs(), alike);
    layouts.outputs.assign(ctx.numOutputs(), alike);
  }
  return layouts;
}

int64_t lastDim(const TensorRef &t) {
  return t.rank == 0 ? 1 : t.dims[t.rank - 1];
}

Status expectFloat(const StepContext &ctx, const TensorRef &t,
                   const char *operand) {
  if (kernels::isFloat(t.dtype)) {
    return Status();
  }
  return ctx.bad(std::string(operand) + " is " + t.describe() +
                 ", expected f32 or bf16");
}

Status expectDenseFloat(const StepContext &ctx, const TensorRef &t,
                        const char *operand, const Shape &shape) {
  BERTC_RETURN_IF_ERROR(expectFloat(ctx, t, operand));
  BERTC_RETURN_IF_ERROR(ctx.expectShape(t, operand, shape));
  return ctx.expectDense(t, operand);
}

Status expectVector(const StepContext &ctx, const TensorRef &t,
                    const char *operand, DType dtype, int64_t elements) {
  BERTC_RETURN_IF_ERROR(ctx.expectDType(t, operand, dtype));
  if (t.numElements() != elements) {
    return ctx.bad(std::string(operand) + " is " + t.describe() +
                   ", expected " + std::to_string(elements) + " elements");
  }
  return ctx.expectDense(t, operand);
}

Status expectDropout(const StepContext &ctx, const TensorRef &rng, float rate) {
  if (!(rate >= 0.0f && rate < 1.0f)) {
    return ctx.bad("dropout rate is " + std::to_string(rate) +
                   ", expected at least 0 and below 1");
  }
  if (!rng.present) {
    return Status();
  }
  BERTC_RETURN_IF_ERROR(ctx.expectDType(rng, "rng", DType::I32));
  BERTC_RETURN_IF_ERROR(ctx.expectShape(rng, "rng", {4}));
  return ctx.expectDense(rng, "rng");
}

Status expectDropoutRows(const StepContext &ctx, const TensorRef &rows,
                         const TensorRef &rng, const TensorRef &x) {
  if (!rows.present) {
    return Status();
  }
  if (!rng.present) {
    return ctx.bad("rows are " + rows.describe() +
                   ", expected an rng with them, found none");
  }
  return expectVector(ctx, rows, "rows", DType::I32, leadingElements(x));
}

} // namespace bertc::rt
