// SPDX-License-Identifier: Apache-2.0
//
// Conversions between a tensor's dtype and f32.
#include "tools/synapse-stand-in/ops/RowAccess.h"

#include "tools/synapse-stand-in/ops/OpCheck.h"

#include <algorithm>

namespace bertc::standin {

const float *readFloats(const OpTensor &tensor, uint64_t first, uint64_t n,
                        float *buffer) {
  if (tensor.dtype == F32) {
    return static_cast<const float *>(tensor.data) + first;
  }
  if (tensor.dtype == BF16) {
    leaf().widen(static_cast<const uint16_t *>(tensor.data) + first, buffer,
                 static_cast<int64_t>(n));
  } else if (tensor.dtype == I32) {
    std::copy_n(static_cast<const int32_t *>(tensor.data) + first, n, buffer);
  } else {
    std::copy_n(static_cast<const int8_t *>(tensor.data) + first, n, buffer);
  }
  return buffer;
}

void writeFloats(const OpTensor &tensor, uint64_t first, uint64_t n,
                 const float *values) {
  if (tensor.dtype == BF16) {
    leaf().narrow(values, static_cast<uint16_t *>(tensor.data) + first,
                  static_cast<int64_t>(n));
    return;
  }
  float *target = static_cast<float *>(tensor.data) + first;
  if (target != values) {
    std::copy_n(values, n, target);
  }
}

float *floatsToWrite(const OpTensor &tensor, uint64_t first, float *buffer) {
  return tensor.dtype == F32 ? static_cast<float *>(tensor.data) + first
                             : buffer;
}

float readFloat(const OpTensor &tensor, uint64_t at) {
  float value;
  return *readFloats(tensor, at, 1, &value);
}

int32_t readInt(const OpTensor &tensor, uint64_t at) {
  return tensor.dtype == I32 ? static_cast<const int32_t *>(tensor.data)[at]
                             : static_cast<const int8_t *>(tensor.data)[at];
}

} // namespace bertc::standin
