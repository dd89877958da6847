// SPDX-License-Identifier: Apache-2.0
//
// Softmax and layer normalisation, with their gradients. Rows are along the
// fastest dimension, 0.

#include "passes/lower/synapse/SynapseLowering.h"

using namespace mlir;

namespace bertc::lower::syn {

namespace {

/// A softmax kernel, or a gradient of one, over rows.
Value softmaxNode(SynapseLowering &g, StringRef kernel,
                  ArrayRef<Value> operands) {
  Type type = operands.front().getType();
  return g.node((kernel + "_" + dtypeName(elementOf(operands.front()))).str(),
                operands, type, g.param("dim", int32_t(0)));
}

// The kernels' gradients take the result before its gradient.
void addSoftmaxes(LoweringTable &table) {
  table.add<bert::SoftmaxOp>([](SynapseLowering &g, bert::SoftmaxOp op) {
    g.set(op.getY(), softmaxNode(g, "softmax_fwd", {g.get(op.getX())}));
  });
  table.add<bert::SoftmaxGradOp>([](SynapseLowering &g,
                                    bert::SoftmaxGradOp op) {
    g.set(op.getDx(),
          softmaxNode(g, "softmax_bwd", {g.get(op.getY()), g.get(op.getDy())}));
  });
  table.add<bert::LogSoftmaxOp>([](SynapseLowering &g, bert::LogSoftmaxOp op) {
    g.set(op.getY(), softmaxNode(g, "logsoftmax_fwd", {g.get(op.getX())}));
  });
  table.add<bert::LogSoftmaxGradOp>(
      [](SynapseLowering &g, bert::LogSoftmaxGradOp op) {
        g.set(op.getDx(), softmaxNode(g, "logsoftmax_bwd",
                                      {g.get(op.getY()), g.get(op.getDy())}));
      });
}

/// M rows of N as the layer norms of known graphs have them, [N,1,1,M], and
/// their statistics, [1,1,1,M].
Value asRows(SynapseLowering &g, Value tensor, int64_t n) {
  int64_t elements = typeOf(tensor).getNumElements();
  SmallVector<int64_t> sizes = {n, 1, 1, elements / n};
  // What came from such rows goes back to them.
  auto node = tensor.getDefiningOp<synapse::NodeOp>();
  if (node && node.getGuid() == "reshape" &&
      sizesOf(node.getInputs().front()) == ArrayRef(sizes)) {
    return node.getInputs().front();
  }
  return g.reshape(tensor, sizes);
}

/// Says that `rows`, maybe in four dimensions, stands for `value`.
void setRows(SynapseLowering &g, Value value, Value rows) {
  g.set(value, g.reshape(rows, toDevice(value.getType()).getShape()));
}

std::string layerNormGuid(StringRef kernel, Value x) {
  return (kernel + "_" + dtypeName(elementOf(x))).str();
}

void layerNorm(SynapseLowering &g, bert::LayerNormOp op) {
  int64_t n = op.getGamma().getType().getNumElements();
  Value x = asRows(g, g.get(op.getX()), n);
  Value gamma = g.toF32(g.get(op.getGamma()));
  Value beta = g.toF32(g.get(op.getBeta()));
  Type statistics = g.type({1, 1, 1, sizesOf(x).back()}, g.f32());
  // beta before gamma.
  ValueRange results =
      g.nodes(layerNormGuid("layer_norm_fwd", x), {x, beta, gamma},
              {x.getType(), statistics, statistics},
              {g.param("epsValid", true),
               g.param("eps", op.getEps().convertToFloat())});
  setRows(g, op.getY(), results[0]);
  setRows(g, op.getMean(), results[1]);
  setRows(g, op.getRstd(), results[2]);
}

void layerNormGrad(SynapseLowering &g, bert::LayerNormGradOp op) {
  int64_t n = op.getGamma().getType().getNumElements();
  Value x = asRows(g, g.get(op.getX()), n);
  Value gamma = g.toF32(g.get(op.getGamma()));
  Value dy = asRows(g, g.get(op.getDy()), n);
  Value mean = asRows(g, g.get(op.getMean()), 1);
  Value rstd = asRows(g, g.get(op.getRstd()), 1);
  // rstd has it in already; known graphs say it again.
  auto forward = op.getMean().getDefiningOp<bert::LayerNormOp>();
  float eps = forward ? forward.getEps().convertToFloat() : 0.0f;
  // x before dy, and dbeta before dgamma.
  ValueRange results =
      g.nodes(layerNormGuid("layer_norm_bwd", x), {x, dy, mean, rstd, gamma},
              {x.getType(), gamma.getType(), gamma.getType()},
              {g.param("epsValid", forward != nullptr), g.param("eps", eps)});
  setRows(g, op.getDx(), results[0]);
  g.set(op.getDbeta(), results[1]);
  g.set(op.getDgamma(), results[2]);
}

} // namespace

void addNorm(LoweringTable &table) {
  addSoftmaxes(table);
  table.add<bert::LayerNormOp>(layerNorm);
  table.add<bert::LayerNormGradOp>(layerNormGrad);
}

} // namespace bertc::lower::syn
