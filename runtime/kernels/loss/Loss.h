// SPDX-License-Identifier: Apache-2.0
//
// Log-softmax over the last axis and the negative log-likelihood of labels,
// with their gradients. [rows, columns] dense, f32 or bf16 in any mix; sums in
// f32.
#pragma once

#include "bertc/status.h"
#include "runtime/kernels/common/Operand.h"

namespace bertc::rt::kernels {

/// y = x - max - log(sum(exp(x - max))); y may be x.
void logSoftmax(Buffer y, Buffer x, int64_t rows, int64_t columns);

/// dx = dy - exp(y) * sum(dy); dx may be dy or y.
void logSoftmaxGrad(Buffer dx, Buffer dy, Buffer y, int64_t rows,
                    int64_t columns);

/// loss[i] = -logProbs[i, labels[i]]. A label outside [0, columns) is
/// InvalidArgument.
Status nll(Buffer loss, Buffer logProbs, const int32_t *labels, int64_t rows,
           int64_t columns);

/// d[i, c] = c == labels[i] ? -dloss[i] : 0. A label outside [0, columns) is
/// InvalidArgument.
Status nllGrad(Buffer d, Buffer dloss, const int32_t *labels, int64_t rows,
               int64_t columns);

} // namespace bertc::rt::kernels
