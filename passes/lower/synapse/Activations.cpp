// SPDX-License-Identifier: Apache-2.0
//
// gelu, tanh, relu and their gradients.
//
// gelu_fwd has a second result, which gelu_bwd reads: in the erf form, with the
// same parameters on both, they go as a pair as in the framework's own graphs,
// and what passes between them is theirs. The tanh form of these kernels has
// been seen to be coarser than the formula, so that form is made of others.
// tanh_bwd is left out for the order of its operands.

#include "passes/lower/synapse/SynapseLowering.h"

#include <cmath>

using namespace mlir;

namespace bertc::lower::syn {

namespace {

std::string guidOf(StringRef kernel, Value x) {
  return (kernel + "_" + dtypeName(elementOf(x))).str();
}

/// gelu of the erf form, and what gelu_bwd wants to see again.
ValueRange geluErf(SynapseLowering &g, Value x) {
  return g.nodes(guidOf("gelu_fwd", x), {x}, {x.getType(), x.getType()},
                 g.param("approximation", false));
}

/// What gelu_fwd keeps for the gradient at `op`'s x.
Value keptByErf(SynapseLowering &g, bert::GeluGradOp op) {
  for (Operation *user : op.getX().getUsers()) {
    auto forward = dyn_cast<bert::GeluOp>(user);
    if (forward && forward.getApproximate() == bert::GeluForm::None &&
        forward->isBeforeInBlock(op)) {
      auto node = g.get(forward.getY()).getDefiningOp<synapse::NodeOp>();
      return node.getOutputs()[1];
    }
  }
  return geluErf(g, g.get(op.getX()))[1];
}

/// The tanh form is x s(h(x)) with the sigmoid s and h(x) = x (a + b x^2); all
/// in f32, rounded once, as on the CPU.
struct GeluTanh {
  GeluTanh(SynapseLowering &g, Value operand)
      : g(g), x(g.toF32(operand)), square(times(x, x)) {
    Value slope = plus(times(square, number(kB)), number(kA));
    sigmoid = g.unary("sigmoid_fwd", times(x, slope));
  }

  Value value() { return times(x, sigmoid); }
  /// s + x s (1 - s) h'(x)
  Value slope() {
    Value inner = plus(times(square, number(3 * kB)), number(kA));
    Value rest = g.binary("sub_fwd", number(1.0), sigmoid);
    return plus(sigmoid, times(times(value(), rest), inner));
  }

private:
  static constexpr double kA = 1.5957691216057308; // 2 sqrt(2 / pi)
  static constexpr double kB = kA * 0.044715;

  Value number(double value) { return g.scalar(value, g.f32()); }
  Value times(Value a, Value b) { return g.binary("mult_fwd", a, b); }
  Value plus(Value a, Value b) { return g.binary("add_fwd", a, b); }

  SynapseLowering &g;
  Value x, square, sigmoid;
};

void gelu(SynapseLowering &g, bert::GeluOp op) {
  Value x = g.get(op.getX());
  g.set(op.getY(), op.getApproximate() == bert::GeluForm::Tanh
                       ? g.cast(GeluTanh(g, x).value(), elementOf(x))
                       : geluErf(g, x)[0]);
}

void geluGrad(SynapseLowering &g, bert::GeluGradOp op) {
  Value dy = g.get(op.getDy()), x = g.get(op.getX());
  if (op.getApproximate() == bert::GeluForm::Tanh) {
    Value slope = GeluTanh(g, x).slope();
    Value dx = g.binary("mult_fwd", g.toF32(dy), slope);
    g.set(op.getDx(), g.cast(dx, elementOf(x)));
    return;
  }
  Value kept = keptByErf(g, op);
  g.set(op.getDx(), g.node(guidOf("gelu_bwd", x), {dy, x, kept}, x.getType(),
                           g.param("approximation", false)));
}

/// dy (1 - y^2), in f32: near 1 the difference would be nothing but rounding.
void tanhGrad(SynapseLowering &g, bert::TanhGradOp op) {
  Value dy = g.get(op.getDy()), y = g.toF32(g.get(op.getY()));
  Value square = g.binary("mult_fwd", y, y);
  Value slope = g.binary("sub_fwd", g.scalar(1.0, g.f32()), square);
  Value dx = g.binary("mult_fwd", g.toF32(dy), slope);
  g.set(op.getDx(), g.cast(dx, elementOf(dy)));
}

void relu(SynapseLowering &g, bert::ReluOp op) {
  Value x = g.get(op.getX());
  g.set(op.getY(), g.binary("max_fwd", x, g.scalar(0.0, elementOf(x))));
}

void reluGrad(SynapseLowering &g, bert::ReluGradOp op) {
  Value dy = g.get(op.getDy());
  Value positive = g.compare("greater_fwd", g.toF32(g.get(op.getX())),
                             g.scalar(0.0, g.f32()));
  g.set(op.getDx(), g.select(positive, dy, g.scalar(0.0, elementOf(dy))));
}

} // namespace

void addActivations(LoweringTable &table) {
  table.add<bert::GeluOp>(gelu);
  table.add<bert::GeluGradOp>(geluGrad);
  table.add<bert::TanhOp>([](SynapseLowering &g, bert::TanhOp op) {
    g.set(op.getY(), g.unary("tanh_fwd", g.get(op.getX())));
  });
  table.add<bert::TanhGradOp>(tanhGrad);
  table.add<bert::ReluOp>(relu);
  table.add<bert::ReluGradOp>(reluGrad);
}

} // namespace bertc::lower::syn
