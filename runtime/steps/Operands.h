// SPDX-License-Identifier: Apache-2.0
//
// Checks that several handlers share, and operands as the kernels see them.
#pragma once

#include "runtime/core/StepHandler.h"
#include "runtime/kernels/common/Operand.h"
#include "runtime/kernels/common/TargetName.h"
#include "runtime/kernels/dropout/Dropout.h"

namespace bertc::rt {

using PreparedStepOr = StatusOr<std::unique_ptr<PreparedStep>>;

kernels::OperandShape shapeOf(const TensorRef &t);
kernels::Buffer bufferOf(const TensorRef &t);

/// Product of all dimensions but the last; 1 for a scalar.
int64_t leadingElements(const TensorRef &t);
/// The last dimension; 1 for a scalar.
int64_t lastDim(const TensorRef &t);

/// Layouts of a step that treats all elements alike: any, if it is the same for
/// all operands, which are dense and of one type and shape.
StepLayouts elementwiseLayouts(StepContext &ctx);

/// Error unless f32 or bf16.
Status expectFloat(const StepContext &ctx, const TensorRef &t,
                   const char *operand);
/// Error unless f32 or bf16, dense, and of this shape.
Status expectDenseFloat(const StepContext &ctx, const TensorRef &t,
                        const char *operand, const Shape &shape);
/// Error unless dense, of this type and of this many elements in any shape.
Status expectVector(const StepContext &ctx, const TensorRef &t,
                    const char *operand, DType dtype, int64_t elements);
/// Error unless `rng`, when present, is a dense i32[4], and the rate lies in
/// [0, 1).
Status expectDropout(const StepContext &ctx, const TensorRef &rng, float rate);

/// Error unless `rows`, when present, comes with `rng` and is a dense i32
/// vector with a number for each row of x.
Status expectDropoutRows(const StepContext &ctx, const TensorRef &rows,
                         const TensorRef &rng, const TensorRef &x);

/// What a step needs to find the dropout of one run.
struct DropoutSource {
  float rate = 0.0f;
  uint32_t opId = 0;
  /// Null for no dropout.
  const int32_t *rng = nullptr;

  kernels::DropoutState state() const {
    return kernels::dropoutState(rate, opId, rng);
  }
};

/// makeStep() for a step that one of our kernels executes: profiles show the
/// instruction set it was dispatched to, or `name`.
template <typename Fn>
std::unique_ptr<PreparedStep>
makeKernelStep(Fn fn, const char *name = kernels::kernelTargetName()) {
  struct Step final : PreparedStep {
    Step(std::unique_ptr<PreparedStep> inner, const char *name)
        : inner(std::move(inner)), name(name) {}
    Status run(const RunContext &context) override {
      return inner->run(context);
    }
    const char *implementation() const override { return name; }
    std::unique_ptr<PreparedStep> inner;
    const char *name;
  };
  return std::make_unique<Step>(makeStep(std::move(fn)), name);
}

} // namespace bertc::rt
