// SPDX-License-Identifier: Apache-2.0
//
// The memory of a simulated device: an address space of its own, backed by
// pages of the host that the system hands out when they are first touched, so
// that 96 GB exist until they are used. Addresses begin where no address of an
// x86-64 program can be, hence a device address that is used as a pointer
// faults at once.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

namespace bertc::standin {

/// Every address and every allocation is a multiple of it, in bytes.
constexpr uint64_t deviceAlignment = 128;

class DeviceMemory {
public:
  /// `poison`: new memory is filled with 0xff instead of zeros.
  DeviceMemory(uint64_t bytes, bool poison) : total_(bytes), poison_(poison) {}
  DeviceMemory(const DeviceMemory &) = delete;
  DeviceMemory &operator=(const DeviceMemory &) = delete;

  /// Takes the first gap that is large enough; false when there is none.
  bool allocate(uint64_t bytes, uint64_t *address);
  /// False when the address is not the start of an allocation.
  bool release(uint64_t address);
  /// The host's view of [address, address + bytes), or null when that is not
  /// inside one live allocation. What holds it keeps the bytes alive, even when
  /// the allocation is given back meanwhile.
  std::shared_ptr<void> at(uint64_t address, uint64_t bytes) const;

  uint64_t base() const { return base_; }
  uint64_t total() const { return total_; }
  uint64_t used() const;
  uint64_t peak() const;
  uint64_t allocations() const;

private:
  struct Block {
    uint64_t bytes;
    std::shared_ptr<void> host;
  };
  static constexpr uint64_t base_ = 0x1001000000000000;
  const uint64_t total_;
  const bool poison_;
  mutable std::mutex mutex_;
  std::map<uint64_t, Block> blocks_;
  uint64_t used_ = 0;
  uint64_t peak_ = 0;
};

} // namespace bertc::standin
