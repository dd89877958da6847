// SPDX-License-Identifier: Apache-2.0
//
// Constants, and operations that move elements. A broadcast is remembered and
// made only for kernels that cannot repeat an operand themselves.

#include "passes/lower/synapse/SynapseLowering.h"

using namespace mlir;

namespace bertc::lower::syn {

namespace {

void transpose(SynapseLowering &g, bert::TransposeOp op) {
  ArrayRef<int64_t> axes = op.getPermutation();
  int64_t rank = axes.size();
  SmallVector<int64_t> permutation(rank);
  bool moves = false;
  for (int64_t axis = 0; axis < rank; ++axis) {
    permutation[dimOf(axis, rank)] = dimOf(axes[axis], rank);
    moves |= axes[axis] != axis;
  }
  if (!moves) {
    g.setSame(op.getY(), op.getX());
    return;
  }
  g.set(op.getY(), g.transpose(g.get(op.getX()), permutation));
}

/// Window of a tensor: parameters of slice and of its gradient.
SmallVector<NamedAttribute> window(SynapseLowering &g, ArrayRef<int64_t> starts,
                                   ArrayRef<int64_t> sizes) {
  int64_t rank = starts.size();
  SmallVector<int64_t> axes(rank), begins(rank), ends(rank), steps(rank, 1);
  for (int64_t axis = 0; axis < rank; ++axis) {
    int64_t dim = dimOf(axis, rank);
    axes[dim] = dim;
    begins[dim] = starts[axis];
    ends[dim] = starts[axis] + sizes[axis];
  }
  return {g.param("axes", axes), g.param("starts", begins),
          g.param("ends", ends), g.param("steps", steps)};
}

void slice(SynapseLowering &g, bert::SliceOp op) {
  if (op.getX().getType() == op.getY().getType()) {
    g.setSame(op.getY(), op.getX());
    return;
  }
  g.set(op.getY(),
        g.node("slice", {g.get(op.getX())}, toDevice(op.getY().getType()),
               window(g, op.getStarts(), op.getSizes())));
}

void sliceGrad(SynapseLowering &g, bert::SliceGradOp op) {
  if (op.getDy().getType() == op.getDx().getType()) {
    g.setSame(op.getDx(), op.getDy());
    return;
  }
  ArrayRef<int64_t> sizes = op.getDy().getType().getShape();
  g.set(op.getDx(), g.node("strided_slice_grad", {g.get(op.getDy())},
                           toDevice(op.getDx().getType()),
                           window(g, op.getStarts(), sizes)));
}

void concat(SynapseLowering &g, bert::ConcatOp op) {
  SmallVector<Value> parts;
  for (Value x : op.getX()) {
    parts.push_back(g.get(x));
  }
  int64_t rank = op.getY().getType().getRank();
  g.set(op.getY(), g.concat(parts, dimOf(op.getAxis(), rank)));
}

} // namespace

void addShape(LoweringTable &table) {
  // What a constant is made into depends on who asks for it.
  table.add<bert::ConstantOp>([](SynapseLowering &, bert::ConstantOp) {});
  table.add<bert::IdentityOp>([](SynapseLowering &g, bert::IdentityOp op) {
    g.setSame(op.getY(), op.getX());
  });
  table.add<bert::BroadcastToOp>([](SynapseLowering &g,
                                    bert::BroadcastToOp op) {
    if (isa<FloatType>(getElementTypeOrSelf(op.getX()))) {
      g.setBroadcast(op.getY(), g.getSource(op.getX()));
    } else {
      g.set(op.getY(), g.broadcast(g.get(op.getX()),
                                   toDevice(op.getY().getType()).getShape()));
    }
  });
  table.add<bert::ReshapeOp>([](SynapseLowering &g, bert::ReshapeOp op) {
    g.set(op.getY(), g.reshape(g.get(op.getX()),
                               toDevice(op.getY().getType()).getShape()));
  });
  table.add<bert::TransposeOp>(transpose);
  table.add<bert::SliceOp>(slice);
  table.add<bert::SliceGradOp>(sliceGrad);
  table.add<bert::ConcatOp>(concat);
}

} // namespace bertc::lower::syn
