// SPDX-License-Identifier: Apache-2.0
//
// Handlers of the steps in which workers add up their accumulators. The sums
// themselves are the exchange's (bertc/exchange.h); here are what it is handed,
// and what has to be done again where a worker clips.

#include "bertc/exchange.h"
#include "runtime/core/ParallelMemory.h"
#include "runtime/kernels/optimizer/Optimizer.h"
#include "runtime/steps/Operands.h"
#include "runtime/steps/Steps.h"

#include <array>

namespace bertc::rt {
namespace {

// Variables side by side: one piece of memory with a few bytes, always zero,
// that align them.
struct Bucket {
  float *data = nullptr;
  int64_t elements = 0;
};

StatusOr<Bucket> bucketOf(const StepContext &ctx, size_t first, size_t count) {
  constexpr int64_t kMostBetween = 128 / sizeof(float);
  Bucket bucket;
  for (size_t i = first; i < first + count; ++i) {
    const TensorRef &t = ctx.input(i);
    std::string name = "variable " + std::to_string(i);
    BERTC_RETURN_IF_ERROR(ctx.expectDType(t, name.c_str(), DType::F32));
    BERTC_RETURN_IF_ERROR(ctx.expectDense(t, name.c_str()));
    if (t.storage != plan::Storage::Variable) {
      return ctx.bad(name + " is not a variable");
    }
    if (i == first) {
      bucket.data = t.as<float>();
    }
    int64_t gap = t.as<float>() - (bucket.data + bucket.elements);
    if (gap < 0 || gap >= kMostBetween) {
      return ctx.bad(name + " does not lie behind the one before it in its "
                            "bucket");
    }
    bucket.elements += gap + t.numElements();
  }
  return bucket;
}

PreparedStepOr prepareAllReduce(StepContext &ctx) {
  size_t count = ctx.numInputs();
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(1, SIZE_MAX, count, count));
  for (size_t i = 0; i < count; ++i) {
    if (!ctx.input(i).present || !sameWindow(ctx.input(i), ctx.output(i))) {
      return ctx.bad("output " + std::to_string(i) +
                     " is not the storage of input " + std::to_string(i));
    }
  }
  BERTC_ASSIGN_OR_RETURN(Bucket bucket, bucketOf(ctx, 0, count));
  const auto &params = ctx.params<plan::AllReduceParams>();
  uint32_t number = params.bucket();
  bool early = params.early();
  return makeStep([=](const RunContext &context) {
    if (context.exchange && (!early || context.exchange->early())) {
      return context.exchange->start(number, bucket.data, bucket.elements);
    }
    return Status();
  });
}

// One variable as it is formed again.
struct Again {
  void *variable, *old, *gradient;
  size_t bytes;
  kernels::ElementwiseShape shape;
};

struct Settling {
  const float *scale = nullptr;
  std::vector<Again> variables;
  std::vector<Bucket> buckets;
  std::vector<uint32_t> sizes;

  Status run(const RunContext &context) const;
  Status again(GradientExchange *exchange) const;
};

Status Settling::run(const RunContext &context) const {
  bool repeat = !(*scale == 1.0f); // a norm that is not finite makes it NaN
  GradientExchange *exchange = context.exchange;
  if (exchange) {
    BERTC_ASSIGN_OR_RETURN(repeat, exchange->mustRepeat(repeat));
    BERTC_RETURN_IF_ERROR(exchange->finish());
  }
  if (!repeat) {
    return Status();
  }
  BERTC_RETURN_IF_ERROR(again(exchange));
  return exchange ? exchange->finish() : Status();
}

// A bucket travels while the next one is formed.
Status Settling::again(GradientExchange *exchange) const {
  size_t at = 0;
  for (uint32_t i = 0; i < buckets.size(); ++i) {
    for (uint32_t k = 0; k < sizes[i]; ++k, ++at) {
      const Again &each = variables[at];
      parallelCopy(each.variable, each.old, each.bytes);
      std::array<void *, 2> data = {each.variable, each.gradient};
      kernels::assignAdd(*scale, each.shape, data.data());
    }
    if (exchange) {
      BERTC_RETURN_IF_ERROR(
          exchange->start(i, buckets[i].data, buckets[i].elements));
    }
  }
  return Status();
}

Status addVariable(const StepContext &ctx, size_t count, size_t i,
                   Settling *settling) {
  const TensorRef &variable = ctx.input(1 + i);
  const TensorRef &old = ctx.input(1 + count + i);
  const TensorRef &gradient = ctx.input(1 + 2 * count + i);
  std::string which = std::to_string(i);
  if (!variable.present || !old.present || !gradient.present ||
      !sameWindow(variable, ctx.output(i))) {
    return ctx.bad("output " + which + " is not the storage of variable " +
                   which + ", or an operand is missing");
  }
  Shape shape = variable.shape();
  std::string oldName = "old " + which, gradName = "grad " + which;
  BERTC_RETURN_IF_ERROR(ctx.expectDType(old, oldName.c_str(), DType::F32));
  BERTC_RETURN_IF_ERROR(ctx.expectShape(old, oldName.c_str(), shape));
  BERTC_RETURN_IF_ERROR(ctx.expectDense(old, oldName.c_str()));
  BERTC_RETURN_IF_ERROR(
      expectDenseFloat(ctx, gradient, gradName.c_str(), shape));
  settling->variables.push_back(
      {variable.data, old.data, gradient.data, variable.extentBytes(),
       kernels::makeElementwise(shapeOf(variable), {shapeOf(gradient)})});
  return Status();
}

PreparedStepOr prepareSettle(StepContext &ctx) {
  const auto *sizes = ctx.params<plan::AllReduceSettleParams>().bucket_sizes();
  size_t count = ctx.numInputs() / 3, first = 1;
  BERTC_RETURN_IF_ERROR(
      ctx.expectOperands(1 + 3 * count, 1 + 3 * count, count, count));
  BERTC_RETURN_IF_ERROR(
      expectVector(ctx, ctx.input(0), "scale", DType::F32, 1));
  auto settling = std::make_shared<Settling>();
  settling->scale = ctx.input(0).as<float>();
  for (uint32_t i = 0; sizes && i < sizes->size(); ++i) {
    uint32_t size = sizes->Get(i);
    if (size == 0 || size > count + 1 - first) {
      return ctx.bad("bucket " + std::to_string(i) + " has " +
                     std::to_string(size) + " variables of the " +
                     std::to_string(count + 1 - first) + " that are left");
    }
    BERTC_ASSIGN_OR_RETURN(Bucket bucket, bucketOf(ctx, first, size));
    settling->buckets.push_back(bucket);
    settling->sizes.push_back(size);
    first += size;
  }
  if (first != count + 1) {
    return ctx.bad("its buckets have " + std::to_string(first - 1) + " of " +
                   std::to_string(count) + " variables");
  }
  for (size_t i = 0; i < count; ++i) {
    BERTC_RETURN_IF_ERROR(addVariable(ctx, count, i, settling.get()));
  }
  BERTC_RETURN_IF_ERROR(
      ctx.expectNoOverlap([](size_t i, size_t o) { return i == o + 1; }));
  return makeKernelStep(
      [=](const RunContext &context) { return settling->run(context); });
}

} // namespace

void registerExchangeSteps(StepRegistry &registry) {
  registry.add(plan::Params::AllReduceParams, "AllReduce", prepareAllReduce);
  registry.add(plan::Params::AllReduceSettleParams, "AllReduceSettle",
               prepareSettle);
}

} // namespace bertc::rt
