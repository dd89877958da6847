// SPDX-License-Identifier: Apache-2.0
//
// Dropout. The device has its own random numbers, so the mask cannot be made
// again as on the CPU: the forward kernel writes it, and the gradient reads it.

#include "passes/lower/synapse/SynapseLowering.h"

#include "runtime/kernels/philox/Philox.h"

using namespace mlir;

namespace bertc::lower::syn {

namespace {

/// Whether dropout of this rate changes anything.
bool isActive(SynapseLowering &g, const APFloat &rate) {
  return !g.options().deterministic &&
         philox::dropoutScale(rate.convertToFloat()).threshold != 0;
}

/// The probability to drop that the rate amounts to, in the kernels' struct:
/// a 16-bit number decides, so that it is a multiple of 1/65536.
SmallVector<NamedAttribute> dropoutParams(SynapseLowering &g,
                                          const APFloat &rate) {
  uint32_t threshold = philox::dropoutScale(rate.convertToFloat()).threshold;
  return {g.param("ratio", static_cast<float>(threshold) / 65536.0f),
          g.param("seed", int32_t(0))};
}

std::string dropoutGuid(StringRef kernel, Value x) {
  return (kernel + "_" + dtypeName(elementOf(x))).str();
}

// A device has random numbers of its own, by place; the numbers of rows are
// nothing to it.
void dropout(SynapseLowering &g, bert::DropoutOp op) {
  if (!isActive(g, op.getRate())) {
    return g.setSame(op.getY(), op.getX());
  }
  Value x = g.get(op.getX());
  Type mask = g.type(sizesOf(x), g.builder().getI8Type());
  ValueRange results =
      g.nodes(dropoutGuid("dropout_fwd", x), {x, g.dropoutSeed(op.getOpId())},
              {x.getType(), mask}, dropoutParams(g, op.getRate()));
  g.set(op.getY(), results[0]);
}

/// The dropout that this is the gradient of.
bert::DropoutOp forwardOf(bert::DropoutGradOp op) {
  for (Operation *user : op.getRng().getUsers()) {
    auto forward = dyn_cast<bert::DropoutOp>(user);
    if (forward && forward.getOpId() == op.getOpId() &&
        forward.getRate() == op.getRate() && forward->isBeforeInBlock(op)) {
      return forward;
    }
  }
  return nullptr;
}

LogicalResult dropoutGrad(SynapseLowering &g, bert::DropoutGradOp op) {
  if (!isActive(g, op.getRate())) {
    g.setSame(op.getDx(), op.getDy());
    return success();
  }
  bert::DropoutOp forward = forwardOf(op);
  if (!forward) {
    return op.emitOpError()
           << "of op_id " << op.getOpId()
           << " has no dropout of that op_id and rate before it, expected one "
              "in the same entry: a synapse target keeps its mask";
  }
  Value dy = g.get(op.getDy());
  auto node = g.get(forward.getY()).getDefiningOp<synapse::NodeOp>();
  Value mask = node.getOutputs()[1];
  // Rows may have been folded together since.
  if (typeOf(mask).getNumElements() != typeOf(dy).getNumElements()) {
    return op.emitOpError()
           << "of op_id " << op.getOpId() << " has "
           << typeOf(dy).getNumElements() << " elements, expected the "
           << typeOf(mask).getNumElements() << " of its dropout";
  }
  g.set(op.getDx(), g.node(dropoutGuid("dropout_bwd", dy),
                           {dy, g.reshape(mask, sizesOf(dy))}, dy.getType(),
                           dropoutParams(g, op.getRate())));
  return success();
}

} // namespace

void addDropout(LoweringTable &table) {
  table.add<bert::DropoutOp>(dropout);
  table.add<bert::DropoutGradOp>(dropoutGrad);
}

} // namespace bertc::lower::syn
