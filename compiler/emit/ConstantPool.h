// SPDX-License-Identifier: Apache-2.0
//
// The read-only data of a plan: each distinct value once, aligned.
#pragma once

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringMap.h"

#include <cstdint>
#include <vector>

namespace bertc {

class ConstantPool {
public:
  /// Values begin at multiples of `alignment` bytes.
  explicit ConstantPool(uint64_t alignment = 64) : alignment_(alignment) {}

  /// Byte offset of the elements, row-major in the element type's own size
  /// (i1 as one byte).
  uint64_t add(mlir::ElementsAttr elements);

  const std::vector<uint8_t> &bytes() const { return bytes_; }

private:
  uint64_t alignment_;
  std::vector<uint8_t> bytes_;
  llvm::StringMap<uint64_t> offsets_;
};

} // namespace bertc
