// SPDX-License-Identifier: Apache-2.0

#include "runtime/onednn/ColumnSums.h"

#include "runtime/kernels/reduce/Reduce.h"

namespace bertc::rt {
namespace {

class SummingStep final : public PreparedStep {
public:
  SummingStep(std::unique_ptr<PreparedStep> product,
              const kernels::ReduceShape &shape, kernels::Buffer sums,
              kernels::Buffer b)
      : product_(std::move(product)), shape_(shape), sums_(sums), b_(b) {}

  const char *implementation() const override {
    return product_->implementation();
  }
  Status run(const RunContext &context) override {
    BERTC_RETURN_IF_ERROR(product_->run(context));
    kernels::reduce(kernels::ReduceKind::Sum, shape_, sums_, b_,
                    context.scratch);
    return Status();
  }

private:
  std::unique_ptr<PreparedStep> product_;
  kernels::ReduceShape shape_;
  kernels::Buffer sums_, b_;
};

} // namespace

std::unique_ptr<PreparedStep>
withColumnSums(StepContext &ctx, std::unique_ptr<PreparedStep> product) {
  const TensorRef &b = ctx.input(1), &sums = ctx.output(1);
  constexpr uint32_t kRows = 0;
  kernels::ReduceShape shape = kernels::reduceShape(b.dims, b.rank, &kRows, 1);
  ctx.requestScratch(static_cast<size_t>(kernels::reduceScratch(shape)));
  return std::make_unique<SummingStep>(std::move(product), shape,
                                       kernels::Buffer{sums.data, sums.dtype},
                                       kernels::Buffer{b.data, b.dtype});
}

} // namespace bertc::rt
