// SPDX-License-Identifier: Apache-2.0
//
// Fused operations, each composed of the parts that its description names.
// Intermediate values are not rounded.
#include "compiler/interpret/RowMath.h"

#include <algorithm>
#include <cmath>

using namespace bertc::bert;

namespace bertc::interpret {

namespace {

Status evalAttentionSoftmax(AttentionSoftmaxOp op, Operands x, Results y) {
  Tensor scores = *x[0];
  std::vector<int64_t> mask = broadcastMap(scores.shape, x[1]->shape);
  double scale = op.getScale().convertToFloat();
  for (int64_t i = 0; i < scores.size(); ++i) {
    scores[i] = scale * scores[i] + (*x[1])[mask[i]];
  }
  softmax(scores, y[1]);
  dropout(y[1], op.getRng() ? x[2] : nullptr, op.getRate().convertToFloat(),
          op.getOpId(), y[0]);
  return Status::okStatus();
}

Status evalAttentionSoftmaxGrad(AttentionSoftmaxGradOp op, Operands x,
                                Results dscores) {
  Tensor dsoftmax = *x[0];
  dropout(*x[0], op.getRng() ? x[2] : nullptr, op.getRate().convertToFloat(),
          op.getOpId(), dsoftmax);
  softmaxGrad(dsoftmax, *x[1], dscores[0]);
  double scale = op.getScale().convertToFloat();
  for (double &value : dscores[0].values) {
    value *= scale;
  }
  return Status::okStatus();
}

Status evalResidualLayerNorm(ResidualLayerNormOp op, Operands x, Results y) {
  Tensor &z = y[1];
  dropout(*x[0], op.getRng() ? x[4] : nullptr, op.getRate().convertToFloat(),
          op.getOpId(), z, op.getRows() ? x[5] : nullptr);
  for (int64_t i = 0; i < z.size(); ++i) {
    z[i] += (*x[1])[i];
  }
  layerNorm(z, *x[2], *x[3], op.getEps().convertToFloat(), y[0], y[2], y[3]);
  return Status::okStatus();
}

Status evalResidualLayerNormGrad(ResidualLayerNormGradOp op, Operands x,
                                 Results y) {
  layerNormGrad(*x[0], *x[1], *x[2], *x[3], *x[4], y[1], y[2], y[3]);
  dropout(y[1], op.getRng() ? x[5] : nullptr, op.getRate().convertToFloat(),
          op.getOpId(), y[0], op.getRows() ? x[6] : nullptr);
  return Status::okStatus();
}

double activated(double x, Activation activation) {
  switch (activation) {
  case Activation::Gelu:
    return gelu(x, GeluForm::None);
  case Activation::GeluTanh:
    return gelu(x, GeluForm::Tanh);
  case Activation::Relu:
    return std::max(x, 0.0);
  case Activation::Tanh:
    return std::tanh(x);
  }
  return x;
}

Status evalMatmulEpilogue(MatmulEpilogueOp op, Operands x, Results c) {
  multiply(*x[0], *x[1], op.getTransposeA(), op.getTransposeB(), c[0]);
  size_t next = 2;
  if (op.getBias()) {
    addToRows(*x[next++], c[0]);
  }
  const Tensor *factor = op.getFactor() ? x[next++] : nullptr;
  const Tensor *residual = op.getResidual() ? x[next] : nullptr;
  for (int64_t i = 0; i < c[0].size(); ++i) {
    double value = c[0][i];
    if (op.getActivation()) {
      value = activated(value, *op.getActivation());
    }
    value *= factor ? (*factor)[i] : 1;
    c[0][i] = value + (residual ? (*residual)[i] : 0);
  }
  return Status::okStatus();
}

/// Optional operands of attention, in order, from operand `first` on.
struct AttentionExtras {
  const Tensor *mask = nullptr, *ranges = nullptr, *rng = nullptr;
};
template <typename Op>
AttentionExtras extrasOf(Op op, Operands x, size_t first) {
  AttentionExtras extras;
  extras.mask = op.getMask() ? x[first++] : nullptr;
  extras.ranges = op.getRanges() ? x[first++] : nullptr;
  extras.rng = op.getRng() ? x[first] : nullptr;
  return extras;
}

/// scale q k^T + mask, -inf for keys outside the ranges.
Tensor attentionTerms(const Tensor &q, const Tensor &k, double scale,
                      const AttentionExtras &extras) {
  Tensor terms =
      Tensor::zeros(q.dtype, {q.shape[0], q.shape[1], q.shape[2], k.shape[2]});
  multiply(q, k, false, true, terms);
  std::vector<int64_t> mask;
  if (extras.mask) {
    mask = broadcastMap(terms.shape, extras.mask->shape);
  }
  for (int64_t i = 0; i < terms.size(); ++i) {
    terms[i] = scale * terms[i] + (extras.mask ? (*extras.mask)[mask[i]] : 0);
    if (extras.ranges) {
      int64_t key = i % terms.rowSize(), row = i / terms.rowSize();
      int64_t query =
          row / q.shape[2] / q.shape[1] * q.shape[2] + row % q.shape[2];
      bool seen = key >= (*extras.ranges)[2 * query] &&
                  key < (*extras.ranges)[2 * query + 1];
      terms[i] = seen ? terms[i] : -INFINITY;
    }
  }
  return terms;
}

Status evalAttention(AttentionOp op, Operands x, Results y) {
  AttentionExtras extras = extrasOf(op, x, 3);
  Tensor p =
      attentionTerms(*x[0], *x[1], op.getScale().convertToFloat(), extras);
  for (int64_t row = 0; row < p.rowCount(); ++row) {
    const double *terms = p.values.data() + row * p.rowSize();
    double largest = *std::max_element(terms, terms + p.rowSize()), sum = 0;
    for (int64_t t = 0; t < p.rowSize() && largest > -INFINITY; ++t) {
      sum += std::exp(terms[t] - largest);
    }
    // No key: lse is 0, and e^-inf is.
    y[1][row] = sum == 0 ? 0 : largest + std::log(sum);
    for (int64_t t = 0; t < p.rowSize(); ++t) {
      double &term = p[row * p.rowSize() + t];
      term = std::exp(term - y[1][row]);
    }
  }
  dropout(p, extras.rng, op.getRate().convertToFloat(), op.getOpId(), p);
  multiply(p, *x[2], false, false, y[0]);
  return Status::okStatus();
}

Status evalAttentionGrad(AttentionGradOp op, Operands x, Results y) {
  const Tensor &dout = *x[0], &q = *x[1], &k = *x[2], &v = *x[3];
  double scale = op.getScale().convertToFloat();
  AttentionExtras extras = extrasOf(op, x, 5);
  Tensor p = attentionTerms(q, k, scale, extras);
  for (int64_t i = 0; i < p.size(); ++i) {
    p[i] = std::exp(p[i] - (*x[4])[i / p.rowSize()]);
  }
  float rate = op.getRate().convertToFloat();
  Tensor kept = p, g = Tensor::zeros(p.dtype, p.shape), dterms = g;
  dropout(p, extras.rng, rate, op.getOpId(), kept);
  multiply(kept, dout, true, false, y[2]);
  multiply(dout, v, false, true, g);
  dropout(g, extras.rng, rate, op.getOpId(), g);
  softmaxGrad(g, p, dterms);
  for (double &value : dterms.values) {
    value *= scale;
  }
  multiply(dterms, k, false, false, y[0]);
  multiply(dterms, q, true, false, y[1]);
  return Status::okStatus();
}

} // namespace

void addFused(EvaluatorTable &table) {
  table.add<MatmulBiasOp>([](MatmulBiasOp op, Operands x, Results c) {
    multiply(*x[0], *x[1], op.getTransposeA(), op.getTransposeB(), c[0]);
    addToRows(*x[2], c[0]);
    return Status::okStatus();
  });
  table.add<AttentionSoftmaxOp>(evalAttentionSoftmax);
  table.add<AttentionSoftmaxGradOp>(evalAttentionSoftmaxGrad);
  table.add<ResidualLayerNormOp>(evalResidualLayerNorm);
  table.add<ResidualLayerNormGradOp>(evalResidualLayerNormGrad);
  table.add<MatmulEpilogueOp>(evalMatmulEpilogue);
  table.add<MatmulGroupOp>([](MatmulGroupOp op, Operands x, Results y) {
    for (size_t i = 0; i < y.size(); ++i) {
      multiply(*x[0], *x[1 + i], false, false, y[i]);
      if (!op.getBiases().empty()) {
        addToRows(*x[1 + y.size() + i], y[i]);
      }
    }
    return Status::okStatus();
  });
  table.add<MatmulBiasGradOp>([](MatmulBiasGradOp op, Operands x, Results y) {
    multiply(*x[0], *x[1], true, false, y[0]);
    sumRows(*x[1], y[1]);
    return Status::okStatus();
  });
  table.add<AttentionOp>(evalAttention);
  table.add<AttentionGradOp>(evalAttentionGrad);
  table.add<GeluWithDerivativeOp>(
      [](GeluWithDerivativeOp op, Operands x, Results y) {
        for (int64_t i = 0; i < y[0].size(); ++i) {
          y[0][i] = gelu((*x[0])[i], op.getApproximate());
          y[1][i] = geluSlope((*x[0])[i], op.getApproximate());
        }
        return Status::okStatus();
      });
  table.add<GeluBackwardOp>([](GeluBackwardOp op, Operands x, Results y) {
    const Tensor &dy = *x[0];
    int64_t columns = dy.rowSize();
    for (int64_t i = 0; i < dy.size(); ++i) {
      y[0][i] = gelu((*x[1])[i], op.getApproximate());
      y[1][i] = dy[i] * geluSlope((*x[1])[i], op.getApproximate());
      y[2][i % columns] += y[1][i];
    }
    return Status::okStatus();
  });
  table.add<AccumulateOp>([](AccumulateOp op, Operands x, Results y) {
    for (int64_t i = 0; i < y[0].size(); ++i) {
      y[0][i] = (*x[0])[i] + (*x[2])[0] * (*x[1])[i];
    }
    return Status::okStatus();
  });
}

} // namespace bertc::interpret
