// SPDX-License-Identifier: Apache-2.0
//
// A tensor as lines along one dimension.
#pragma once

#include "tools/synapse-stand-in/ops/OpCheck.h"
#include "tools/synapse-stand-in/ops/RowAccess.h"

namespace bertc::standin {

/// Lines of `length` elements, `stride` apart; `inner` lines interleave.
struct Lines {
  uint64_t length = 1, stride = 1, count = 1;

  Lines(const OpTensor &tensor, int axis) {
    for (int d = 0; d < axis; ++d) {
      stride *= tensor.sizes[d];
    }
    length = tensor.sizes[axis];
    count = elementCount(tensor) / length;
  }
  /// The first element of a line.
  uint64_t start(uint64_t line) const {
    return line / stride * stride * length + line % stride;
  }
};

/// A line as f32: in memory when it lies there so, else copied to `buffer`.
inline const float *readLine(const OpTensor &tensor, const Lines &lines,
                             uint64_t line, float *buffer) {
  uint64_t start = lines.start(line);
  if (lines.stride == 1) {
    return readFloats(tensor, start, lines.length, buffer);
  }
  for (uint64_t i = 0; i < lines.length; ++i) {
    buffer[i] = readFloat(tensor, start + i * lines.stride);
  }
  return buffer;
}

inline void writeLine(const OpTensor &tensor, const Lines &lines, uint64_t line,
                      const float *values) {
  uint64_t start = lines.start(line);
  if (lines.stride == 1) {
    writeFloats(tensor, start, lines.length, values);
    return;
  }
  for (uint64_t i = 0; i < lines.length; ++i) {
    writeFloats(tensor, start + i * lines.stride, 1, values + i);
  }
}

} // namespace bertc::standin
