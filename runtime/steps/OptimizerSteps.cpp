// SPDX-License-Identifier: Apache-2.0
//
// Handlers of the steps that change variables. Their outputs are the storage of
// their inputs.

#include "runtime/kernels/optimizer/Optimizer.h"
#include "runtime/steps/Operands.h"
#include "runtime/steps/SplitLamb.h"
#include "runtime/steps/Steps.h"

#include <array>
#include <cmath>

namespace bertc::rt {
namespace {

// Error unless output o is input o, for the first `count` of both.
Status expectUpdatesInPlace(const StepContext &ctx, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (!sameWindow(ctx.input(i), ctx.output(i))) {
      return ctx.bad("output " + std::to_string(i) + " is not the storage of " +
                     "input " + std::to_string(i));
    }
  }
  return ctx.expectNoOverlap([](size_t i, size_t o) { return i == o; });
}

PreparedStepOr prepareAssignAdd(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(2, 3, 1, 1));
  const TensorRef &var = ctx.input(0);
  const TensorRef &x = ctx.input(1);
  const TensorRef &scale = ctx.input(2);
  BERTC_RETURN_IF_ERROR(ctx.expectDType(var, "var", DType::F32));
  BERTC_RETURN_IF_ERROR(expectFloat(ctx, x, "x"));
  BERTC_RETURN_IF_ERROR(ctx.expectShape(x, "x", var.shape()));
  if (scale.present) {
    BERTC_RETURN_IF_ERROR(expectVector(ctx, scale, "scale", DType::F32, 1));
  }
  BERTC_RETURN_IF_ERROR(expectUpdatesInPlace(ctx, 1));
  auto shape = kernels::makeElementwise(shapeOf(var), {shapeOf(x)});
  std::array<void *, 2> data = {var.data, x.data};
  const float *factor = scale.as<float>();
  return makeKernelStep([=] {
    kernels::assignAdd(factor == nullptr ? 1.0f : *factor, shape, data.data());
    return Status();
  });
}

// The operands that LAMB and AdamW share.
StatusOr<kernels::OptimizerArgs> optimizerArgs(StepContext &ctx) {
  BERTC_RETURN_IF_ERROR(ctx.expectOperands(6, 6, 4, 4));
  const TensorRef &var = ctx.input(0);
  constexpr const char *kNames[] = {"var", "m", "v", "accum"};
  for (size_t i = 0; i < 4; ++i) {
    const TensorRef &t = ctx.input(i);
    BERTC_RETURN_IF_ERROR(ctx.expectDType(t, kNames[i], DType::F32));
    BERTC_RETURN_IF_ERROR(ctx.expectShape(t, kNames[i], var.shape()));
    BERTC_RETURN_IF_ERROR(ctx.expectDense(t, kNames[i]));
  }
  BERTC_RETURN_IF_ERROR(
      expectVector(ctx, ctx.input(4), "learning_rate", DType::F32, 1));
  BERTC_RETURN_IF_ERROR(
      expectVector(ctx, ctx.input(5), "update_step", DType::I32, 1));
  BERTC_RETURN_IF_ERROR(expectUpdatesInPlace(ctx, 4));
  kernels::OptimizerArgs args;
  args.elements = var.numElements();
  args.var = var.as<float>();
  args.m = ctx.input(1).as<float>();
  args.v = ctx.input(2).as<float>();
  args.gradient = ctx.input(3).as<float>();
  return args;
}

template <typename Params>
Status setConstants(const StepContext &ctx, kernels::OptimizerArgs &args) {
  const auto &params = ctx.template params<Params>();
  args.beta1 = params.beta1();
  args.beta2 = params.beta2();
  args.eps = params.eps();
  args.weightDecay = params.weight_decay();
  bool good = args.beta1 >= 0 && args.beta1 < 1 && args.beta2 >= 0 &&
              args.beta2 < 1 && args.eps >= 0 &&
              std::isfinite(args.weightDecay);
  if (good) {
    return Status();
  }
  return ctx.bad("beta1 " + std::to_string(args.beta1) + ", beta2 " +
                 std::to_string(args.beta2) + ", eps " +
                 std::to_string(args.eps) + ", weight_decay " +
                 std::to_string(args.weightDecay) +
                 " are not all in range: betas in [0, 1), eps at least 0");
}

// The elements of the variable that this session updates.
StatusOr<ElementRange> ownElements(const StepContext &ctx, int64_t elements) {
  if (ctx.shards() == nullptr) {
    return ElementRange{0, elements};
  }
  const TensorRef &var = ctx.input(0);
  bool isVariable = var.storage == plan::Storage::Variable;
  if (!isVariable || (*ctx.shards())[var.index].elements != elements) {
    return ctx.bad("var is " + var.describe() +
                   ", expected a whole variable, as only those can be shared "
                   "by several sessions");
  }
  return (*ctx.shards())[var.index].own;
}

template <typename Params, void (*kernel)(const kernels::OptimizerArgs &)>
PreparedStepOr prepareOptimizer(StepContext &ctx) {
  BERTC_ASSIGN_OR_RETURN(kernels::OptimizerArgs args, optimizerArgs(ctx));
  BERTC_RETURN_IF_ERROR(setConstants<Params>(ctx, args));
  BERTC_ASSIGN_OR_RETURN(ElementRange own, ownElements(ctx, args.elements));
  const float *rate = ctx.input(4).as<float>();
  const auto *step = ctx.input(5).as<int32_t>();
  bool isWhole = own.count() == args.elements;
  if (std::is_same_v<Params, plan::LambParams> && ctx.shards() != nullptr) {
    std::shared_ptr<SplitLamb> split;
    if (!isWhole && own.count() > 0) {
      split = std::make_shared<SplitLamb>(ctx.input(0).index, args, own, rate,
                                          step);
    }
    ctx.requestExchange(split);
    if (split) {
      return makeKernelStep([split] { return split->finish(); });
    }
  }
  if (own.count() == 0) {
    return makeKernelStep([] { return Status(); });
  }
  args = stretchOf(args, own);
  return makeKernelStep([=]() mutable {
    if (*step < 1) {
      return invalidArgument("update_step is " + std::to_string(*step) +
                             ", expected to count from 1");
    }
    args.learningRate = *rate;
    args.updateStep = *step;
    kernel(args);
    return Status();
  });
}

} // namespace

void registerOptimizerSteps(StepRegistry &registry) {
  registry.add(plan::Params::AssignAddParams, "AssignAdd", prepareAssignAdd);
  registry.add(plan::Params::LambParams, "Lamb",
               prepareOptimizer<plan::LambParams, kernels::lamb>);
  registry.add(plan::Params::AdamWParams, "AdamW",
               prepareOptimizer<plan::AdamWParams, kernels::adamW>);
}

} // namespace bertc::rt
