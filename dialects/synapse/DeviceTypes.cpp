// SPDX-License-Identifier: Apache-2.0

#include "dialects/synapse/DeviceTypes.h"

#include "dialects/synapse/SynapseDialect.h"

using namespace mlir;

namespace bertc::synapse {

RankedTensorType reversedType(RankedTensorType type) {
  SmallVector<int64_t> shape(llvm::reverse(type.getShape()));
  return RankedTensorType::get(shape, type.getElementType());
}

RankedTensorType deviceType(RankedTensorType rowMajor) {
  Type element = rowMajor.getElementType();
  if (element.isInteger(1)) {
    element = IntegerType::get(rowMajor.getContext(), 8);
  }
  SmallVector<int64_t> shape(llvm::reverse(rowMajor.getShape()));
  if (shape.empty()) {
    shape.push_back(1);
  }
  return RankedTensorType::get(shape, element);
}

static RankedTensorType hostType(Attribute said, Type type) {
  if (auto attr = dyn_cast_or_null<TypeAttr>(said)) {
    if (auto host = dyn_cast<RankedTensorType>(attr.getValue())) {
      return host;
    }
  }
  return reversedType(cast<RankedTensorType>(type));
}

RankedTensorType hostTypeOfArgument(func::FuncOp entry, unsigned index) {
  return hostType(entry.getArgAttr(index, kHostTypeAttr),
                  entry.getArgumentTypes()[index]);
}

RankedTensorType hostTypeOfResult(func::FuncOp entry, unsigned index) {
  return hostType(entry.getResultAttr(index, kHostTypeAttr),
                  entry.getResultTypes()[index]);
}

int64_t bytesOf(RankedTensorType type) {
  unsigned bits = type.getElementType().getIntOrFloatBitWidth();
  return type.getNumElements() * std::max(1u, bits / 8);
}

} // namespace bertc::synapse
