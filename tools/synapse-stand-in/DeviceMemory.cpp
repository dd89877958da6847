// SPDX-License-Identifier: Apache-2.0
#include "tools/synapse-stand-in/DeviceMemory.h"

#include <algorithm>
#include <cstring>

#include <sys/mman.h>

namespace bertc::standin {

bool DeviceMemory::allocate(uint64_t bytes, uint64_t *address) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (bytes == 0 || bytes > total_) {
    return false;
  }
  bytes = (bytes + deviceAlignment - 1) / deviceAlignment * deviceAlignment;
  uint64_t start = base_;
  for (const auto &[at, block] : blocks_) {
    if (at - start >= bytes) {
      break;
    }
    start = at + block.bytes;
  }
  if (start + bytes > base_ + total_) {
    return false;
  }
  void *host = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (host == MAP_FAILED) {
    return false;
  }
  if (poison_) {
    std::memset(host, 0xff, bytes);
  }
  blocks_[start] = {bytes, std::shared_ptr<void>(host, [bytes](void *pages) {
                      munmap(pages, bytes);
                    })};
  used_ += bytes;
  peak_ = std::max(peak_, used_);
  *address = start;
  return true;
}

bool DeviceMemory::release(uint64_t address) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = blocks_.find(address);
  if (found == blocks_.end()) {
    return false;
  }
  used_ -= found->second.bytes;
  blocks_.erase(found);
  return true;
}

std::shared_ptr<void> DeviceMemory::at(uint64_t address, uint64_t bytes) const {
  std::lock_guard<std::mutex> lock(mutex_);
  auto next = blocks_.upper_bound(address);
  if (next == blocks_.begin()) {
    return nullptr;
  }
  const auto &[start, block] = *std::prev(next);
  uint64_t offset = address - start;
  if (offset >= block.bytes || bytes > block.bytes - offset) {
    return nullptr;
  }
  return {block.host, static_cast<char *>(block.host.get()) + offset};
}

uint64_t DeviceMemory::used() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return used_;
}

uint64_t DeviceMemory::peak() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return peak_;
}

uint64_t DeviceMemory::allocations() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return blocks_.size();
}

} // namespace bertc::standin
