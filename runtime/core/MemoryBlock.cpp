// SPDX-License-Identifier: Apache-2.0

#include "runtime/core/MemoryBlock.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace bertc::rt {

static constexpr size_t kHugePage = size_t{2} << 20;

MemoryBlock::~MemoryBlock() {
  if (mapping_ != nullptr) {
    munmap(mapping_, mappedBytes_);
  }
}

MemoryBlock::MemoryBlock(MemoryBlock &&other) noexcept {
  *this = std::move(other);
}

MemoryBlock &MemoryBlock::operator=(MemoryBlock &&other) noexcept {
  std::swap(mapping_, other.mapping_);
  std::swap(mappedBytes_, other.mappedBytes_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

StatusOr<MemoryBlock> MemoryBlock::map(size_t bytes, const char *what) {
  MemoryBlock block;
  if (bytes == 0) {
    return block;
  }
  // Room to start at a huge page.
  bool huge = bytes >= kHugePage;
  size_t mapped = bytes + (huge ? kHugePage : 0);
  void *mapping = mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) {
    return resourceExhausted("cannot map " + std::to_string(bytes) +
                             " bytes for the " + what + "; this machine has " +
                             std::to_string(physicalMemoryBytes()) +
                             " bytes of memory");
  }
  block.mapping_ = mapping;
  block.mappedBytes_ = mapped;
  auto address = reinterpret_cast<uintptr_t>(mapping);
  if (huge) {
    address = (address + kHugePage - 1) / kHugePage * kHugePage;
    // Advice only: without huge pages everything works, slower.
    madvise(reinterpret_cast<void *>(address), bytes, MADV_HUGEPAGE);
  }
  block.data_ = reinterpret_cast<std::byte *>(address);
  block.size_ = bytes;
  return block;
}

void MemoryBlock::giveBack(size_t begin, size_t end) {
  auto page = static_cast<size_t>(sysconf(_SC_PAGE_SIZE));
  if (size_ >= kHugePage) {
    for (size_t edge : {begin, end}) {
      size_t from = edge / kHugePage * kHugePage;
      size_t bytes =
          std::min(kHugePage, (size_ - from + page - 1) / page * page);
      if (edge != from && from < size_) {
        madvise(data_ + from, bytes, MADV_NOHUGEPAGE); // advice only
      }
    }
  }
  size_t first = (begin + page - 1) / page * page;
  size_t last = end / page * page;
  if (first < last &&
      madvise(data_ + first, last - first, MADV_DONTNEED) != 0) {
    std::memset(data_ + first, 0, last - first); // locked pages stay
  }
  std::memset(data_ + begin, 0, std::min(first, end) - begin);
  if (last >= first) {
    std::memset(data_ + last, 0, end - last);
  }
}

size_t physicalMemoryBytes() {
  auto pages = sysconf(_SC_PHYS_PAGES);
  auto pageBytes = sysconf(_SC_PAGE_SIZE);
  size_t total = static_cast<size_t>(pages) * static_cast<size_t>(pageBytes);
  // "max" when there is no limit; extraction then fails and leaves total.
  std::ifstream group("/sys/fs/cgroup/memory.max");
  size_t limit = 0;
  if (group >> limit) {
    total = std::min(total, limit);
  }
  return total;
}

} // namespace bertc::rt
