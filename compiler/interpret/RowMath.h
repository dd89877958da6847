// SPDX-License-Identifier: Apache-2.0
//
// The mathematics that plain and fused operations share, on tensors of
// doubles. Rows are along the last dimension; outputs come with their shape.
#pragma once

#include "compiler/interpret/Evaluator.h"

namespace bertc::interpret {

/// gelu in one of its forms, and its derivative at x.
double gelu(double x, bert::GeluForm form);
double geluSlope(double x, bert::GeluForm form);

/// c = a b for every leading index; with transposeA (transposeB) the last two
/// dimensions of a (b) are swapped first.
void multiply(const Tensor &a, const Tensor &b, bool transposeA,
              bool transposeB, Tensor &c);

/// y[..,n] += bias[n].
void addToRows(const Tensor &bias, Tensor &y);

/// sum[n] = sum of x[..,n].
void sumRows(const Tensor &x, Tensor &sum);

/// y = softmax of the rows of x.
void softmax(const Tensor &x, Tensor &y);

/// dx = the gradient of softmax, whose result was y.
void softmaxGrad(const Tensor &dy, const Tensor &y, Tensor &dx);

/// y, mean, rstd = layer norm of the rows of x.
void layerNorm(const Tensor &x, const Tensor &gamma, const Tensor &beta,
               double eps, Tensor &y, Tensor &mean, Tensor &rstd);

/// dx, dgamma, dbeta = the gradient of layer norm.
void layerNormGrad(const Tensor &dy, const Tensor &x, const Tensor &gamma,
                   const Tensor &mean, const Tensor &rstd, Tensor &dx,
                   Tensor &dgamma, Tensor &dbeta);

/// y = x with elements dropped and the rest scaled, as bert.dropout says. A
/// null rng keeps everything; null rows are 0, 1, ... x and y may be the same
/// tensor.
void dropout(const Tensor &x, const Tensor *rng, float rate, uint32_t opId,
             Tensor &y, const Tensor *rows = nullptr);

} // namespace bertc::interpret
