// SPDX-License-Identifier: Apache-2.0
//
// Aligned memory for the tests of tile kernels.
#pragma once

#include "test/unit/kernels/KernelTesting.h"

#include <array>
#include <cstdlib>
#include <memory>

namespace bertc::rt::kernels::amx {

/// Bytes aligned to 64, with room behind them that must stay untouched.
class AlignedBytes {
public:
  AlignedBytes() = default;
  explicit AlignedBytes(size_t size) : size_(size) {
    size_t all = (size + kGuard + 63) / 64 * 64;
    bytes_.reset(static_cast<std::byte *>(std::aligned_alloc(64, all)));
    // NaN in both storages: what is read must have been written.
    std::memset(bytes_.get(), 0xff, all);
  }
  std::byte *data() { return bytes_.get(); }
  bool guardIntact() const {
    for (size_t i = size_; i < size_ + kGuard; ++i) {
      if (bytes_[i] != std::byte{0xff}) {
        return false;
      }
    }
    return true;
  }

private:
  static constexpr size_t kGuard = 64;
  struct Free {
    void operator()(std::byte *p) const { std::free(p); }
  };
  size_t size_ = 0;
  std::unique_ptr<std::byte[], Free> bytes_;
};

/// The same for bf16, starting as zeros.
class AlignedHalves {
public:
  void resize(size_t n) {
    bytes_ = AlignedBytes(n * 2);
    std::memset(bytes_.data(), 0, n * 2);
  }
  uint16_t *data() { return reinterpret_cast<uint16_t *>(bytes_.data()); }
  const uint16_t *data() const {
    return const_cast<AlignedHalves *>(this)->data();
  }

private:
  AlignedBytes bytes_;
};

} // namespace bertc::rt::kernels::amx
