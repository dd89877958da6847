// SPDX-License-Identifier: Apache-2.0
//
// Pieces of evaluation that tasks share.

#include "models/Tasks.h"

namespace bertc {

using mlir::Value;

WeightedMean buildWeightedMean(ModelBuilder &m, Value values, Value weights) {
  GraphBuilder &g = m.graph;
  WeightedMean out;
  out.sum = g.sum(g.op<bert::MulOp>("mul", weights, values));
  out.count = g.sum(weights);
  // A batch of nothing but padding has mean 0, not 0/0.
  Value divisor = g.op<bert::MaximumOp>("Maximum", out.count, g.scalar(1.0));
  out.mean = g.op<bert::DivOp>("truediv", out.sum, divisor);
  return out;
}

Value buildCorrect(ModelBuilder &m, Value logProbs, Value labels) {
  GraphBuilder &g = m.graph;
  Value best = g.op<bert::ArgmaxOp>("ArgMax", logProbs);
  Value equal =
      g.op<bert::CompareOp>("Equal", best, labels, bert::Predicate::Eq);
  return g.op<bert::CastOp>("Cast", g.f32(GraphBuilder::shapeOf(labels)),
                            equal);
}

} // namespace bertc
