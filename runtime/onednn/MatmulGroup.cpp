// SPDX-License-Identifier: Apache-2.0

#include "runtime/onednn/MatmulGroup.h"

#include "runtime/onednn/MatmulStep.h"
#include "runtime/onednn/TileMatmul.h"

namespace bertc::rt {
namespace {

/// One product after the other, in the same scratch memory.
class SequenceStep final : public PreparedStep {
public:
  explicit SequenceStep(std::vector<std::unique_ptr<PreparedStep>> products)
      : products_(std::move(products)) {}

  const char *implementation() const override {
    return products_.front()->implementation();
  }
  Status run(const RunContext &context) override {
    for (const std::unique_ptr<PreparedStep> &product : products_) {
      BERTC_RETURN_IF_ERROR(product->run(context));
    }
    return Status();
  }

private:
  std::vector<std::unique_ptr<PreparedStep>> products_;
};

/// Product `i` of the group as a step of its own.
StepContext contextOf(const StepContext &ctx, size_t i) {
  size_t count = ctx.numOutputs();
  return StepContext(ctx.step(),
                     {ctx.input(0), ctx.input(1 + i), ctx.input(1 + count + i)},
                     {ctx.output(i)}, ctx.threads(), ctx.packedWeights());
}

Status checkOperands(const StepContext &ctx) {
  size_t count = ctx.numOutputs();
  if (count < 2) {
    return ctx.bad("it makes " + std::to_string(count) +
                   " products, expected at least 2");
  }
  BERTC_RETURN_IF_ERROR(
      ctx.expectOperands(1 + count, 1 + 2 * count, count, count));
  if (ctx.numInputs() != 1 + count && ctx.numInputs() != 1 + 2 * count) {
    return ctx.bad("it has " + std::to_string(ctx.numInputs()) +
                   " inputs, expected a, " + std::to_string(count) +
                   " b and as many biases or none");
  }
  return ctx.expectNoOverlap();
}

// The products, and each as a step of its own.
StatusOr<std::vector<MatmulProblem>>
readProducts(StepContext &ctx, std::vector<StepContext> *contexts) {
  BERTC_RETURN_IF_ERROR(checkOperands(ctx));
  std::vector<MatmulProblem> problems;
  for (size_t i = 0; i < ctx.numOutputs(); ++i) {
    contexts->push_back(contextOf(ctx, i));
    StatusOr<MatmulProblem> problem = readPlainMatmul(contexts->back());
    if (!problem.ok()) {
      return problem.status().annotate("product " + std::to_string(i));
    }
    problems.push_back(std::move(*problem));
  }
  return problems;
}

} // namespace

StepLayouts layoutsOfMatmulGroup(StepContext &ctx) {
  std::vector<StepContext> contexts;
  auto problems = readProducts(ctx, &contexts);
  return problems.ok() ? matmulGroupLayouts(*problems) : StepLayouts();
}

StatusOr<std::unique_ptr<PreparedStep>> prepareMatmulGroup(StepContext &ctx) {
  std::vector<StepContext> contexts;
  BERTC_ASSIGN_OR_RETURN(std::vector<MatmulProblem> problems,
                         readProducts(ctx, &contexts));
  std::unique_ptr<PreparedStep> together = prepareTileGroup(ctx, problems);
  if (together != nullptr) {
    return together;
  }
  std::vector<std::unique_ptr<PreparedStep>> products;
  for (size_t i = 0; i < problems.size(); ++i) {
    BERTC_ASSIGN_OR_RETURN(auto product,
                           prepareProduct(contexts[i], std::move(problems[i])));
    products.push_back(std::move(product));
    ctx.requestScratch(contexts[i].scratchBytes());
  }
  return std::unique_ptr<PreparedStep>(
      std::make_unique<SequenceStep>(std::move(products)));
}

} // namespace bertc::rt
