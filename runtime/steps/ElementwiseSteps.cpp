// SPDX-License-Identifier: Apache-2.0
//
// Handlers of the elementwise step kinds. All of them may write in place of an
// input that is the very same window.

#include "runtime/kernels/elementwise/Elementwise.h"
#include "runtime/steps/Operands.h"
#include "runtime/steps/Steps.h"

#include <array>

namespace bertc::rt {
namespace {

constexpr auto kAnyInPlace = [](size_t, size_t) { return true; };

// Error unless `t` broadcasts to the output.
Status expectBroadcast(const StepContext &ctx, const TensorRef &t,
                       const char *operand, const TensorRef &out) {
  if (kernels::broadcastsTo(shapeOf(t), shapeOf(out))) {
    return Status();
  }
  return ctx.bad(std::string(operand) + " is " + t.describe() +
                 ", which does not broadcast to the output " + out.describe());
}

// Error unless some axis of the output comes from each input whole: the output
// has the shape numpy gives the inputs.
Status expectBroadcastResult(const StepContext &ctx, const TensorRef &out) {
  for (int axis = 0; axis < out.rank; ++axis) {
    int64_t dim = 1;
    int rank = 0;
    for (size_t i = 0; i < ctx.numInputs(); ++i) {
      const TensorRef &in = ctx.input(i);
      int own = axis - (out.rank - in.rank);
      rank = std::max(rank, in.rank);
      if (own >= 0 && in.dims[own] != 1) {
        dim = in.dims[own];
      }
    }
    if (dim != out.dims[axis] || axis < out.rank - rank) {
      return ctx.bad("output is " + out.describe() +
                     ", larger than its inputs broadcast together");
    }
  }
  return Status();
}

std::string typesText(std::initializer_list<TensorRef> operands) {
  std::string text;
  for (const TensorRef &t : operands) {
    text += (text.empty() ? "" : ", ") + std::string(dtypeName(t.dtype));
  }
  return text;
}

PreparedStepOr prepareUnary(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(1, 1, 1, 1));
  const TensorRef &x = ctx.input(0);
  const TensorRef &y = ctx.output(0);
  auto kind =
      static_cast<kernels::UnaryKind>(ctx.params<plan::UnaryParams>().kind());
  if (!kernels::unarySupports(kind, y.dtype, x.dtype)) {
    return ctx.bad("no unary kernel of kind " +
                   std::to_string(static_cast<int>(kind)) + " from " +
                   dtypeName(x.dtype) + " to " + dtypeName(y.dtype));
  }
  BERTC_RETURN_IF_ERROR(ctx.expectShape(y, "output", x.shape()));
  BERTC_RETURN_IF_ERROR(ctx.expectNoOverlap(kAnyInPlace));
  auto shape = kernels::makeElementwise(shapeOf(y), {shapeOf(x)});
  std::array<void *, 2> data = {y.data, x.data};
  return makeKernelStep([=] {
    kernels::unary(kind, shape, data.data());
    return Status();
  });
}

// Shapes, overlaps and iteration space of a step with two or three inputs.
Status checkBroadcastStep(StepContext &ctx,
                          std::initializer_list<const char *> names) {
  const TensorRef &out = ctx.output(0);
  size_t i = 0;
  for (const char *name : names) {
    BERTC_RETURN_IF_ERROR(expectBroadcast(ctx, ctx.input(i++), name, out));
  }
  BERTC_RETURN_IF_ERROR(expectBroadcastResult(ctx, out));
  return ctx.expectNoOverlap(kAnyInPlace);
}

PreparedStepOr prepareBinary(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(2, 2, 1, 1));
  const TensorRef &x = ctx.input(0);
  const TensorRef &y = ctx.input(1);
  const TensorRef &z = ctx.output(0);
  auto kind =
      static_cast<kernels::BinaryKind>(ctx.params<plan::BinaryParams>().kind());
  if (!kernels::binarySupports(kind, z.dtype, x.dtype, y.dtype)) {
    return ctx.bad("no binary kernel of kind " +
                   std::to_string(static_cast<int>(kind)) + " from " +
                   typesText({x, y}) + " to " + dtypeName(z.dtype));
  }
  BERTC_RETURN_IF_ERROR(checkBroadcastStep(ctx, {"x", "y"}));
  auto shape = kernels::makeElementwise(shapeOf(z), {shapeOf(x), shapeOf(y)});
  std::array<void *, 3> data = {z.data, x.data, y.data};
  return makeKernelStep([=] {
    kernels::binary(kind, shape, data.data());
    return Status();
  });
}

PreparedStepOr prepareCompare(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(2, 2, 1, 1));
  const TensorRef &x = ctx.input(0);
  const TensorRef &y = ctx.input(1);
  const TensorRef &z = ctx.output(0);
  auto kind = static_cast<kernels::CompareKind>(
      ctx.params<plan::CompareParams>().kind());
  if (kind > kernels::CompareKind::Ge ||
      !kernels::compareSupports(z.dtype, x.dtype, y.dtype)) {
    return ctx.bad("no compare kernel of kind " +
                   std::to_string(static_cast<int>(kind)) + " from " +
                   typesText({x, y}) + " to " + dtypeName(z.dtype));
  }
  BERTC_RETURN_IF_ERROR(checkBroadcastStep(ctx, {"x", "y"}));
  auto shape = kernels::makeElementwise(shapeOf(z), {shapeOf(x), shapeOf(y)});
  std::array<void *, 3> data = {z.data, x.data, y.data};
  return makeKernelStep([=] {
    kernels::compare(kind, shape, data.data());
    return Status();
  });
}

PreparedStepOr prepareSelect(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(3, 3, 1, 1));
  const TensorRef &condition = ctx.input(0);
  const TensorRef &x = ctx.input(1);
  const TensorRef &y = ctx.input(2);
  const TensorRef &z = ctx.output(0);
  if (!kernels::selectSupports(z.dtype, condition.dtype, x.dtype, y.dtype)) {
    return ctx.bad("no select kernel from " + typesText({condition, x, y}) +
                   " to " + dtypeName(z.dtype) +
                   ", expected bool and three equal types");
  }
  BERTC_RETURN_IF_ERROR(checkBroadcastStep(ctx, {"condition", "x", "y"}));
  auto shape = kernels::makeElementwise(
      shapeOf(z), {shapeOf(condition), shapeOf(x), shapeOf(y)});
  std::array<void *, 4> data = {z.data, condition.data, x.data, y.data};
  return makeKernelStep([=] {
    kernels::select(shape, data.data());
    return Status();
  });
}

PreparedStepOr prepareFill(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(0, 0, 1, 1));
  const TensorRef &y = ctx.output(0);
  double value = ctx.params<plan::FillParams>().value();
  bool integer = y.dtype == DType::I32 || y.dtype == DType::I64;
  double limit = y.dtype == DType::I32 ? 2147483647.0 : 9007199254740992.0;
  if (integer && !(value >= -limit && value <= limit)) {
    return ctx.bad("fill value " + std::to_string(value) +
                   " does not fit the output " + y.describe());
  }
  auto shape = kernels::makeElementwise(shapeOf(y), {});
  void *data = y.data;
  return makeKernelStep([=] {
    kernels::fill(value, shape, &data);
    return Status();
  });
}

PreparedStepOr prepareAddN(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(1, SIZE_MAX, 1, 1));
  const TensorRef &y = ctx.output(0);
  BERTC_RETURN_IF_ERROR(expectFloat(ctx, y, "output"));
  BERTC_RETURN_IF_ERROR(ctx.expectDense(y, "output"));
  std::vector<kernels::Buffer> inputs;
  for (size_t i = 0; i < ctx.numInputs(); ++i) {
    const TensorRef &x = ctx.input(i);
    std::string name = "input " + std::to_string(i);
    if (!x.present) {
      return ctx.bad(name + " is missing");
    }
    BERTC_RETURN_IF_ERROR(expectDenseFloat(ctx, x, name.c_str(), y.shape()));
    inputs.push_back(bufferOf(x));
  }
  BERTC_RETURN_IF_ERROR(ctx.expectNoOverlap(kAnyInPlace));
  kernels::Buffer out = bufferOf(y);
  int64_t elements = y.numElements();
  return makeKernelStep([=] {
    kernels::addN(out, inputs.data(), static_cast<int>(inputs.size()),
                  elements);
    return Status();
  });
}

} // namespace

void registerElementwiseSteps(StepRegistry &registry) {
  registry.add(plan::Params::UnaryParams, "Unary", prepareUnary,
               elementwiseLayouts);
  registry.add(plan::Params::BinaryParams, "Binary", prepareBinary);
  registry.add(plan::Params::CompareParams, "Compare", prepareCompare);
  registry.add(plan::Params::SelectParams, "Select", prepareSelect);
  registry.add(plan::Params::FillParams, "Fill", prepareFill);
  registry.add(plan::Params::AddNParams, "AddN", prepareAddN);
}

} // namespace bertc::rt
