// SPDX-License-Identifier: Apache-2.0
//
// The likelihood of labels, its gradient, and the index of the largest. A label
// picks its class as a product with ones and zeros: the library's own losses
// have no gradient coming in, or an undocumented divisor. A label that is no
// class picks nothing.

#include "passes/lower/synapse/SynapseLowering.h"

using namespace mlir;

namespace bertc::lower::syn {

namespace {

/// f32 [classes, N] of zeros, and -1 where the class is the label. Both
/// directions of a loss use the same.
Value minusOneHot(SynapseLowering &g, Value labels, int64_t classes) {
  RankedTensorType type = g.type({classes, sizesOf(labels)[0]}, g.f32());
  SmallVector<NamedAttribute> params = {
      g.param("axis", int32_t(0)), g.param("depth", int32_t(classes)),
      g.param("onValue", -1.0f), g.param("offValue", 0.0f)};
  DictionaryAttr wanted = g.builder().getDictionaryAttr(params);
  for (Operation *user : labels.getUsers()) {
    auto node = dyn_cast<synapse::NodeOp>(user);
    if (node && node.getGuid() == "one_hot_fwd_f32" &&
        node.getParamsAttr() == wanted) {
      return node.getOutputs()[0];
    }
  }
  return g.node("one_hot_fwd_f32", {labels}, type, params);
}

void nll(SynapseLowering &g, bert::NllOp op) {
  Value logProbs = g.toF32(g.get(op.getLogProbs()));
  Value picks = minusOneHot(g, g.get(op.getLabels()), sizesOf(logProbs)[0]);
  Value loss =
      g.reduce("reduce_sum", g.binary("mult_fwd", picks, logProbs), {0});
  RankedTensorType type = toDevice(op.getLoss().getType());
  g.set(op.getLoss(),
        g.cast(g.reshape(loss, type.getShape()), type.getElementType()));
}

void nllGrad(SynapseLowering &g, bert::NllGradOp op) {
  Value picks = minusOneHot(g, g.get(op.getLabels()), op.getNumClasses());
  Value dloss = g.toF32(g.get(op.getDloss()));
  Value rows = g.reshape(dloss, {1, sizesOf(dloss)[0]});
  g.set(op.getDlogProbs(), g.cast(g.binary("mult_fwd", picks, rows),
                                  getElementTypeOrSelf(op.getDlogProbs())));
}

/// The second result of a maximum over rows; in f32, whose index is i32.
void argmax(SynapseLowering &g, bert::ArgmaxOp op) {
  Value x = g.toF32(g.getFloats(op.getX()));
  x = g.broadcast(x, toDevice(op.getX().getType()).getShape());
  Value index = g.reduceMax(x, 0).second;
  g.set(op.getY(), g.reshape(index, toDevice(op.getY().getType()).getShape()));
}

} // namespace

void addLosses(LoweringTable &table) {
  table.add<bert::NllOp>(nll);
  table.add<bert::NllGradOp>(nllGrad);
  table.add<bert::ArgmaxOp>(argmax);
}

} // namespace bertc::lower::syn
