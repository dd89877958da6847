// SPDX-License-Identifier: Apache-2.0
//
// Fused operations, each composed of the parts that its description names.
// Intermediate values are not rounded.
#include "compiler/interpret/RowMath.h"

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
          op.getOpId(), z);
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
          op.getOpId(), y[0]);
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
  table.add<AccumulateOp>([](AccumulateOp op, Operands x, Results y) {
    for (int64_t i = 0; i < y[0].size(); ++i) {
      y[0][i] = (*x[0])[i] + (*x[2])[0] * (*x[1])[i];
    }
    return Status::okStatus();
  });
}

} // namespace bertc::interpret
