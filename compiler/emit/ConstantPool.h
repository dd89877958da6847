// SPDX-License-Identifier: Apache-2.0
//
// The read-only data of a plan: each distinct value once, 64-byte aligned.
#pragma once

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringMap.h"

#include <cstdint>
#include <vector>

namespace bertc {

class ConstantPool {
public:
  /// Byte offset of the elements, row-major in the element type's own size
  /// (i1 as one byte).
  uint64_t add(mlir::ElementsAttr elements);

  const std::vector<uint8_t> &bytes() const { return bytes_; }

private:
  std::vector<uint8_t> bytes_;
  llvm::StringMap<uint64_t> offsets_;
};

} // namespace bertc
