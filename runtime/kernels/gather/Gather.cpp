// SPDX-License-Identifier: Apache-2.0
//
// Gather copies rows. Its gradient splits the columns of the table, not the
// indices: every task walks all indices in order, so that rows named twice are
// summed in one order whatever the number of threads, and no two tasks write
// the same element. Into a table of bf16 a row is added when it is summed up,
// so there the indices are walked in the order of rows, within one row in their
// own.

#include "runtime/kernels/gather/Gather.h"

#include "runtime/kernels/common/Bf16.h"
#include "runtime/kernels/common/Parallel.h"
#include "runtime/kernels/common/ZeroMemory.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>
#include <utility>

namespace bertc::rt::kernels {
namespace {

// Columns of one task of the gradient: a few cache lines.
constexpr int64_t kStrip = 64;

Status checkIndices(const GatherShape &shape, const int32_t *indices) {
  int64_t count = shape.batch * shape.indices;
  for (int64_t i = 0; i < count; ++i) {
    if (indices[i] < 0 || indices[i] >= shape.tableRows) {
      return invalidArgument("index " + std::to_string(indices[i]) +
                             " at position " + std::to_string(i) +
                             " is outside the table of " +
                             std::to_string(shape.tableRows) + " rows");
    }
  }
  return Status();
}

template <typename T> float asFloat(T value) {
  if constexpr (sizeof(T) == 2) {
    return bf16ToFloat(value);
  } else {
    return value;
  }
}

// Columns [left, right) of all rows of one batch element.
template <typename T>
void addStrip(const GatherShape &shape, float *dtable, const T *dy,
              const int32_t *indices, int64_t left, int64_t right) {
  for (int64_t n = 0; n < shape.indices; ++n) {
    float *to = dtable + indices[n] * shape.columns;
    const T *from = dy + n * shape.columns;
    for (int64_t c = left; c < right; ++c) {
      to[c] += asFloat(from[c]);
    }
  }
}

// The same of a table of bf16, whose indices `order` brings together by row.
template <typename T>
void addSums(const GatherShape &shape, uint16_t *dtable, const T *dy,
             const int32_t *indices, const int64_t *order, int64_t left,
             int64_t right) {
  float sum[kStrip];
  int64_t width = right - left;
  for (int64_t at = 0; at < shape.indices;) {
    int32_t row = indices[order[at]];
    std::fill_n(sum, width, 0.0f);
    for (; at < shape.indices && indices[order[at]] == row; ++at) {
      const T *from = dy + order[at] * shape.columns + left;
      for (int64_t c = 0; c < width; ++c) {
        sum[c] += asFloat(from[c]);
      }
    }
    uint16_t *to = dtable + row * shape.columns + left;
    for (int64_t c = 0; c < width; ++c) {
      to[c] = floatToBf16(bf16ToFloat(to[c]) + sum[c]);
    }
  }
}

/// Positions of each batch element's indices, smallest index first, equal ones
/// in their order.
void sortByRow(const GatherShape &shape, const int32_t *indices,
               int64_t *order) {
  for (int64_t b = 0; b < shape.batch; ++b) {
    std::iota(order, order + shape.indices, 0);
    std::sort(order, order + shape.indices, [&](int64_t x, int64_t y) {
      return std::pair(indices[x], x) < std::pair(indices[y], y);
    });
    indices += shape.indices;
    order += shape.indices;
  }
}

/// Calls strip(table, dy, indices, left, right) for all columns of all batch
/// elements, in parallel: where each begins in its array, and [left, right).
template <typename Fn> void forEachStrip(const GatherShape &shape, Fn strip) {
  int64_t strips = (shape.columns + kStrip - 1) / kStrip;
  parallelTasks(shape.batch * strips, [&](int64_t task) {
    int64_t b = task / strips;
    int64_t left = task % strips * kStrip;
    int64_t right = std::min(shape.columns, left + kStrip);
    strip(b * shape.tableRows * shape.columns,
          b * shape.indices * shape.columns, b * shape.indices, left, right);
  });
}

} // namespace

Status gather(const GatherShape &shape, Buffer y, Buffer table,
              const int32_t *indices) {
  BERTC_RETURN_IF_ERROR(checkIndices(shape, indices));
  int64_t rowBytes = shape.columns * elementBytes(table.dtype);
  auto *to = static_cast<char *>(y.data);
  auto *from = static_cast<const char *>(table.data);
  int64_t grain =
      std::max<int64_t>(1, kTaskElements / std::max<int64_t>(1, shape.columns));
  parallelRanges(
      shape.batch * shape.indices, grain, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) {
          int64_t row = i / shape.indices * shape.tableRows + indices[i];
          std::memcpy(to + i * rowBytes, from + row * rowBytes,
                      static_cast<size_t>(rowBytes));
        }
      });
  return Status();
}

Status gatherGrad(const GatherShape &shape, float *dtable, Buffer dy,
                  const int32_t *indices, bool add) {
  BERTC_RETURN_IF_ERROR(checkIndices(shape, indices));
  int64_t rows = shape.batch * shape.tableRows;
  if (!add) {
    zeroMemory(dtable,
               rows * shape.columns * static_cast<int64_t>(sizeof(float)));
  }
  forEachStrip(shape, [&](int64_t table, int64_t rowsAt, int64_t index,
                          int64_t left, int64_t right) {
    if (dy.dtype == DType::F32) {
      addStrip(shape, dtable + table,
               static_cast<const float *>(dy.data) + rowsAt, indices + index,
               left, right);
    } else {
      addStrip(shape, dtable + table,
               static_cast<const uint16_t *>(dy.data) + rowsAt, indices + index,
               left, right);
    }
  });
  return Status();
}

size_t gatherGradAddScratch(const GatherShape &shape) {
  return static_cast<size_t>(shape.batch * shape.indices) * sizeof(int64_t);
}

Status gatherGradAddBf16(const GatherShape &shape, uint16_t *dtable, Buffer dy,
                         const int32_t *indices, std::byte *scratch) {
  BERTC_RETURN_IF_ERROR(checkIndices(shape, indices));
  auto *order = reinterpret_cast<int64_t *>(scratch);
  sortByRow(shape, indices, order);
  forEachStrip(shape, [&](int64_t table, int64_t rowsAt, int64_t index,
                          int64_t left, int64_t right) {
    if (dy.dtype == DType::F32) {
      addSums(shape, dtable + table,
              static_cast<const float *>(dy.data) + rowsAt, indices + index,
              order + index, left, right);
    } else {
      addSums(shape, dtable + table,
              static_cast<const uint16_t *>(dy.data) + rowsAt, indices + index,
              order + index, left, right);
    }
  });
  return Status();
}

Status rowNumbers(const std::vector<Positions> &parts, int64_t batch,
                  int64_t length, int32_t *rows) {
  for (const Positions &part : parts) {
    for (int64_t i = 0; i < batch * part.count; ++i) {
      int32_t at = part.data[i];
      if (at < 0 || at >= length) {
        return invalidArgument(
            "position " + std::to_string(at) + " of sequence " +
            std::to_string(i / part.count) + " is outside it, expected 0 to " +
            std::to_string(length - 1));
      }
      *rows++ = static_cast<int32_t>(i / part.count * length + at);
    }
  }
  return Status();
}

} // namespace bertc::rt::kernels
