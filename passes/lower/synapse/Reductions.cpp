// SPDX-License-Identifier: Apache-2.0
//
// Sums, means and maxima over dimensions.

#include "passes/lower/synapse/SynapseLowering.h"

using namespace mlir;

namespace bertc::lower::syn {

namespace {

/// Dimensions of the device, ascending, of the axes of an operand.
SmallVector<int64_t> dimsOf(ArrayRef<int64_t> axes, Value x) {
  int64_t rank = llvm::cast<RankedTensorType>(x.getType()).getRank();
  SmallVector<int64_t> dims;
  for (int64_t axis : llvm::reverse(axes)) {
    dims.push_back(dimOf(axis, rank));
  }
  return dims;
}

/// Says that `tensor`, whose reduced dimensions are 1, is the result.
void setReduced(SynapseLowering &g, Value y, Value tensor) {
  RankedTensorType type = toDevice(y.getType());
  tensor = g.reshape(tensor, type.getShape());
  if (isa<FloatType>(type.getElementType())) {
    g.set(y, g.cast(tensor, type.getElementType()));
  } else {
    g.setFloats(y, tensor);
  }
}

/// The operand of a reduction, whole, as floats.
Value wholeFloats(SynapseLowering &g, Value x) {
  return g.broadcast(g.getFloats(x), toDevice(x.getType()).getShape());
}

template <typename OpTy> void addSum(LoweringTable &table, StringRef kernel) {
  table.add<OpTy>([kernel](SynapseLowering &g, OpTy op) {
    if (op.getAxes().empty()) {
      g.setSame(op.getY(), op.getX());
      return;
    }
    setReduced(g, op.getY(),
               g.reduce(kernel, wholeFloats(g, op.getX()),
                        dimsOf(op.getAxes(), op.getX())));
  });
}

/// The kernel for one dimension gives the index of the largest as well.
void reduceMax(SynapseLowering &g, bert::ReduceMaxOp op) {
  if (op.getAxes().empty()) {
    g.setSame(op.getY(), op.getX());
    return;
  }
  Value x = wholeFloats(g, op.getX());
  for (int64_t dim : dimsOf(op.getAxes(), op.getX())) {
    x = g.reduceMax(x, dim).first;
  }
  setReduced(g, op.getY(), x);
}

} // namespace

void addReductions(LoweringTable &table) {
  addSum<bert::ReduceSumOp>(table, "reduce_sum");
  addSum<bert::ReduceMeanOp>(table, "reduce_mean");
  table.add<bert::ReduceMaxOp>(reduceMax);
}

} // namespace bertc::lower::syn
