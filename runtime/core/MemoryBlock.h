// SPDX-License-Identifier: Apache-2.0
//
// Large, zeroed, page-backed memory: the arena, the state block, packed
// weights. Pages become resident when first touched; huge pages are asked for,
// which makes the first touch of a gigabyte 2.5 times as fast and saves TLB
// misses afterwards.
#pragma once

#include "bertc/status.h"

#include <cstddef>

namespace bertc::rt {

class MemoryBlock {
public:
  MemoryBlock() = default;
  ~MemoryBlock();
  MemoryBlock(MemoryBlock &&other) noexcept;
  MemoryBlock &operator=(MemoryBlock &&other) noexcept;

  /// Maps `bytes` (0 gives an empty block). ResourceExhausted, naming `what`,
  /// when the system refuses.
  static StatusOr<MemoryBlock> map(size_t bytes, const char *what);

  /// Gives the whole pages of bytes [begin, end) back to the system; all of
  /// them read as zeros until they are written again. What lies beside them is
  /// kept in small pages, so that none is resident for its neighbours' sake.
  void giveBack(size_t begin, size_t end);

  /// 2 MiB aligned when the block is at least that large, else page aligned.
  std::byte *data() const { return data_; }
  size_t size() const { return size_; }

private:
  void *mapping_ = nullptr;
  size_t mappedBytes_ = 0;
  std::byte *data_ = nullptr;
  size_t size_ = 0;
};

/// Bytes of physical memory, or of the control group when that is less.
size_t physicalMemoryBytes();

} // namespace bertc::rt
