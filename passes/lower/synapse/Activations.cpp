// SPDX-License-Identifier: Apache-2.0
//
// gelu, tanh, relu and their gradients.
//
// gelu_fwd has a second result that gelu_bwd reads. In the tanh form it is
// known to be the tanh, and the pair is used. In the erf form what it holds is
// not known, nor whether gelu_bwd, which takes no parameters, can tell the
// forms apart: there y comes from gelu_fwd, and the slope is made of kernels
// whose formulas are known. tanh_bwd is left out for the order of its operands.

#include "passes/lower/synapse/SynapseLowering.h"

#include <cmath>

using namespace mlir;

namespace bertc::lower::syn {

namespace {

std::string guidOf(StringRef kernel, Value x) {
  return (kernel + "_" + dtypeName(elementOf(x))).str();
}

ValueRange geluNode(SynapseLowering &g, Value x, bert::GeluForm form) {
  return g.nodes(guidOf("gelu_fwd", x), {x}, {x.getType(), x.getType()},
                 g.param("approximation", form == bert::GeluForm::Tanh));
}

void gelu(SynapseLowering &g, bert::GeluOp op) {
  g.set(op.getY(), geluNode(g, g.get(op.getX()), op.getApproximate())[0]);
}

/// What gelu_fwd of the tanh form keeps for the gradient at `x`.
Value keptTanh(SynapseLowering &g, bert::GeluGradOp op) {
  for (Operation *user : op.getX().getUsers()) {
    auto forward = dyn_cast<bert::GeluOp>(user);
    if (forward && forward.getApproximate() == bert::GeluForm::Tanh &&
        forward->isBeforeInBlock(op)) {
      auto node = g.get(forward.getY()).getDefiningOp<synapse::NodeOp>();
      return node.getOutputs()[1];
    }
  }
  return geluNode(g, g.get(op.getX()), bert::GeluForm::Tanh)[1];
}

/// 1/2 (1 + erf(x / sqrt(2))) + x e^(-x^2/2) / sqrt(2 pi), x of f32.
Value geluSlope(SynapseLowering &g, Value x) {
  auto number = [&](double value) { return g.scalar(value, g.f32()); };
  Value scaled = g.binary("mult_fwd", x, number(std::sqrt(0.5)));
  Value erf = g.unary("erf_fwd", scaled);
  Value half = g.binary("mult_fwd", erf, number(0.5));
  Value cdf = g.binary("add_fwd", half, number(0.5));
  Value square = g.binary("mult_fwd", scaled, scaled);
  Value density = g.unary("exp_fwd", g.unary("neg_fwd", square));
  Value factor = g.binary("mult_fwd", x, number(1 / std::sqrt(2 * M_PI)));
  return g.binary("add_fwd", cdf, g.binary("mult_fwd", factor, density));
}

void geluGrad(SynapseLowering &g, bert::GeluGradOp op) {
  Value dy = g.get(op.getDy()), x = g.get(op.getX());
  if (op.getApproximate() == bert::GeluForm::Tanh) {
    g.set(op.getDx(),
          g.node(guidOf("gelu_bwd", x), {dy, x, keptTanh(g, op)}, x.getType()));
    return;
  }
  // In f32, rounded once, as on the CPU.
  Value slope = geluSlope(g, g.toF32(x));
  Value dx = g.binary("mult_fwd", g.toF32(dy), slope);
  g.set(op.getDx(), g.cast(dx, elementOf(x)));
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
