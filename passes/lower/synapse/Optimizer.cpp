// SPDX-License-Identifier: Apache-2.0
//
// LAMB, AdamW and the norm of gradients, of elementwise kernels and sums: the
// library has no kernel of either optimizer. What depends on the step is [1],
// so that a step needs no new recipe.

#include "passes/lower/synapse/SynapseLowering.h"

#include <cmath>

using namespace mlir;

namespace bertc::lower::syn {

namespace {

/// A decay as it was written: the graph has 0.999 as f32, whose distance to 1
/// is off by 1.3e-5 of itself.
double decimal(const APFloat &beta) {
  return std::round(beta.convertToDouble() * 1e7) / 1e7;
}

/// What both updates share; every tensor is f32.
template <typename UpdateOp> struct Update {
  Update(SynapseLowering &g, UpdateOp op)
      : g(g), op(op), var(g.get(op.getVar())),
        gradient(g.toF32(g.get(op.getGrad()))), beta1(decimal(op.getBeta1())),
        beta2(decimal(op.getBeta2())) {
    m = mix(g.get(op.getM()), op.getBeta1(), gradient, 1 - beta1);
    v = mix(g.get(op.getV()), op.getBeta2(), times(gradient, gradient),
            1 - beta2);
  }

  Value number(double value) { return g.scalar(value, g.f32()); }
  Value times(Value a, Value b) { return g.binary("mult_fwd", a, b); }

  /// beta old + rest x.
  Value mix(Value old, const APFloat &beta, Value x, double rest) {
    Value kept = times(old, number(beta.convertToDouble()));
    return g.binary("add_fwd", kept, times(x, number(rest)));
  }

  /// u + weight_decay var.
  Value decayed(Value u) {
    double decay = op.getWeightDecay().convertToDouble();
    return decay == 0.0 ? u : g.binary("add_fwd", u, times(var, number(decay)));
  }

  /// The results: var - rate u, m and v.
  void finish(Value u, Value rate) {
    g.set(op.getNewVar(), g.binary("sub_fwd", var, times(u, rate)));
    g.set(op.getNewM(), m);
    g.set(op.getNewV(), v);
  }

  SynapseLowering &g;
  UpdateOp op;
  Value var, gradient;
  double beta1, beta2;
  Value m, v;
};

/// Sum of the squares of all elements of f32, [1].
Value squares(SynapseLowering &g, Value x) {
  auto dims = llvm::to_vector(llvm::seq<int64_t>(0, typeOf(x).getRank()));
  return g.reshape(g.reduce("reduce_sum_square", x, dims), {1});
}

/// 2-norm of all elements, [1].
Value norm(SynapseLowering &g, Value x) {
  return g.unary("sqrt_fwd", squares(g, x));
}

/// |var| / |u|, and 1 where either is 0.
Value trustRatio(SynapseLowering &g, Value var, Value u) {
  Value zero = g.scalar(0.0, g.f32()), one = g.scalar(1.0, g.f32());
  Value varNorm = norm(g, var), updateNorm = norm(g, u);
  Value ratio = g.binary("div_fwd", varNorm, updateNorm);
  for (Value each : {updateNorm, varNorm}) {
    ratio = g.select(g.compare("equal_fwd", each, zero), one, ratio);
  }
  return ratio;
}

void lamb(SynapseLowering &g, bert::LambUpdateOp op) {
  Update<bert::LambUpdateOp> update(g, op);
  Value m = g.binary("div_fwd", update.m, g.oneMinusPower(update.beta1));
  Value v = g.binary("div_fwd", update.v, g.oneMinusPower(update.beta2));
  Value root = g.unary("sqrt_fwd", v);
  Value divisor =
      g.binary("add_fwd", root, update.number(op.getEps().convertToDouble()));
  Value u = update.decayed(g.binary("div_fwd", m, divisor));
  Value ratio = trustRatio(g, update.var, u);
  update.finish(u, update.times(ratio, g.get(op.getLearningRate())));
}

void adamw(SynapseLowering &g, bert::AdamwUpdateOp op) {
  Update<bert::AdamwUpdateOp> update(g, op);
  double eps = op.getEps().convertToDouble();
  Value square = g.binary("add_fwd", update.v, update.number(eps * eps));
  Value u = g.binary("div_fwd", update.m, g.unary("sqrt_fwd", square));
  update.finish(update.decayed(u), g.get(op.getLearningRate()));
}

/// Half the sum of squares, rounded once.
void l2Loss(SynapseLowering &g, bert::L2LossOp op) {
  Value sum = squares(g, g.toF32(g.get(op.getX())));
  Value half = g.binary("mult_fwd", sum, g.scalar(0.5, g.f32()));
  g.set(op.getY(), g.cast(half, getElementTypeOrSelf(op.getY())));
}

} // namespace

void addOptimizer(LoweringTable &table) {
  table.add<bert::L2LossOp>(l2Loss);
  table.add<bert::LambUpdateOp>(lamb);
  table.add<bert::AdamwUpdateOp>(adamw);
}

} // namespace bertc::lower::syn
