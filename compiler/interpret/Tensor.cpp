// SPDX-License-Identifier: Apache-2.0
//
// Tensors of doubles: making them from attributes and bytes, and rounding.
#include "compiler/interpret/Tensor.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace mlir;

namespace bertc::interpret {

int64_t elementsOf(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t dim : shape) {
    count *= dim;
  }
  return count;
}

std::vector<int64_t> stridesOf(ArrayRef<int64_t> shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t d = shape.size(); d-- > 1;) {
    strides[d - 1] = strides[d] * shape[d];
  }
  return strides;
}

std::vector<int64_t> positionOf(int64_t linear, ArrayRef<int64_t> shape) {
  std::vector<int64_t> position(shape.size());
  for (size_t d = shape.size(); d-- > 0;) {
    position[d] = linear % shape[d];
    linear /= shape[d];
  }
  return position;
}

bool isFloat(DataType dtype) {
  return dtype == DataType::F64 || dtype == DataType::F32 ||
         dtype == DataType::BF16;
}

DataType dataTypeOf(Type element) {
  if (element.isF64()) {
    return DataType::F64;
  }
  if (element.isF32()) {
    return DataType::F32;
  }
  if (element.isBF16()) {
    return DataType::BF16;
  }
  if (element.isInteger(64)) {
    return DataType::I64;
  }
  if (element.isInteger(32)) {
    return DataType::I32;
  }
  return element.isInteger(1) ? DataType::Bool : DataType::Other;
}

/// The 16 bits of the bf16 nearest to x, ties to even; NaN stays a NaN.
static uint16_t bf16Bits(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  if (std::isnan(x)) {
    return static_cast<uint16_t>((bits >> 16) | 0x40);
  }
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

static float bf16Value(uint16_t half) {
  uint32_t bits = static_cast<uint32_t>(half) << 16;
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

/// Toward zero, saturating at the range of Int; NaN gives 0.
template <typename Int> static double toInteger(double x) {
  if (std::isnan(x)) {
    return 0;
  }
  double low = static_cast<double>(std::numeric_limits<Int>::min());
  // The largest double below 2^(bits - 1) + 1 that is still in range.
  double high = sizeof(Int) == 8
                    ? 9223372036854774784.0
                    : static_cast<double>(std::numeric_limits<Int>::max());
  return std::trunc(std::min(std::max(x, low), high));
}

double convertValue(double x, DataType dtype) {
  switch (dtype) {
  case DataType::F32:
    return static_cast<float>(x);
  case DataType::BF16:
    return bf16Value(bf16Bits(static_cast<float>(x)));
  case DataType::I64:
    return toInteger<int64_t>(x);
  case DataType::I32:
    return toInteger<int32_t>(x);
  case DataType::Bool:
    return x != 0;
  default:
    return x;
  }
}

void Tensor::round() {
  for (double &value : values) {
    value = convertValue(value, dtype);
  }
}

Tensor Tensor::zeros(DataType dtype, std::vector<int64_t> shape) {
  Tensor tensor;
  tensor.dtype = dtype;
  tensor.values.assign(elementsOf(shape), 0.0);
  tensor.shape = std::move(shape);
  return tensor;
}

Tensor Tensor::zeros(RankedTensorType type) {
  return zeros(dataTypeOf(type.getElementType()), type.getShape().vec());
}

StatusOr<Tensor> Tensor::fromAttribute(ElementsAttr value) {
  Tensor tensor = zeros(cast<RankedTensorType>(value.getType()));
  if (isFloat(tensor.dtype)) {
    auto range = value.tryGetValues<APFloat>();
    if (!range) {
      return invalidArgument(
          "a constant of floats whose values cannot be read");
    }
    int64_t i = 0;
    for (APFloat element : *range) {
      bool inexact;
      element.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                      &inexact);
      tensor[i++] = element.convertToDouble();
    }
    return tensor;
  }
  auto range = value.tryGetValues<APInt>();
  if (!range) {
    return invalidArgument(
        "a constant of integers whose values cannot be read");
  }
  int64_t i = 0;
  for (APInt element : *range) {
    tensor[i++] = element.getBitWidth() == 1
                      ? static_cast<double>(element.getZExtValue())
                      : static_cast<double>(element.getSExtValue());
  }
  return tensor;
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

template <typename T>
static void readValues(const void *bytes, std::vector<double> &values) {
  for (size_t i = 0; i < values.size(); ++i) {
    T element;
    std::memcpy(&element, static_cast<const char *>(bytes) + i * sizeof(T),
                sizeof(T));
    values[i] = static_cast<double>(element);
  }
}

template <typename T>
static std::vector<uint8_t> writeValues(const std::vector<double> &values,
                                        DataType dtype) {
  std::vector<uint8_t> bytes(values.size() * sizeof(T));
  for (size_t i = 0; i < values.size(); ++i) {
    T element = static_cast<T>(convertValue(values[i], dtype));
    std::memcpy(bytes.data() + i * sizeof(T), &element, sizeof(T));
  }
  return bytes;
}

StatusOr<Tensor> Tensor::fromBytes(DataType dtype, std::vector<int64_t> shape,
                                   const void *bytes) {
  Tensor tensor = zeros(dtype, std::move(shape));
  switch (dtype) {
  case DataType::F64:
    readValues<double>(bytes, tensor.values);
    return tensor;
  case DataType::F32:
    readValues<float>(bytes, tensor.values);
    return tensor;
  case DataType::BF16:
    for (int64_t i = 0; i < tensor.size(); ++i) {
      uint16_t half;
      std::memcpy(&half, static_cast<const char *>(bytes) + 2 * i, 2);
      tensor[i] = bf16Value(half);
    }
    return tensor;
  case DataType::I64:
    readValues<int64_t>(bytes, tensor.values);
    return tensor;
  case DataType::I32:
    readValues<int32_t>(bytes, tensor.values);
    return tensor;
  case DataType::Bool:
    readValues<uint8_t>(bytes, tensor.values);
    tensor.round();
    return tensor;
  default:
    return invalidArgument("the interpreter does not read tensors of this "
                           "element type; convert them to f32 first");
  }
}

StatusOr<std::vector<uint8_t>> Tensor::toBytes(DataType as) const {
  switch (as) {
  case DataType::F64:
    return writeValues<double>(values, as);
  case DataType::F32:
    return writeValues<float>(values, as);
  case DataType::BF16: {
    std::vector<uint8_t> bytes(values.size() * 2);
    for (size_t i = 0; i < values.size(); ++i) {
      uint16_t half = bf16Bits(static_cast<float>(values[i]));
      std::memcpy(bytes.data() + 2 * i, &half, 2);
    }
    return bytes;
  }
  case DataType::I64:
    return writeValues<int64_t>(values, as);
  case DataType::I32:
    return writeValues<int32_t>(values, as);
  case DataType::Bool:
    return writeValues<uint8_t>(values, as);
  default:
    return invalidArgument(
        "the interpreter does not write tensors of this element type");
  }
}

} // namespace bertc::interpret
