// SPDX-License-Identifier: Apache-2.0
#include "tools/synapse-stand-in/HostMemory.h"

#include <algorithm>
#include <cstdlib>
#include <mutex>

namespace bertc::standin {

namespace {
/// synHostMalloc hands out whole pages.
constexpr uint64_t pageBytes = 4096;

uint64_t addressOf(const void *pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}
} // namespace

HostMemory::~HostMemory() {
  for (auto &[start, range] : ranges_) {
    if (range.owned) {
      std::free(reinterpret_cast<void *>(start));
    }
  }
}

void *HostMemory::allocate(uint64_t bytes) {
  uint64_t whole =
      (std::max<uint64_t>(bytes, 1) + pageBytes - 1) / pageBytes * pageBytes;
  void *block = std::aligned_alloc(pageBytes, whole);
  if (!block) {
    return nullptr;
  }
  std::unique_lock<std::shared_mutex> lock(mutex_);
  ranges_[addressOf(block)] = {bytes, true};
  return block;
}

bool HostMemory::release(const void *pointer) {
  std::unique_lock<std::shared_mutex> lock(mutex_);
  auto found = ranges_.find(addressOf(pointer));
  if (found == ranges_.end() || !found->second.owned) {
    return false;
  }
  std::free(const_cast<void *>(pointer));
  ranges_.erase(found);
  return true;
}

bool HostMemory::overlaps(uint64_t start, uint64_t bytes) const {
  auto next = ranges_.lower_bound(start);
  if (next != ranges_.end() && next->first - start < bytes) {
    return true;
  }
  if (next == ranges_.begin()) {
    return false;
  }
  const auto &[before, range] = *std::prev(next);
  return start - before < range.bytes;
}

bool HostMemory::map(const void *pointer, uint64_t bytes) {
  std::unique_lock<std::shared_mutex> lock(mutex_);
  uint64_t start = addressOf(pointer);
  if (!start || !bytes || overlaps(start, bytes)) {
    return false;
  }
  ranges_[start] = {bytes, false};
  return true;
}

bool HostMemory::unmap(const void *pointer) {
  std::unique_lock<std::shared_mutex> lock(mutex_);
  auto found = ranges_.find(addressOf(pointer));
  if (found == ranges_.end() || found->second.owned) {
    return false;
  }
  ranges_.erase(found);
  return true;
}

bool HostMemory::reachesLocked(const void *pointer, uint64_t bytes) const {
  uint64_t start = addressOf(pointer);
  auto next = ranges_.upper_bound(start);
  if (next == ranges_.begin()) {
    return false;
  }
  const auto &[before, range] = *std::prev(next);
  uint64_t offset = start - before;
  return offset < range.bytes && bytes <= range.bytes - offset;
}

bool HostMemory::reaches(const void *pointer, uint64_t bytes) const {
  std::shared_lock<std::shared_mutex> lock(mutex_);
  return reachesLocked(pointer, bytes);
}

uint64_t HostMemory::blocks() const {
  std::shared_lock<std::shared_mutex> lock(mutex_);
  return uint64_t(std::count_if(ranges_.begin(), ranges_.end(),
                                [](auto &r) { return r.second.owned; }));
}

uint64_t HostMemory::mappings() const {
  std::shared_lock<std::shared_mutex> lock(mutex_);
  return uint64_t(std::count_if(ranges_.begin(), ranges_.end(),
                                [](auto &r) { return !r.second.owned; }));
}

} // namespace bertc::standin
