// SPDX-License-Identifier: Apache-2.0
//
// The two optimizers' updates.
#include "compiler/interpret/Evaluator.h"

#include <cmath>

using namespace bertc::bert;

namespace bertc::interpret {

namespace {

double norm(const std::vector<double> &values) {
  double squares = 0;
  for (double value : values) {
    squares += value * value;
  }
  return std::sqrt(squares);
}

/// The new moments, results 1 and 2 of either update.
template <typename UpdateOp>
void updateMoments(UpdateOp op, Operands x, Results y) {
  double beta1 = op.getBeta1().convertToFloat();
  double beta2 = op.getBeta2().convertToFloat();
  const Tensor &m = *x[1], &v = *x[2], &grad = *x[3];
  for (int64_t i = 0; i < grad.size(); ++i) {
    y[1][i] = beta1 * m[i] + (1 - beta1) * grad[i];
    y[2][i] = beta2 * v[i] + (1 - beta2) * grad[i] * grad[i];
  }
}

Status evalLamb(LambUpdateOp op, Operands x, Results y) {
  updateMoments(op, x, y);
  double beta1 = op.getBeta1().convertToFloat();
  double beta2 = op.getBeta2().convertToFloat();
  double eps = op.getEps().convertToFloat();
  double decay = op.getWeightDecay().convertToFloat();
  const Tensor &var = *x[0];
  double rate = (*x[4])[0], step = (*x[5])[0];
  std::vector<double> update(var.size());
  for (int64_t i = 0; i < var.size(); ++i) {
    double m = y[1][i] / (1 - std::pow(beta1, step));
    double v = y[2][i] / (1 - std::pow(beta2, step));
    update[i] = m / (std::sqrt(v) + eps) + decay * var[i];
  }
  double varNorm = norm(var.values), updateNorm = norm(update);
  double ratio = varNorm == 0 || updateNorm == 0 ? 1 : varNorm / updateNorm;
  for (int64_t i = 0; i < var.size(); ++i) {
    y[0][i] = var[i] - ratio * rate * update[i];
  }
  return Status::okStatus();
}

Status evalAdamw(AdamwUpdateOp op, Operands x, Results y) {
  updateMoments(op, x, y);
  double eps = op.getEps().convertToFloat();
  double decay = op.getWeightDecay().convertToFloat();
  const Tensor &var = *x[0];
  double rate = (*x[4])[0];
  for (int64_t i = 0; i < var.size(); ++i) {
    double update = y[1][i] / std::sqrt(y[2][i] + eps * eps) + decay * var[i];
    y[0][i] = var[i] - rate * update;
  }
  return Status::okStatus();
}

} // namespace

void addOptimizer(EvaluatorTable &table) {
  table.add<LambUpdateOp>(evalLamb);
  table.add<AdamwUpdateOp>(evalAdamw);
}

} // namespace bertc::interpret
