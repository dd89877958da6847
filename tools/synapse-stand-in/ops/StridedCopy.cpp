// SPDX-License-Identifier: Apache-2.0
//
// Copies run by run where runs are contiguous on both sides, else element by
// element along the dimension that is contiguous at the target.
#include "tools/synapse-stand-in/ops/StridedCopy.h"

#include "tools/synapse-stand-in/ops/Broadcast.h"

#include <cstring>

namespace bertc::standin {
namespace {

struct Dimension {
  uint64_t size, from, to;
};

/// Dimensions with more than one element, fastest at the target first,
/// neighbours that are one dimension on both sides merged.
std::vector<Dimension> simplified(const Shape &sizes, const Side &from,
                                  const Side &to) {
  std::vector<Dimension> all;
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] != 1) {
      all.push_back({sizes[d], from.strides[d], to.strides[d]});
    }
  }
  std::stable_sort(
      all.begin(), all.end(),
      [](const Dimension &a, const Dimension &b) { return a.to < b.to; });
  std::vector<Dimension> merged;
  for (const Dimension &next : all) {
    if (!merged.empty() && next.to == merged.back().to * merged.back().size &&
        next.from == merged.back().from * merged.back().size) {
      merged.back().size *= next.size;
    } else {
      merged.push_back(next);
    }
  }
  if (merged.empty()) {
    merged.push_back({1, 1, 1});
  }
  return merged;
}

template <typename Bits>
void copyRun(const char *from, char *to, const Dimension &run) {
  for (uint64_t i = 0; i < run.size; ++i) {
    std::memcpy(to + i * run.to * sizeof(Bits),
                from + i * run.from * sizeof(Bits), sizeof(Bits));
  }
}

void copyRun(unsigned bytes, const char *from, char *to, const Dimension &run) {
  if (run.from == 1 && run.to == 1) {
    std::memcpy(to, from, run.size * bytes);
    return;
  }
  switch (bytes) {
  case 1:
    return copyRun<uint8_t>(from, to, run);
  case 2:
    return copyRun<uint16_t>(from, to, run);
  case 4:
    return copyRun<uint32_t>(from, to, run);
  default:
    return copyRun<uint64_t>(from, to, run);
  }
}

} // namespace

Shape denseStrides(const Shape &shape) {
  Shape strides;
  uint64_t stride = 1;
  for (uint64_t size : shape) {
    strides.push_back(stride);
    stride *= size;
  }
  return strides;
}

void copyBox(unsigned elementBytes, const Shape &sizes, const Side &from,
             const Side &to) {
  std::vector<Dimension> dimensions = simplified(sizes, from, to);
  const char *source =
      static_cast<const char *>(from.data) + from.offset * elementBytes;
  char *target = static_cast<char *>(to.data) + to.offset * elementBytes;
  uint64_t runs = 1;
  for (size_t d = 1; d < dimensions.size(); ++d) {
    runs *= dimensions[d].size;
  }
#pragma omp parallel for schedule(static) if (runs * dimensions[0].size >=     \
                                                  ParallelFrom)
  for (int64_t run = 0; run < static_cast<int64_t>(runs); ++run) {
    uint64_t index = static_cast<uint64_t>(run), atFrom = 0, atTo = 0;
    for (size_t d = 1; d < dimensions.size(); ++d) {
      uint64_t position = index % dimensions[d].size;
      index /= dimensions[d].size;
      atFrom += position * dimensions[d].from;
      atTo += position * dimensions[d].to;
    }
    copyRun(elementBytes, source + atFrom * elementBytes,
            target + atTo * elementBytes, dimensions[0]);
  }
}

void copyWhole(const OpTensor &from, const OpTensor &to) {
  if (from.data != to.data) {
    std::memcpy(to.data, from.data, elementCount(to) * elementBytes(to.dtype));
  }
}

} // namespace bertc::standin
