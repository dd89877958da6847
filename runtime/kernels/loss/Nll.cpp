// SPDX-License-Identifier: Apache-2.0
//
// Negative log-likelihood of labels: one element of each row.

#include "runtime/kernels/common/Bf16.h"
#include "runtime/kernels/common/ZeroMemory.h"
#include "runtime/kernels/loss/Loss.h"

#include <string>

namespace bertc::rt::kernels {
namespace {

Status checkLabels(const int32_t *labels, int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; ++r) {
    if (labels[r] < 0 || labels[r] >= columns) {
      return invalidArgument("label " + std::to_string(labels[r]) +
                             " at position " + std::to_string(r) +
                             " is outside the " + std::to_string(columns) +
                             " classes");
    }
  }
  return Status();
}

float load(Buffer x, int64_t i) {
  return x.dtype == DType::F32
             ? static_cast<const float *>(x.data)[i]
             : bf16ToFloat(static_cast<const uint16_t *>(x.data)[i]);
}

void store(Buffer x, int64_t i, float value) {
  if (x.dtype == DType::F32) {
    static_cast<float *>(x.data)[i] = value;
  } else {
    static_cast<uint16_t *>(x.data)[i] = floatToBf16(value);
  }
}

} // namespace

Status nll(Buffer loss, Buffer logProbs, const int32_t *labels, int64_t rows,
           int64_t columns) {
  BERTC_RETURN_IF_ERROR(checkLabels(labels, rows, columns));
  for (int64_t r = 0; r < rows; ++r) {
    store(loss, r, -load(logProbs, r * columns + labels[r]));
  }
  return Status();
}

Status nllGrad(Buffer d, Buffer dloss, const int32_t *labels, int64_t rows,
               int64_t columns) {
  BERTC_RETURN_IF_ERROR(checkLabels(labels, rows, columns));
  zeroMemory(d.data, rows * columns * elementBytes(d.dtype));
  for (int64_t r = 0; r < rows; ++r) {
    store(d, r * columns + labels[r], -load(dloss, r));
  }
  return Status();
}

} // namespace bertc::rt::kernels
