// SPDX-License-Identifier: Apache-2.0

#include "compiler/emit/StepWriter.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace bertc {

namespace {

/// A description whose operands are the operation's own, in order.
template <typename ParamsT>
StepDescription plain(Operation *op, ParamsT params) {
  StepDescription step;
  step.params.Set(std::move(params));
  llvm::append_range(step.inputs, op->getOperands());
  llvm::append_range(step.outputs, op->getResults());
  return step;
}

/// A description with the operands of the schema; missing ones at the end are
/// left away.
template <typename ParamsT>
StepDescription listed(ParamsT params, ArrayRef<Value> inputs,
                       ArrayRef<Value> outputs) {
  StepDescription step;
  step.params.Set(std::move(params));
  step.inputs.assign(inputs.begin(), inputs.end());
  step.outputs.assign(outputs.begin(), outputs.end());
  for (auto *list : {&step.inputs, &step.outputs}) {
    while (!list->empty() && !list->back()) {
      list->pop_back();
    }
  }
  return step;
}

float number(llvm::APFloat value) { return value.convertToFloat(); }

/// Parameters that carry nothing but their type.
template <typename ParamsT> StepDescription bare(Operation *op) {
  return plain(op, ParamsT());
}

/// Parameters with a `kind` numbered as the dialect's enumeration.
template <typename ParamsT, typename OpTy> StepDescription kinded(OpTy op) {
  ParamsT params;
  params.kind = static_cast<decltype(params.kind)>(op.getKind());
  return plain(op, params);
}

/// Parameters of dropout alone.
template <typename ParamsT, typename OpTy>
void setDropout(ParamsT &p, OpTy op) {
  p.rate = number(op.getRate());
  p.op_id = op.getOpId();
}

StepDescription matmul(cpu::MatmulOp op) {
  plan::MatmulParamsT params;
  params.scale = number(op.getScale());
  params.accumulate = bool(op.getAccumulator());
  if (std::optional<cpu::UnaryKind> kind = op.getActivation()) {
    params.activation = static_cast<plan::UnaryKind>(*kind);
  }
  return listed(
      params,
      {op.getA(), op.getB(), op.getBias(), op.getResidual(), op.getFactor()},
      {op.getResult()});
}

StepDescription attention(cpu::AttentionOp op) {
  plan::AttentionParamsT params;
  params.scale = number(op.getScale());
  setDropout(params, op);
  return listed(params,
                {op.getQ(), op.getK(), op.getV(), op.getMask(), op.getRng(),
                 op.getRanges()},
                {op.getOut(), op.getLse()});
}

StepDescription attentionGrad(cpu::AttentionGradOp op) {
  plan::AttentionGradParamsT params;
  params.scale = number(op.getScale());
  setDropout(params, op);
  return listed(params,
                {op.getDout(), op.getQ(), op.getK(), op.getV(), op.getLse(),
                 op.getMask(), op.getRng(), op.getRanges()},
                {op.getDq(), op.getDk(), op.getDv()});
}

StepDescription reduce(cpu::ReduceOp op) {
  plan::ReduceParamsT params;
  params.kind = static_cast<plan::ReduceKind>(op.getKind());
  params.axes.assign(op.getAxes().begin(), op.getAxes().end());
  params.keep_dims = op.getKeepDims();
  return plain(op, params);
}

StepDescription softmax(cpu::SoftmaxOp op) {
  plan::SoftmaxParamsT params;
  params.scale = number(op.getScale());
  setDropout(params, op);
  return listed(params, {op.getX(), op.getMask(), op.getRng()},
                {op.getSoftmax(), op.getDropped()});
}

StepDescription softmaxGrad(cpu::SoftmaxGradOp op) {
  plan::SoftmaxGradParamsT params;
  params.scale = number(op.getScale());
  setDropout(params, op);
  return plain(op, params);
}

StepDescription layerNorm(cpu::LayerNormOp op) {
  plan::LayerNormParamsT params;
  params.eps = number(op.getEps());
  setDropout(params, op);
  return listed(params,
                {op.getX(), op.getGamma(), op.getBeta(), op.getResidual(),
                 op.getRng(), op.getRows()},
                {op.getY(), op.getMean(), op.getRstd(), op.getZ()});
}

template <typename ParamsT, typename OpTy> StepDescription optimizer(OpTy op) {
  ParamsT params;
  params.beta1 = number(op.getBeta1());
  params.beta2 = number(op.getBeta2());
  params.eps = number(op.getEps());
  params.weight_decay = number(op.getWeightDecay());
  StepDescription step = plain(op, params);
  step.outputs = {op.getVariable(), op.getM(), op.getV(), op.getAccum()};
  return step;
}

template <typename ParamsT, typename OpTy> StepDescription dropped(OpTy op) {
  ParamsT params;
  setDropout(params, op);
  return plain(op, params);
}

template <typename ParamsT, typename OpTy> StepDescription gathered(OpTy op) {
  ParamsT params;
  params.batch_dims = op.getBatchDims();
  return plain(op, params);
}

StepDescription rowNumbers(cpu::RowNumbersOp op) {
  plan::RowNumbersParamsT params;
  params.sequence_length = static_cast<uint32_t>(op.getSequenceLength());
  return plain(op, params);
}

plan::WireType wireType(bool bf16) {
  return bf16 ? plan::WireType::BF16 : plan::WireType::F32;
}

StepDescription allReduce(cpu::AllReduceOp op) {
  plan::AllReduceParamsT params;
  params.bucket = op.getBucket();
  params.wire = wireType(op.getBf16());
  params.early = op.getEarly();
  StepDescription step = plain(op, params);
  step.outputs = step.inputs;
  return step;
}

StepDescription allReduceSettle(cpu::AllReduceSettleOp op) {
  plan::AllReduceSettleParamsT params;
  params.bucket_sizes.assign(op.getBucketSizes().begin(),
                             op.getBucketSizes().end());
  params.wire = wireType(op.getBf16());
  StepDescription step = plain(op, params);
  llvm::append_range(step.outputs, op.getVariables());
  return step;
}

} // namespace

FailureOr<StepDescription> describeStep(Operation *operation) {
  using Result = FailureOr<StepDescription>;
  return llvm::TypeSwitch<Operation *, Result>(operation)
      .Case([](cpu::MatmulOp op) { return matmul(op); })
      .Case([](cpu::MatmulGroupOp op) {
        return bare<plan::MatmulGroupParamsT>(op);
      })
      .Case([](cpu::MatmulSumsOp op) {
        return listed(plan::MatmulParamsT(), {op.getA(), op.getB()},
                      {op.getC(), op.getSums()});
      })
      .Case([](cpu::UnaryOp op) { return kinded<plan::UnaryParamsT>(op); })
      .Case([](cpu::BinaryOp op) { return kinded<plan::BinaryParamsT>(op); })
      .Case([](cpu::CompareOp op) { return kinded<plan::CompareParamsT>(op); })
      .Case([](cpu::SelectOp op) { return bare<plan::SelectParamsT>(op); })
      .Case([](cpu::FillOp op) {
        plan::FillParamsT params;
        params.value = op.getValue().convertToDouble();
        return plain(op, params);
      })
      .Case([](cpu::InsertOp op) {
        // Its output is a window of the result; the entry writer makes it.
        return listed(plan::UnaryParamsT(), {op.getSource()}, {op.getResult()});
      })
      .Case([](cpu::AssignOp op) {
        return listed(plan::UnaryParamsT(), {op.getValue()},
                      {op.getVariable()});
      })
      .Case([](cpu::AssignAddOp op) {
        return listed(plan::AssignAddParamsT(),
                      {op.getVariable(), op.getValue(), op.getScale()},
                      {op.getVariable()});
      })
      .Case([](cpu::AllReduceOp op) { return allReduce(op); })
      .Case([](cpu::AllReduceSettleOp op) { return allReduceSettle(op); })
      .Case([](cpu::LambOp op) { return optimizer<plan::LambParamsT>(op); })
      .Case([](cpu::AdamWOp op) { return optimizer<plan::AdamWParamsT>(op); })
      .Case([](cpu::DropoutOp op) { return dropped<plan::DropoutParamsT>(op); })
      .Case([](cpu::SoftmaxOp op) { return softmax(op); })
      .Case([](cpu::SoftmaxGradOp op) { return softmaxGrad(op); })
      .Case([](cpu::LayerNormOp op) { return layerNorm(op); })
      .Case([](cpu::LayerNormGradOp op) {
        return dropped<plan::LayerNormGradParamsT>(op);
      })
      .Case([](cpu::ReduceOp op) { return reduce(op); })
      .Case([](cpu::ArgMaxOp op) { return bare<plan::ArgMaxParamsT>(op); })
      .Case([](cpu::L2LossOp op) { return bare<plan::L2LossParamsT>(op); })
      .Case([](cpu::AddNOp op) { return bare<plan::AddNParamsT>(op); })
      .Case([](cpu::GatherOp op) { return gathered<plan::GatherParamsT>(op); })
      .Case([](cpu::GatherGradOp op) {
        return gathered<plan::GatherGradParamsT>(op);
      })
      .Case([](cpu::RowNumbersOp op) { return rowNumbers(op); })
      .Case(
          [](cpu::KeyRangesOp op) { return bare<plan::KeyRangesParamsT>(op); })
      .Case(
          [](cpu::RangeMaskOp op) { return bare<plan::RangeMaskParamsT>(op); })
      .Case([](cpu::LogSoftmaxOp op) {
        return bare<plan::LogSoftmaxParamsT>(op);
      })
      .Case([](cpu::LogSoftmaxGradOp op) {
        return bare<plan::LogSoftmaxGradParamsT>(op);
      })
      .Case([](cpu::NllOp op) { return bare<plan::NllParamsT>(op); })
      .Case([](cpu::NllGradOp op) { return bare<plan::NllGradParamsT>(op); })
      .Case([](cpu::GeluWithDerivativeOp op) {
        return kinded<plan::GeluWithDerivativeParamsT>(op);
      })
      .Case([](cpu::GeluBackwardOp op) {
        return kinded<plan::GeluBackwardParamsT>(op);
      })
      .Case([](cpu::CrossEntropyOp op) {
        return bare<plan::CrossEntropyParamsT>(op);
      })
      .Case([](cpu::CrossEntropyGradOp op) {
        return bare<plan::CrossEntropyGradParamsT>(op);
      })
      .Case([](cpu::AttentionOp op) { return attention(op); })
      .Case([](cpu::AttentionGradOp op) { return attentionGrad(op); })
      .Default([](Operation *) -> Result { return failure(); });
}

} // namespace bertc
