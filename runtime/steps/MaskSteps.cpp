// SPDX-License-Identifier: Apache-2.0
//
// Handlers of the masks of packed sequences.

#include "runtime/kernels/mask/KeyRanges.h"
#include "runtime/steps/Operands.h"
#include "runtime/steps/Steps.h"

namespace bertc::rt {
namespace {

PreparedStepOr prepareKeyRanges(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(1, 1, 1, 1));
  const TensorRef &numbers = ctx.input(0);
  const TensorRef &ranges = ctx.output(0);
  if (numbers.rank != 2) {
    return ctx.bad("numbers are " + numbers.describe() +
                   ", expected [B,S] i32");
  }
  int64_t rows = numbers.dims[0], positions = numbers.dims[1];
  BERTC_RETURN_IF_ERROR(ctx.expectDType(numbers, "numbers", DType::I32));
  BERTC_RETURN_IF_ERROR(ctx.expectDense(numbers, "numbers"));
  BERTC_RETURN_IF_ERROR(ctx.expectDType(ranges, "ranges", DType::I32));
  BERTC_RETURN_IF_ERROR(ctx.expectDense(ranges, "ranges"));
  BERTC_RETURN_IF_ERROR(
      ctx.expectShape(ranges, "ranges", {rows, positions, 2}));
  BERTC_RETURN_IF_ERROR(ctx.expectNoOverlap());
  const auto *in = numbers.as<int32_t>();
  auto *out = ranges.as<int32_t>();
  return makeKernelStep(
      [=] { return kernels::keyRanges(rows, positions, in, out); });
}

PreparedStepOr prepareRangeMask(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(1, 1, 1, 1));
  const TensorRef &ranges = ctx.input(0);
  const TensorRef &mask = ctx.output(0);
  if (ranges.rank != 3 || ranges.dims[2] != 2) {
    return ctx.bad("ranges are " + ranges.describe() +
                   ", expected [B,S,2] i32");
  }
  int64_t rows = ranges.dims[0], positions = ranges.dims[1];
  BERTC_RETURN_IF_ERROR(ctx.expectDType(ranges, "ranges", DType::I32));
  BERTC_RETURN_IF_ERROR(ctx.expectDense(ranges, "ranges"));
  BERTC_RETURN_IF_ERROR(ctx.expectDType(mask, "mask", DType::F32));
  BERTC_RETURN_IF_ERROR(ctx.expectDense(mask, "mask"));
  BERTC_RETURN_IF_ERROR(
      ctx.expectShape(mask, "mask", {rows, 1, positions, positions}));
  BERTC_RETURN_IF_ERROR(ctx.expectNoOverlap());
  const auto *in = ranges.as<int32_t>();
  auto *out = mask.as<float>();
  return makeKernelStep([=] {
    kernels::rangeMask(rows, positions, in, out);
    return Status();
  });
}

} // namespace

void registerMaskSteps(StepRegistry &registry) {
  registry.add(plan::Params::KeyRangesParams, "KeyRanges", prepareKeyRanges);
  registry.add(plan::Params::RangeMaskParams, "RangeMask", prepareRangeMask);
}

} // namespace bertc::rt
