// SPDX-License-Identifier: Apache-2.0
//
// What every weight file says about a tensor: its name, element type and
// shape. Shared by the safetensors and checkpoint readers and writers, which
// differ only in how they lay these out on disk.
#pragma once

#include "bertc/status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc {

/// Element types that our files hold. `String` and `Other` only ever come out
/// of a TensorFlow checkpoint, where such tensors are listed but not computed
/// with.
enum class DataType : uint8_t {
  F64,
  F32,
  F16,
  BF16,
  I64,
  I32,
  I16,
  I8,
  U8,
  Bool,
  String,
  Other,
};

/// Bytes of one element; 0 for String and Other.
size_t dataTypeSize(DataType type);

/// The safetensors spelling: "F32", "BF16", "BOOL", ...; "STRING", "OTHER".
const char *dataTypeName(DataType type);

/// Name, element type and shape ([] = scalar) of a tensor.
struct TensorInfo {
  std::string name;
  DataType dtype = DataType::F32;
  std::vector<int64_t> shape;
};

/// A tensor in memory, row-major and little-endian, to be written to a file.
/// The bytes are borrowed: they must outlive the call that writes them.
struct TensorSource {
  TensorInfo info;
  const void *data = nullptr;
};

/// Number of elements of `shape`; an error when a dimension is negative or the
/// product overflows 63 bits.
StatusOr<int64_t> elementCount(const std::vector<int64_t> &shape);

/// Bytes of a tensor; an error as for elementCount(), or when the type has no
/// fixed size.
StatusOr<uint64_t> byteSize(DataType dtype, const std::vector<int64_t> &shape);

/// "[2,768]".
std::string shapeToString(const std::vector<int64_t> &shape);

/// Converts `count` elements of a float type (F64, F32, F16, BF16) to f32.
Status convertToF32(DataType from, const void *source, float *target,
                    size_t count);

/// out[j][i] = in[i][j] for a row-major `rows` x `cols` matrix of elements of
/// `size` bytes (1, 2, 4 or 8). `in` and `out` must not overlap.
void transposeBytes(const void *in, void *out, int64_t rows, int64_t cols,
                    size_t size);

} // namespace bertc
