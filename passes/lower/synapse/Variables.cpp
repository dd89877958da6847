// SPDX-License-Identifier: Apache-2.0
//
// Reading and assigning variables. What is assigned last is stored when the
// graph ends; the optimizer's updates are in Optimizer.cpp. Sums over workers
// are no part of the graph.

#include "passes/lower/synapse/SynapseLowering.h"

using namespace mlir;

namespace bertc::lower::syn {

/// A graph is one launch, so the sum can only come before all of it.
static LogicalResult allReduce(SynapseLowering &g, bert::AllReduceOp op) {
  if (op.getEarly() || op.getWire() != bert::Wire::F32) {
    return op.emitOpError() << "expected a sum that is not early, with f32 on "
                               "the way: HCCL adds in the type that it is "
                               "given";
  }
  for (Operation *before = op->getPrevNode(); before;
       before = before->getPrevNode()) {
    if (isa<bert::ReadOp, bert::AssignOp>(before)) {
      return op.emitOpError() << "expected it before everything that reads or "
                                 "assigns variables";
    }
  }
  g.allReduceFirst(op);
  return success();
}

void addVariables(LoweringTable &table) {
  table.add<bert::AllReduceOp>(allReduce);
  table.add<bert::ReadOp>([](SynapseLowering &g, bert::ReadOp op) {
    g.set(op.getValue(), g.readVariable(op.getVariableAttr(),
                                        toDevice(op.getValue().getType())));
  });
  table.add<bert::AssignOp>([](SynapseLowering &g, bert::AssignOp op) {
    g.assignVariable(op.getVariableAttr(), g.get(op.getValue()));
  });
  table.add<bert::AccumulateOp>([](SynapseLowering &g, bert::AccumulateOp op) {
    // acc + scale x; x may be bf16 where acc is f32.
    Value acc = g.get(op.getAcc());
    Value x = g.cast(g.get(op.getX()), elementOf(acc));
    Value scale = g.cast(g.get(op.getScale()), elementOf(acc));
    Value scaled = g.binary("mult_fwd", x, scale);
    g.set(op.getY(), g.binary("add_fwd", acc, scaled));
  });
}

} // namespace bertc::lower::syn
