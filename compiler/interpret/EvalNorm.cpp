// SPDX-License-Identifier: Apache-2.0
//
// Softmax, layer normalisation and dropout.
#include "compiler/interpret/RowMath.h"

#include <algorithm>
#include <cmath>

using namespace bertc::bert;

namespace bertc::interpret {

/// y = logarithm of the softmax of the rows of x.
static void logSoftmax(const Tensor &x, Tensor &y) {
  int64_t n = x.rowSize();
  for (int64_t row = 0; row < x.rowCount(); ++row) {
    const double *in = x.values.data() + row * n;
    double largest = *std::max_element(in, in + n);
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
      sum += std::exp(in[i] - largest);
    }
    for (int64_t i = 0; i < n; ++i) {
      y[row * n + i] = in[i] - largest - std::log(sum);
    }
  }
}

static void logSoftmaxGrad(const Tensor &dy, const Tensor &y, Tensor &dx) {
  int64_t n = y.rowSize();
  for (int64_t row = 0; row < y.rowCount(); ++row) {
    double sum = 0;
    for (int64_t i = row * n; i < (row + 1) * n; ++i) {
      sum += dy[i];
    }
    for (int64_t i = row * n; i < (row + 1) * n; ++i) {
      dx[i] = dy[i] - std::exp(y[i]) * sum;
    }
  }
}

void addNorm(EvaluatorTable &table) {
  table.add<SoftmaxOp>([](SoftmaxOp, Operands x, Results y) {
    softmax(*x[0], y[0]);
    return Status::okStatus();
  });
  table.add<SoftmaxGradOp>([](SoftmaxGradOp, Operands x, Results dx) {
    softmaxGrad(*x[0], *x[1], dx[0]);
    return Status::okStatus();
  });
  table.add<LogSoftmaxOp>([](LogSoftmaxOp, Operands x, Results y) {
    logSoftmax(*x[0], y[0]);
    return Status::okStatus();
  });
  table.add<LogSoftmaxGradOp>([](LogSoftmaxGradOp, Operands x, Results dx) {
    logSoftmaxGrad(*x[0], *x[1], dx[0]);
    return Status::okStatus();
  });
  table.add<LayerNormOp>([](LayerNormOp op, Operands x, Results y) {
    layerNorm(*x[0], *x[1], *x[2], op.getEps().convertToFloat(), y[0], y[1],
              y[2]);
    return Status::okStatus();
  });
  table.add<LayerNormGradOp>([](LayerNormGradOp op, Operands x, Results y) {
    layerNormGrad(*x[0], *x[1], *x[2], *x[3], *x[4], y[0], y[1], y[2]);
    return Status::okStatus();
  });
  table.add<DropoutOp>([](DropoutOp op, Operands x, Results y) {
    dropout(*x[0], x[1], op.getRate().convertToFloat(), op.getOpId(), y[0],
            op.getRows() ? x[2] : nullptr);
    return Status::okStatus();
  });
  table.add<DropoutGradOp>([](DropoutGradOp op, Operands x, Results dx) {
    dropout(*x[0], x[1], op.getRate().convertToFloat(), op.getOpId(), dx[0],
            op.getRows() ? x[2] : nullptr);
    return Status::okStatus();
  });
}

} // namespace bertc::interpret
