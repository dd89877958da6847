// SPDX-License-Identifier: Apache-2.0
//
// Walks the kept axes for each result and the reduced axes for each term, both
// in row-major order. Also the index of the maximum.

#include "runtime/kernels/reduce/GenericReduce.h"

#include "runtime/kernels/common/Bf16.h"
#include "runtime/kernels/common/Parallel.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bertc::rt::kernels {
namespace {

// The axes of one sort, with their strides in x.
struct Axes {
  int rank = 0;
  int64_t count = 1;
  int64_t dims[kMaxRank] = {};
  int64_t strides[kMaxRank] = {};

  int64_t offset(int64_t index) const {
    int64_t result = 0;
    for (int i = rank - 1; i >= 0; --i) {
      result += index % dims[i] * strides[i];
      index /= dims[i];
    }
    return result;
  }
};

Axes axesOf(const ReduceShape &shape, bool reduced) {
  Axes axes;
  for (int i = 0; i < shape.rank; ++i) {
    if (shape.reduced[i] != reduced) {
      continue;
    }
    int64_t stride = 1;
    for (int j = i + 1; j < shape.rank; ++j) {
      stride *= shape.dims[j];
    }
    axes.dims[axes.rank] = shape.dims[i];
    axes.strides[axes.rank] = stride;
    axes.count *= shape.dims[i];
    ++axes.rank;
  }
  return axes;
}

double floatAt(Buffer x, int64_t i) {
  return x.dtype == DType::F32
             ? static_cast<double>(static_cast<const float *>(x.data)[i])
             : static_cast<double>(
                   bf16ToFloat(static_cast<const uint16_t *>(x.data)[i]));
}

void reduceFloat(ReduceKind kind, const Axes &kept, const Axes &reduced,
                 Buffer y, Buffer x, int64_t at) {
  bool max = kind == ReduceKind::Max;
  double value = max ? -std::numeric_limits<double>::infinity() : 0.0;
  int64_t base = kept.offset(at);
  for (int64_t i = 0; i < reduced.count; ++i) {
    double term = floatAt(x, base + reduced.offset(i));
    if (!max) {
      value += term;
    } else if (term > value || std::isnan(term)) {
      value = term;
    }
  }
  if (kind == ReduceKind::Mean) {
    value /= static_cast<double>(reduced.count);
  }
  if (y.dtype == DType::F32) {
    static_cast<float *>(y.data)[at] = static_cast<float>(value);
  } else {
    static_cast<uint16_t *>(y.data)[at] =
        floatToBf16(static_cast<float>(value));
  }
}

template <typename T>
void reduceInteger(ReduceKind kind, const Axes &kept, const Axes &reduced,
                   Buffer y, Buffer x, int64_t at) {
  auto *from = static_cast<const T *>(x.data) + kept.offset(at);
  T top = std::numeric_limits<T>::min();
  uint64_t sum = 0;
  for (int64_t i = 0; i < reduced.count; ++i) {
    T term = from[reduced.offset(i)];
    top = std::max(top, term);
    sum += static_cast<uint64_t>(term);
  }
  static_cast<T *>(y.data)[at] =
      kind == ReduceKind::Max ? top : static_cast<T>(sum);
}

float valueAt(Buffer x, int64_t i) { return static_cast<float>(floatAt(x, i)); }

} // namespace

void genericReduce(ReduceKind kind, const ReduceShape &shape, Buffer y,
                   Buffer x) {
  Axes kept = axesOf(shape, false);
  Axes reduced = axesOf(shape, true);
  int64_t grain =
      std::max<int64_t>(1, kTaskElements / std::max<int64_t>(1, reduced.count));
  parallelRanges(kept.count, grain, [&](int64_t first, int64_t last) {
    for (int64_t at = first; at < last; ++at) {
      if (isFloat(x.dtype)) {
        reduceFloat(kind, kept, reduced, y, x, at);
      } else if (x.dtype == DType::I32) {
        reduceInteger<int32_t>(kind, kept, reduced, y, x, at);
      } else {
        reduceInteger<int64_t>(kind, kept, reduced, y, x, at);
      }
    }
  });
}

void argMax(int32_t *y, Buffer x, int64_t rows, int64_t columns) {
  int64_t grain =
      std::max<int64_t>(1, kTaskElements / std::max<int64_t>(1, columns));
  parallelRanges(rows, grain, [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      int64_t best = 0;
      float top = valueAt(x, r * columns);
      for (int64_t c = 1; c < columns && !std::isnan(top); ++c) {
        float value = valueAt(x, r * columns + c);
        if (value > top || std::isnan(value)) {
          top = value;
          best = c;
        }
      }
      y[r] = static_cast<int32_t>(best);
    }
  });
}

} // namespace bertc::rt::kernels
