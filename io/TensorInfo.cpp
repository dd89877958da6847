// SPDX-License-Identifier: Apache-2.0
//
// Element types, checked sizes, and the copies that binding weights needs.
#include "io/TensorInfo.h"

#include <algorithm>
#include <cstring>

namespace bertc {
namespace {

float fromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

float halfToFloat(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = half >> 10 & 0x1f;
  const uint32_t fraction = half & 0x3ff;
  if (exponent == 0x1f) {
    return fromBits(sign | 0x7f800000 | fraction << 13);
  }
  if (exponent == 0) { // zero and subnormals: fraction * 2^-24
    float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  return fromBits(sign | (exponent + 112) << 23 | fraction << 13);
}

/// Applies `convert` to `count` unaligned elements of type T.
template <typename T, typename Convert>
void convertEach(const void *source, float *target, size_t count,
                 Convert convert) {
  const char *p = static_cast<const char *>(source);
  for (size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, p + i * sizeof(T), sizeof(T));
    target[i] = convert(value);
  }
}

/// Tile by tile; the input need not be aligned.
template <typename T>
void transposeElements(const void *in, void *out, int64_t rows, int64_t cols) {
  constexpr int64_t kTile = 16;
  const char *source = static_cast<const char *>(in);
  char *target = static_cast<char *>(out);
#pragma omp parallel for schedule(static)
  for (int64_t c0 = 0; c0 < cols; c0 += kTile) {
    const int64_t c1 = std::min(cols, c0 + kTile);
    for (int64_t r0 = 0; r0 < rows; r0 += kTile) {
      const int64_t r1 = std::min(rows, r0 + kTile);
      for (int64_t c = c0; c < c1; ++c) {
        for (int64_t r = r0; r < r1; ++r) {
          std::memcpy(target + (c * rows + r) * int64_t(sizeof(T)),
                      source + (r * cols + c) * int64_t(sizeof(T)), sizeof(T));
        }
      }
    }
  }
}

} // namespace

size_t dataTypeSize(DataType type) {
  switch (type) {
  case DataType::F64:
  case DataType::I64:
    return 8;
  case DataType::F32:
  case DataType::I32:
    return 4;
  case DataType::F16:
  case DataType::BF16:
  case DataType::I16:
    return 2;
  case DataType::I8:
  case DataType::U8:
  case DataType::Bool:
    return 1;
  case DataType::String:
  case DataType::Other:
    return 0;
  }
  return 0;
}

const char *dataTypeName(DataType type) {
  static const char *const names[] = {"F64", "F32",  "F16",    "BF16",
                                      "I64", "I32",  "I16",    "I8",
                                      "U8",  "BOOL", "STRING", "OTHER"};
  return names[static_cast<size_t>(type)];
}

StatusOr<int64_t> elementCount(const std::vector<int64_t> &shape) {
  int64_t count = 1;
  for (int64_t size : shape) {
    if (size < 0) {
      return corrupt("shape " + shapeToString(shape) +
                     " has a negative dimension");
    }
  }
  // An empty tensor is empty however large its other dimensions are.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) {
    return int64_t(0);
  }
  for (int64_t size : shape) {
    if (__builtin_mul_overflow(count, size, &count)) {
      return corrupt("shape " + shapeToString(shape) +
                     " has too many elements");
    }
  }
  return count;
}

StatusOr<uint64_t> byteSize(DataType dtype, const std::vector<int64_t> &shape) {
  BERTC_ASSIGN_OR_RETURN(int64_t count, elementCount(shape));
  const size_t size = dataTypeSize(dtype);
  if (size == 0) {
    return invalidArgument(std::string("elements of type ") +
                           dataTypeName(dtype) + " have no fixed size");
  }
  int64_t bytes = 0;
  if (__builtin_mul_overflow(count, static_cast<int64_t>(size), &bytes)) {
    return corrupt("shape " + shapeToString(shape) + " has too many elements");
  }
  return static_cast<uint64_t>(bytes);
}

std::string shapeToString(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size() && i < 16; ++i) {
    text += (i > 0 ? "," : "") + std::to_string(shape[i]);
  }
  return text + (shape.size() > 16 ? ",...]" : "]");
}

Status convertToF32(DataType from, const void *source, float *target,
                    size_t count) {
  switch (from) {
  case DataType::F32:
    if (count > 0) {
      std::memcpy(target, source, count * sizeof(float));
    }
    return Status();
  case DataType::F64:
    convertEach<double>(source, target, count,
                        [](double x) { return static_cast<float>(x); });
    return Status();
  case DataType::BF16:
    convertEach<uint16_t>(source, target, count, [](uint16_t x) {
      return fromBits(static_cast<uint32_t>(x) << 16);
    });
    return Status();
  case DataType::F16:
    convertEach<uint16_t>(source, target, count, halfToFloat);
    return Status();
  default:
    return invalidArgument(std::string("cannot convert elements of type ") +
                           dataTypeName(from) +
                           " to F32, expected a float "
                           "type");
  }
}

void transposeBytes(const void *in, void *out, int64_t rows, int64_t cols,
                    size_t size) {
  switch (size) {
  case 1:
    return transposeElements<uint8_t>(in, out, rows, cols);
  case 2:
    return transposeElements<uint16_t>(in, out, rows, cols);
  case 4:
    return transposeElements<uint32_t>(in, out, rows, cols);
  case 8:
    return transposeElements<uint64_t>(in, out, rows, cols);
  default:
    return;
  }
}

} // namespace bertc
