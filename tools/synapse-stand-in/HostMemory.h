// SPDX-License-Identifier: Apache-2.0
//
// Which memory of the host the simulated device may reach: blocks of
// synHostMalloc, and ranges of the caller's that synHostMap made known.
#pragma once

#include <cstdint>
#include <map>
#include <shared_mutex>

namespace bertc::standin {

class HostMemory {
public:
  HostMemory() = default;
  ~HostMemory();
  HostMemory(const HostMemory &) = delete;
  HostMemory &operator=(const HostMemory &) = delete;

  /// A new block of its own, mapped; null when there is no memory.
  void *allocate(uint64_t bytes);
  /// False when the pointer did not come from allocate.
  bool release(const void *pointer);
  /// False when the range overlaps one that is mapped already.
  bool map(const void *pointer, uint64_t bytes);
  /// False when no mapping starts at the pointer.
  bool unmap(const void *pointer);
  /// Whether [pointer, pointer + bytes) lies inside one mapped range.
  bool reaches(const void *pointer, uint64_t bytes) const;
  /// Runs `use` while nothing can be unmapped; false, without running it, when
  /// the range is not mapped.
  template <class Use>
  bool with(const void *pointer, uint64_t bytes, Use &&use) const {
    std::shared_lock<std::shared_mutex> lock(mutex_);
    if (!reachesLocked(pointer, bytes)) {
      return false;
    }
    use();
    return true;
  }

  /// Blocks of allocate, and ranges of map, that are live.
  uint64_t blocks() const;
  uint64_t mappings() const;

private:
  struct Range {
    uint64_t bytes;
    bool owned;
  };
  bool reachesLocked(const void *pointer, uint64_t bytes) const;
  bool overlaps(uint64_t start, uint64_t bytes) const;

  mutable std::shared_mutex mutex_;
  std::map<uint64_t, Range> ranges_;
};

} // namespace bertc::standin
