// SPDX-License-Identifier: Apache-2.0
//
// Reductions, argmax and l2_loss.
#include "compiler/interpret/Evaluator.h"

#include <cmath>
#include <limits>

using namespace bertc::bert;

namespace bertc::interpret {

namespace {

/// For each element of a tensor of `shape`, the element of the result that
/// reducing over `axes` combines it into.
std::vector<int64_t> reductionMap(llvm::ArrayRef<int64_t> shape,
                                  llvm::ArrayRef<int64_t> axes) {
  std::vector<int64_t> kept(shape.begin(), shape.end());
  for (int64_t axis : axes) {
    kept[axis] = 1;
  }
  return broadcastMap(shape, kept);
}

Status evalArgmax(ArgmaxOp op, Operands x, Results y) {
  int64_t n = x[0]->rowSize();
  for (int64_t row = 0; row < y[0].size(); ++row) {
    int64_t best = 0;
    for (int64_t i = 1; i < n; ++i) {
      if ((*x[0])[row * n + i] > (*x[0])[row * n + best]) {
        best = i;
      }
    }
    y[0][row] = static_cast<double>(best);
  }
  return Status::okStatus();
}

} // namespace

void addReduction(EvaluatorTable &table) {
  table.add<ReduceSumOp>([](ReduceSumOp op, Operands x, Results y) {
    std::vector<int64_t> map = reductionMap(x[0]->shape, op.getAxes());
    for (int64_t i = 0; i < x[0]->size(); ++i) {
      y[0][map[i]] += (*x[0])[i];
    }
    return Status::okStatus();
  });
  table.add<ReduceMeanOp>([](ReduceMeanOp op, Operands x, Results y) {
    std::vector<int64_t> map = reductionMap(x[0]->shape, op.getAxes());
    double count = static_cast<double>(x[0]->size() / y[0].size());
    for (int64_t i = 0; i < x[0]->size(); ++i) {
      y[0][map[i]] += (*x[0])[i] / count;
    }
    return Status::okStatus();
  });
  table.add<ReduceMaxOp>([](ReduceMaxOp op, Operands x, Results y) {
    std::vector<int64_t> map = reductionMap(x[0]->shape, op.getAxes());
    y[0].values.assign(y[0].size(), -std::numeric_limits<double>::infinity());
    for (int64_t i = 0; i < x[0]->size(); ++i) {
      double value = (*x[0])[i];
      if (value > y[0][map[i]] || std::isnan(value)) {
        y[0][map[i]] = value;
      }
    }
    return Status::okStatus();
  });
  table.add<ArgmaxOp>(evalArgmax);
  table.add<L2LossOp>([](L2LossOp, Operands x, Results y) {
    for (double value : x[0]->values) {
      y[0][0] += value * value / 2;
    }
    return Status::okStatus();
  });
}

} // namespace bertc::interpret
