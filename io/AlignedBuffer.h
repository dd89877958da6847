// SPDX-License-Identifier: Apache-2.0
//
// Page-aligned memory, which reading and writing past the page cache asks for.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>
#include <sys/mman.h>
#include <utility>

namespace bertc {

/// Uninitialised bytes that begin at a multiple of `alignment`. Movable.
class AlignedBuffer {
public:
  /// What direct transfers need of addresses, offsets and lengths; devices
  /// that want more refuse, and the transfer is repeated through the cache.
  static constexpr size_t alignment = 4096;

  static constexpr size_t roundUp(size_t bytes) {
    return (bytes + alignment - 1) / alignment * alignment;
  }

  AlignedBuffer() = default;
  /// At least `bytes`, rounded up to the alignment; throws std::bad_alloc.
  explicit AlignedBuffer(size_t bytes) : capacity_(roundUp(bytes)) {
    if (capacity_ != 0) {
      data_ = static_cast<char *>(std::aligned_alloc(alignment, capacity_));
      if (data_ == nullptr) {
        throw std::bad_alloc();
      }
      if (capacity_ >= hugePage) {
        // Advice only: fewer page faults.
        ::madvise(data_, capacity_, MADV_HUGEPAGE);
      }
    }
  }
  AlignedBuffer(AlignedBuffer &&other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  AlignedBuffer &operator=(AlignedBuffer &&other) noexcept {
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~AlignedBuffer() { std::free(data_); }

  char *data() { return data_; }
  const char *data() const { return data_; }
  size_t capacity() const { return capacity_; }

private:
  static constexpr size_t hugePage = 2U << 20;

  char *data_ = nullptr;
  size_t capacity_ = 0;
};

} // namespace bertc
