// SPDX-License-Identifier: Apache-2.0
//
// Copies and conversions. A transpose, where the output is contiguous along one
// axis and the input along another, goes tile by tile, so that every cache line
// fetched is used whole.

#include "runtime/kernels/elementwise/Copy.h"

#include "runtime/kernels/common/Bf16.h"
#include "runtime/kernels/common/Walk.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

namespace bertc::rt::kernels {
namespace {

// Rows and columns of a transposed tile: a cache line of f32.
constexpr int64_t kTile = 16;

template <typename T>
void copyUnits(const ElementwiseShape &shape, void *const *data, int64_t first,
               int64_t last) {
  auto *to = static_cast<T *>(data[0]);
  auto *from = static_cast<const T *>(data[1]);
  for (UnitWalk walk(shape, first); walk.unit() < last; walk.next()) {
    T *y = to + walk.offset(0);
    const T *x = from + walk.offset(1);
    int64_t n = walk.count();
    int64_t yStep = walk.stride(0);
    int64_t xStep = walk.stride(1);
    if (yStep == 1 && xStep == 1) {
      std::memmove(y, x, static_cast<size_t>(n) * sizeof(T));
      continue;
    }
    for (int64_t i = 0; i < n; ++i) {
      y[i * yStep] = x[i * xStep];
    }
  }
}

// The axis along which the input of a transpose is contiguous, or -1 when the
// copy is not a transpose.
int transposedAxis(const ElementwiseShape &shape) {
  int inner = shape.rank - 1;
  if (shape.strides[0][inner] != 1 || shape.strides[1][inner] <= 1) {
    return -1;
  }
  for (int axis = 0; axis < inner; ++axis) {
    if (shape.strides[1][axis] == 1 && shape.dims[axis] > 1) {
      return axis;
    }
  }
  return -1;
}

// y[r, c] = x[c, r] for 4 x 4 words, by two rounds of interleaving.
void transposeWords(uint32_t *y, int64_t yStep, const uint32_t *x,
                    int64_t xStep) {
  using Four = uint32_t __attribute__((vector_size(16)));
  Four in[4], pairs[4];
  for (int64_t c = 0; c < 4; ++c) {
    std::memcpy(&in[c], x + c * xStep, sizeof in[c]);
  }
  for (int i = 0; i < 2; ++i) {
    pairs[i] = __builtin_shufflevector(in[i], in[i + 2], 0, 4, 1, 5);
    pairs[i + 2] = __builtin_shufflevector(in[i], in[i + 2], 2, 6, 3, 7);
  }
  for (int i = 0; i < 2; ++i) {
    Four even =
        __builtin_shufflevector(pairs[2 * i], pairs[2 * i + 1], 0, 4, 1, 5);
    Four odd =
        __builtin_shufflevector(pairs[2 * i], pairs[2 * i + 1], 2, 6, 3, 7);
    std::memcpy(y + (2 * i) * yStep, &even, sizeof even);
    std::memcpy(y + (2 * i + 1) * yStep, &odd, sizeof odd);
  }
}

template <typename T>
void transposeTile(T *y, int64_t yStep, const T *x, int64_t xStep, int64_t rows,
                   int64_t columns) {
  if (rows == kTile && columns == kTile) {
    T tile[kTile][kTile];
    if constexpr (sizeof(T) == sizeof(uint32_t)) {
      for (int64_t c = 0; c < kTile; c += 4) {
        for (int64_t r = 0; r < kTile; r += 4) {
          transposeWords(reinterpret_cast<uint32_t *>(&tile[r][c]), kTile,
                         reinterpret_cast<const uint32_t *>(x + c * xStep + r),
                         xStep);
        }
      }
    } else {
      for (int64_t c = 0; c < kTile; ++c) {
        for (int64_t r = 0; r < kTile; ++r) {
          tile[r][c] = x[c * xStep + r];
        }
      }
    }
    for (int64_t r = 0; r < kTile; ++r) {
      std::memcpy(y + r * yStep, tile[r], sizeof tile[r]);
    }
    return;
  }
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      y[r * yStep + c] = x[c * xStep + r];
    }
  }
}

// `shape` with `axis` moved next to the innermost one.
ElementwiseShape moveInwards(const ElementwiseShape &shape, int axis) {
  ElementwiseShape moved = shape;
  for (int i = 0; i < shape.rank - 1; ++i) {
    int from = i < axis ? i : i + 1;
    from = i == shape.rank - 2 ? axis : from;
    moved.dims[i] = shape.dims[from];
    for (int k = 0; k < 2; ++k) {
      moved.strides[k][i] = shape.strides[k][from];
    }
  }
  return moved;
}

// One task is a strip of kTile rows.
template <typename T>
void transposeCopy(const ElementwiseShape &original, int axis,
                   void *const *data) {
  const ElementwiseShape shape = moveInwards(original, axis);
  int row = shape.rank - 2;
  int64_t rows = shape.dims[row];
  int64_t columns = shape.dims[row + 1];
  int64_t strips = (rows + kTile - 1) / kTile;
  int64_t outer = shape.elements / (rows * columns);
  int64_t grain = std::max<int64_t>(1, kTaskElements / (kTile * columns));
  parallelRanges(outer * strips, grain, [&](int64_t first, int64_t last) {
    for (int64_t strip = first; strip < last; ++strip) {
      int64_t top = strip % strips * kTile;
      int64_t rest = strip / strips;
      int64_t offsets[2] = {top * shape.strides[0][row],
                            top * shape.strides[1][row]};
      for (int i = row - 1; i >= 0; --i) {
        int64_t at = rest % shape.dims[i];
        rest /= shape.dims[i];
        offsets[0] += at * shape.strides[0][i];
        offsets[1] += at * shape.strides[1][i];
      }
      T *y = static_cast<T *>(data[0]) + offsets[0];
      const T *x = static_cast<const T *>(data[1]) + offsets[1];
      int64_t xStep = shape.strides[1][row + 1];
      for (int64_t left = 0; left < columns; left += kTile) {
        transposeTile(y + left, shape.strides[0][row], x + left * xStep, xStep,
                      std::min(kTile, rows - top),
                      std::min(kTile, columns - left));
      }
    }
  });
}

template <typename T>
void copyTyped(const ElementwiseShape &shape, void *const *data) {
  int axis = transposedAxis(shape);
  if (axis >= 0) {
    return transposeCopy<T>(shape, axis, data);
  }
  parallelRanges(unitCount(shape), unitsPerTask(shape),
                 [&](int64_t first, int64_t last) {
                   copyUnits<T>(shape, data, first, last);
                 });
}

// Storage types of a conversion; Bf16 and Flag only give uint16_t and uint8_t
// their meaning.
struct Bf16 {
  uint16_t bits;
};
struct Flag {
  uint8_t value;
};

float number(Bf16 x) { return bf16ToFloat(x.bits); }
int32_t number(Flag x) { return x.value != 0 ? 1 : 0; }
float number(float x) { return x; }
int32_t number(int32_t x) { return x; }
int64_t number(int64_t x) { return x; }

template <typename Y, typename V> Y make(V v) {
  if constexpr (std::is_same_v<Y, Flag>) {
    return Flag{static_cast<uint8_t>(v != V{} ? 1 : 0)};
  } else if constexpr (std::is_same_v<Y, Bf16>) {
    return Bf16{floatToBf16(static_cast<float>(v))};
  } else if constexpr (std::is_same_v<Y, float>) {
    return static_cast<float>(v);
  } else if constexpr (std::is_same_v<V, float>) {
    if (std::isnan(v)) {
      return 0;
    }
    // Both limits are powers of two in magnitude as f32, the upper one is one
    // past the largest integer.
    constexpr float kEnd = static_cast<float>(std::numeric_limits<Y>::max());
    if (v >= kEnd) {
      return std::numeric_limits<Y>::max();
    }
    return v < -kEnd ? std::numeric_limits<Y>::min() : static_cast<Y>(v);
  } else {
    return static_cast<Y>(v);
  }
}

template <typename Y, typename X>
void convertTyped(const ElementwiseShape &shape, void *const *data) {
  parallelRanges(
      unitCount(shape), unitsPerTask(shape), [&](int64_t first, int64_t last) {
        for (UnitWalk walk(shape, first); walk.unit() < last; walk.next()) {
          Y *y = static_cast<Y *>(data[0]) + walk.offset(0);
          const X *x = static_cast<const X *>(data[1]) + walk.offset(1);
          for (int64_t i = 0; i < walk.count(); ++i) {
            y[i * walk.stride(0)] = make<Y>(number(x[i * walk.stride(1)]));
          }
        }
      });
}

template <typename Y>
void convertTo(const ElementwiseShape &shape, void *const *data) {
  switch (shape.dtypes[1]) {
  case DType::F32:
    return convertTyped<Y, float>(shape, data);
  case DType::BF16:
    return convertTyped<Y, Bf16>(shape, data);
  case DType::I32:
    return convertTyped<Y, int32_t>(shape, data);
  case DType::I64:
    return convertTyped<Y, int64_t>(shape, data);
  case DType::Bool:
    return convertTyped<Y, Flag>(shape, data);
  }
}

template <typename T>
void negateTyped(const ElementwiseShape &shape, void *const *data) {
  using U = std::make_unsigned_t<T>;
  for (UnitWalk walk(shape, 0); walk.unit() < unitCount(shape); walk.next()) {
    T *y = static_cast<T *>(data[0]) + walk.offset(0);
    const T *x = static_cast<const T *>(data[1]) + walk.offset(1);
    for (int64_t i = 0; i < walk.count(); ++i) {
      U value = static_cast<U>(x[i * walk.stride(1)]);
      y[i * walk.stride(0)] = static_cast<T>(U{0} - value);
    }
  }
}

} // namespace

void copy(const ElementwiseShape &shape, void *const *data) {
  switch (elementBytes(shape.dtypes[0])) {
  case 1:
    return copyTyped<uint8_t>(shape, data);
  case 2:
    return copyTyped<uint16_t>(shape, data);
  case 4:
    return copyTyped<uint32_t>(shape, data);
  default:
    return copyTyped<uint64_t>(shape, data);
  }
}

void convert(const ElementwiseShape &shape, void *const *data) {
  switch (shape.dtypes[0]) {
  case DType::F32:
    return convertTo<float>(shape, data);
  case DType::BF16:
    return convertTo<Bf16>(shape, data);
  case DType::I32:
    return convertTo<int32_t>(shape, data);
  case DType::I64:
    return convertTo<int64_t>(shape, data);
  case DType::Bool:
    return convertTo<Flag>(shape, data);
  }
}

void negateInteger(const ElementwiseShape &shape, void *const *data) {
  return shape.dtypes[0] == DType::I32 ? negateTyped<int32_t>(shape, data)
                                       : negateTyped<int64_t>(shape, data);
}

} // namespace bertc::rt::kernels
