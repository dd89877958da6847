// SPDX-License-Identifier: Apache-2.0
//
// Which bytes of an arena have been written, for the check that no step reads
// what was never written.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace bertc::rt {

/// A strided window as bytes: `runs` of `runBytes` each, at the offsets that
/// the outer axes (byte strides, largest first) reach from `offset`.
struct ByteWindow {
  struct Axis {
    int64_t count;
    uint64_t stride;
  };
  uint64_t offset = 0;
  uint64_t runBytes = 0;
  /// From offset to just past the last byte.
  uint64_t extent = 0;
  uint64_t runs = 1;
  std::vector<Axis> axes;
};

/// A set of bytes kept as disjoint, maximal intervals.
class WrittenBytes {
public:
  void add(const ByteWindow &window);
  bool contains(const ByteWindow &window) const;

private:
  void addRange(uint64_t begin, uint64_t end);
  bool containsRange(uint64_t begin, uint64_t end) const;

  /// begin -> end
  std::map<uint64_t, uint64_t> ranges_;
};

} // namespace bertc::rt
