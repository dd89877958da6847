// SPDX-License-Identifier: Apache-2.0

#include "compiler/emit/ConstantPool.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/APFloat.h"

#include <string>

using namespace mlir;

namespace bertc {

namespace {

void append(std::string &data, const llvm::APInt &bits) {
  unsigned bytes = std::max(1u, bits.getBitWidth() / 8);
  uint64_t value = bits.getZExtValue();
  for (unsigned i = 0; i < bytes; ++i) {
    data.push_back(static_cast<char>(value >> (8 * i)));
  }
}

} // namespace

uint64_t ConstantPool::add(ElementsAttr elements) {
  std::string data;
  if (isa<FloatType>(elements.getElementType())) {
    for (const llvm::APFloat &value : elements.getValues<llvm::APFloat>()) {
      append(data, value.bitcastToAPInt());
    }
  } else {
    for (const llvm::APInt &value : elements.getValues<llvm::APInt>()) {
      append(data, value);
    }
  }
  auto [found, isNew] = offsets_.try_emplace(data, bytes_.size());
  if (isNew) {
    bytes_.insert(bytes_.end(), data.begin(), data.end());
    bytes_.resize((bytes_.size() + alignment_ - 1) / alignment_ * alignment_);
  }
  return found->second;
}

} // namespace bertc
