// SPDX-License-Identifier: Apache-2.0
//
// A tensor as the interpreter holds it: every element a double, whatever its
// type. Floats of 32 bits and fewer, i1 and i32 are exact in a double; i64 is
// exact up to 2^53, far beyond any index or step. What makes an f32 tensor f32
// is that its values have been rounded to f32 (round()).
#pragma once

#include "bertc/status.h"
#include "io/TensorInfo.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

#include <cstdint>
#include <vector>

namespace bertc::interpret {

/// Row-major values with their element type and shape ([] = scalar).
struct Tensor {
  DataType dtype = DataType::F32;
  std::vector<int64_t> shape;
  std::vector<double> values;

  /// All zeros.
  static Tensor zeros(DataType dtype, std::vector<int64_t> shape);
  /// All zeros, of the element type and shape of a bert tensor.
  static Tensor zeros(mlir::RankedTensorType type);
  /// The elements of a constant.
  static StatusOr<Tensor> fromAttribute(mlir::ElementsAttr value);
  /// Little-endian row-major bytes, as files hold them: F64, F32, BF16, I64,
  /// I32 or Bool.
  static StatusOr<Tensor> fromBytes(DataType dtype, std::vector<int64_t> shape,
                                    const void *bytes);

  /// The values as bytes of `as`, rounded where it is narrower.
  StatusOr<std::vector<uint8_t>> toBytes(DataType as) const;

  int64_t size() const { return static_cast<int64_t>(values.size()); }
  int64_t rank() const { return static_cast<int64_t>(shape.size()); }

  /// Rows are along the last dimension; a scalar is one row of one.
  int64_t rowSize() const { return shape.empty() ? 1 : shape.back(); }
  int64_t rowCount() const { return size() / rowSize(); }

  /// Rounds every value to the element type.
  void round();

  double &operator[](int64_t i) { return values[i]; }
  double operator[](int64_t i) const { return values[i]; }
};

/// Element type of bert tensors as files name it.
DataType dataTypeOf(mlir::Type element);

/// Whether values of the type are floating-point numbers.
bool isFloat(DataType dtype);

/// Number of elements of a shape.
int64_t elementsOf(llvm::ArrayRef<int64_t> shape);

/// Row-major strides of a shape: the distance, in elements, between neighbours
/// along each dimension.
std::vector<int64_t> stridesOf(llvm::ArrayRef<int64_t> shape);

/// Position along each dimension of element `linear` of a shape.
std::vector<int64_t> positionOf(int64_t linear, llvm::ArrayRef<int64_t> shape);

/// x in element type `dtype`: rounded to nearest, ties to even; to an integer
/// toward zero, saturating, NaN to 0; to Bool, whether it is not 0.
double convertValue(double x, DataType dtype);

} // namespace bertc::interpret
