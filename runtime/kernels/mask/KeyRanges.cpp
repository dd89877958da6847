// SPDX-License-Identifier: Apache-2.0
//
// Both run once a step and touch little: plain loops.

#include "runtime/kernels/mask/KeyRanges.h"

#include "runtime/kernels/common/Operand.h"
#include "runtime/kernels/common/Parallel.h"

#include <algorithm>
#include <string>

namespace bertc::rt::kernels {
namespace {

constexpr float kMasked = -10000.0f;

/// End of the piece that begins at `first`.
int64_t pieceEnd(const int32_t *numbers, int64_t first, int64_t positions) {
  int64_t end = first + 1;
  while (end < positions && numbers[end] == numbers[first]) {
    ++end;
  }
  return end;
}

} // namespace

Status keyRanges(int64_t rows, int64_t positions, const int32_t *numbers,
                 int32_t *ranges) {
  for (int64_t row = 0; row < rows; ++row) {
    const int32_t *own = numbers + row * positions;
    int32_t *out = ranges + row * positions * 2;
    for (int64_t first = 0; first < positions;) {
      int64_t end = pieceEnd(own, first, positions);
      bool padding = own[first] == 0;
      // A number that comes back later: a second piece.
      if (!padding && std::find(own + end, own + positions, own[first]) !=
                          own + positions) {
        return invalidArgument("sequence " + std::to_string(own[first]) +
                               " of row " + std::to_string(row) +
                               " is not in one piece");
      }
      for (int64_t s = first; s < end; ++s) {
        out[2 * s] = padding ? 0 : static_cast<int32_t>(first);
        out[2 * s + 1] = padding ? 0 : static_cast<int32_t>(end);
      }
      first = end;
    }
  }
  return Status();
}

void rangeMask(int64_t rows, int64_t positions, const int32_t *ranges,
               float *mask) {
  int64_t grain =
      std::max<int64_t>(1, kTaskElements / std::max<int64_t>(1, positions));
  parallelRanges(rows * positions, grain, [&](int64_t first, int64_t last) {
    for (int64_t query = first; query < last; ++query) {
      float *out = mask + query * positions;
      int64_t begin = std::clamp<int64_t>(ranges[2 * query], 0, positions);
      int64_t end =
          std::clamp<int64_t>(ranges[2 * query + 1], begin, positions);
      std::fill(out, out + positions, kMasked);
      std::fill(out + begin, out + end, 0.0f);
    }
  });
}

} // namespace bertc::rt::kernels
