// SPDX-License-Identifier: Apache-2.0
//
// The verifier of nodes.

#include "dialects/synapse/SynapseNodes.h"

using namespace mlir;

namespace bertc::synapse {

ElementType elementTypeOf(Type type) {
  if (auto shaped = dyn_cast<ShapedType>(type)) {
    type = shaped.getElementType();
  }
  return type.isF32()         ? ElementType::F32
         : type.isBF16()      ? ElementType::BF16
         : type.isInteger(32) ? ElementType::I32
                              : ElementType::I8;
}

std::string guidFor(StringRef kernel, Type type) {
  return (kernel + "_" + StringRef(elementTypeName(elementTypeOf(type)))).str();
}

static TensorSignature signatureOf(RankedTensorType type) {
  return {elementTypeOf(type),
          Sizes(type.getShape().begin(), type.getShape().end())};
}

/// Value of a parameter; none for an attribute of another kind.
static std::optional<ParamValue> paramOf(Attribute attr) {
  if (auto flag = dyn_cast<BoolAttr>(attr)) {
    return ParamValue(flag.getValue());
  }
  if (auto integer = dyn_cast<IntegerAttr>(attr)) {
    return ParamValue(int64_t(integer.getInt()));
  }
  if (auto number = dyn_cast<FloatAttr>(attr)) {
    return ParamValue(number.getValueAsDouble());
  }
  if (auto list = dyn_cast<DenseI64ArrayAttr>(attr)) {
    return ParamValue(std::vector<int64_t>(list.asArrayRef().begin(),
                                           list.asArrayRef().end()));
  }
  return std::nullopt;
}

NodeSignature signatureOf(NodeOp node) {
  NodeSignature signature;
  signature.guid = node.getGuid();
  for (Type type : node.getInputs().getTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    signature.operands.push_back(tensor ? std::optional(signatureOf(tensor))
                                        : std::nullopt);
  }
  for (Type type : node.getOutputs().getTypes()) {
    signature.results.push_back(signatureOf(cast<RankedTensorType>(type)));
  }
  if (DictionaryAttr params = node.getParamsAttr()) {
    for (NamedAttribute param : params) {
      if (std::optional<ParamValue> value = paramOf(param.getValue())) {
        signature.params.emplace(param.getName().str(), std::move(*value));
      }
    }
  }
  return signature;
}

std::vector<uint8_t> encodeParams(NodeOp node) {
  NodeSignature signature = signatureOf(node);
  KernelOf kernel = findKernel(signature.guid);
  return kernel.kernel ? encodeParams(kernel, signature.params)
                       : std::vector<uint8_t>();
}

LogicalResult NodeOp::verify() {
  if (DictionaryAttr params = getParamsAttr()) {
    for (NamedAttribute param : params) {
      if (!paramOf(param.getValue())) { // node C8
        return emitOpError() << "expected parameter " << param.getName()
                             << " to be a bool, an integer, a float or "
                                "array<i64: ...>, found "
                             << param.getValue();
      }
    }
  }
  NodeProblem problem = checkNode(signatureOf(*this));
  if (problem.text.empty()) {
    return success();
  }
  return emitOpError() << '"' << getGuid() << "\": " << problem.text;
}

} // namespace bertc::synapse
