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

/// Loss of labels under the softmax of logits, and its gradient.
struct CrossEntropyArgs {
  int64_t rows = 0, columns = 0;
  /// [rows, columns] dense, f32 or bf16.
  Buffer logits;
  const int32_t *labels = nullptr;
  /// [rows]. Written by crossEntropy, read by its gradient: lse is the log of
  /// the sum of e^logits, loss the loss or the gradient of it.
  float *lse = nullptr;
  float *loss = nullptr;
};

/// loss[i] = lse[i] - logits[i, labels[i]]. A label outside [0, columns) is
/// InvalidArgument.
Status crossEntropy(const CrossEntropyArgs &args);

/// d[i, c] = loss[i] * (e^(logits[i, c] - lse[i]) - (c == labels[i])); d may be
/// the logits.
Status crossEntropyGrad(const CrossEntropyArgs &args, Buffer d);

} // namespace bertc::rt::kernels
