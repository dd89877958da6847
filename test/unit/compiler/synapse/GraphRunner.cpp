// SPDX-License-Identifier: Apache-2.0
#include "test/unit/compiler/synapse/GraphRunner.h"

#include "dialects/bert/BertDialect.h"
#include "dialects/synapse/DeviceTypes.h"
#include "dialects/synapse/SynapseNodes.h"
#include "runtime/kernels/philox/Philox.h"

#include <cmath>
#include <cstring>

using namespace mlir;
using namespace bertc::interpret;

namespace bertc {

namespace {

rt::syn::synDataType dataType(Type element) {
  if (element.isF32()) {
    return rt::syn::syn_type_float;
  }
  if (element.isBF16()) {
    return rt::syn::syn_type_bf16;
  }
  return element.isInteger(32) ? rt::syn::syn_type_int32
                               : rt::syn::syn_type_int8;
}

RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// A tensor of `bytes`; a value of type none is an operand left out.
standin::OpTensor opTensor(Value value, std::vector<uint8_t> *bytes) {
  standin::OpTensor tensor;
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type) {
    return tensor;
  }
  tensor.dtype = dataType(type.getElementType());
  tensor.rank = static_cast<int>(type.getRank());
  for (auto [i, size] : llvm::enumerate(type.getShape())) {
    tensor.sizes[i] = size;
  }
  tensor.data = bytes->data();
  return tensor;
}

std::string nameOf(DictionaryAttr attributes) {
  return attributes.getAs<StringAttr>(bert::kNameAttr).str();
}

uint32_t wordOf(const Tensor &tensor, int64_t i) {
  return static_cast<uint32_t>(static_cast<int64_t>(tensor[i]));
}

} // namespace

void GraphRunner::derive(synapse::DerivedOp op) {
  auto bytes = std::make_shared<std::vector<uint8_t>>(4);
  if (op.getKind() == synapse::DerivedKind::DropoutSeed) {
    const Tensor &rng = inputs_.at("rng");
    philox::Block block = philox::philox4x32(
        {0, 0, static_cast<uint32_t>(*op.getOpId()), wordOf(rng, 2)},
        wordOf(rng, 0), wordOf(rng, 1));
    std::memcpy(bytes->data(), &block[0], 4);
  } else {
    double step = inputs_.at("update_step")[0];
    auto value =
        static_cast<float>(1 - std::pow(op.getBase()->convertToDouble(), step));
    std::memcpy(bytes->data(), &value, 4);
  }
  values_[op.getResult()] = bytes;
}

Status GraphRunner::loadVariables() {
  for (auto &[name, tensor] : variables_) {
    BERTC_ASSIGN_OR_RETURN(std::vector<uint8_t> bytes,
                           tensor.toBytes(tensor.dtype));
    memory_[name] = std::make_shared<std::vector<uint8_t>>(std::move(bytes));
  }
  return Status::okStatus();
}

Status GraphRunner::storeVariables() {
  for (auto &[name, tensor] : variables_) {
    BERTC_ASSIGN_OR_RETURN(tensor, Tensor::fromBytes(tensor.dtype, tensor.shape,
                                                     memory_[name]->data()));
  }
  return Status::okStatus();
}

Status GraphRunner::runNode(synapse::NodeOp node) {
  std::string guid = node.getGuid().str();
  std::vector<uint8_t> params = synapse::encodeParams(node);
  standin::OpCall call;
  call.guid = guid.c_str();
  call.params = params.empty() ? nullptr : params.data();
  call.paramsSize = static_cast<unsigned>(params.size());
  for (Value input : node.getInputs()) {
    call.in.push_back(opTensor(input, values_.lookup(input).get()));
  }
  for (Value output : node.getOutputs()) {
    // Not zeros: a result that is not written shows.
    Bytes place = placed_.lookup(output);
    values_[output] = place ? place
                            : std::make_shared<std::vector<uint8_t>>(
                                  synapse::bytesOf(typeOf(output)), 0xff);
    call.out.push_back(opTensor(output, values_[output].get()));
  }
  std::string problem = standin::checkOp(call, device_);
  if (!problem.empty()) {
    std::string scope = node.getScope() ? node.getScope()->str() : "no scope";
    return invalidArgument(problem + " (" + scope + ")");
  }
  standin::runOp(call);
  return Status::okStatus();
}

Status GraphRunner::runOperation(Operation &op) {
  if (auto node = dyn_cast<synapse::NodeOp>(op)) {
    return runNode(node);
  }
  if (auto read = dyn_cast<synapse::ReadOp>(op)) {
    values_[read.getResult()] = memory_.at(read.getVariable().str());
  } else if (auto derived = dyn_cast<synapse::DerivedOp>(op)) {
    derive(derived);
  } else if (auto constant = dyn_cast<synapse::ConstantOp>(op)) {
    BERTC_ASSIGN_OR_RETURN(Tensor tensor,
                           Tensor::fromAttribute(constant.getValue()));
    BERTC_ASSIGN_OR_RETURN(std::vector<uint8_t> bytes,
                           tensor.toBytes(tensor.dtype));
    values_[constant.getResult()] =
        std::make_shared<std::vector<uint8_t>>(std::move(bytes));
  }
  return Status::okStatus();
}

Status GraphRunner::runGraph(synapse::GraphOp graph) {
  Block &body = graph.getBody().front();
  for (auto [argument, operand] :
       llvm::zip_equal(body.getArguments(), graph.getInputs())) {
    values_[argument] = values_.lookup(operand);
  }
  for (auto store : body.getOps<synapse::StoreOp>()) {
    placed_[store.getValue()] = memory_.at(store.getVariable().str());
  }
  for (Operation &op : body) {
    BERTC_RETURN_IF_ERROR(runOperation(op));
  }
  for (auto [result, value] :
       llvm::zip_equal(graph.getResults(), graph.getYield().getValues())) {
    values_[result] = values_.lookup(value);
  }
  return Status::okStatus();
}

StatusOr<TensorMap> GraphRunner::run(StringRef entry, const TensorMap &inputs) {
  auto function = module_.lookupSymbol<func::FuncOp>(entry);
  if (!function) {
    return invalidArgument("no entry " + entry.str());
  }
  values_.clear();
  placed_.clear();
  inputs_ = inputs;
  BERTC_RETURN_IF_ERROR(loadVariables());
  for (BlockArgument argument : function.getArguments()) {
    const Tensor &input =
        inputs.at(nameOf(function.getArgAttrDict(argument.getArgNumber())));
    BERTC_ASSIGN_OR_RETURN(std::vector<uint8_t> bytes,
                           input.toBytes(input.dtype));
    values_[argument] = std::make_shared<std::vector<uint8_t>>(bytes);
  }
  Block &body = function.getBody().front();
  for (auto graph : body.getOps<synapse::GraphOp>()) {
    BERTC_RETURN_IF_ERROR(runGraph(graph));
  }
  TensorMap outputs;
  for (OpOperand &operand : body.getTerminator()->getOpOperands()) {
    unsigned i = operand.getOperandNumber();
    RankedTensorType type = synapse::hostTypeOfResult(function, i);
    BERTC_ASSIGN_OR_RETURN(
        outputs[nameOf(function.getResultAttrDict(i))],
        Tensor::fromBytes(dataTypeOf(type.getElementType()),
                          type.getShape().vec(),
                          values_.lookup(operand.get())->data()));
  }
  BERTC_RETURN_IF_ERROR(storeVariables());
  return outputs;
}

} // namespace bertc
