// SPDX-License-Identifier: Apache-2.0
//
// Constraints and type inference of the reductions.
#include "dialects/bert/BertOps.h"
#include "dialects/bert/BertShapes.h"

using namespace mlir;

namespace bertc::bert {

template <typename ReduceOp> static LogicalResult verifyReduce(ReduceOp op) {
  RankedTensorType x = op.getX().getType();
  // reduce_sum, reduce_mean, reduce_max C1
  if (!reducedShape(x.getShape(), op.getAxes(), false)) {
    return op.emitOpError("expected axes to increase strictly and lie in 0 .. ")
           << x.getRank() - 1 << ", found [" << op.getAxes() << "]";
  }
  return success();
}

template <typename Adaptor>
static LogicalResult inferReduce(Adaptor op, SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(op.getX());
  if (!x) {
    return failure();
  }
  std::optional<Shape> shape =
      reducedShape(x.getShape(), op.getAxes(), op.getKeepDims());
  if (!shape) {
    return failure();
  }
  types.push_back(RankedTensorType::get(*shape, x.getElementType()));
  return success();
}

LogicalResult ReduceSumOp::verifyConstraints() { return verifyReduce(*this); }
LogicalResult ReduceMeanOp::verifyConstraints() { return verifyReduce(*this); }
LogicalResult ReduceMaxOp::verifyConstraints() { return verifyReduce(*this); }

LogicalResult ReduceSumOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location>, Adaptor op,
                                            SmallVectorImpl<Type> &types) {
  return inferReduce(op, types);
}

LogicalResult ReduceMeanOp::inferReturnTypes(MLIRContext *,
                                             std::optional<Location>,
                                             Adaptor op,
                                             SmallVectorImpl<Type> &types) {
  return inferReduce(op, types);
}

LogicalResult ReduceMaxOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location>, Adaptor op,
                                            SmallVectorImpl<Type> &types) {
  return inferReduce(op, types);
}

LogicalResult ArgmaxOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location>, Adaptor op,
                                         SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(op.getX());
  if (!x || x.getRank() == 0) {
    return failure();
  }
  types.push_back(RankedTensorType::get(x.getShape().drop_back(),
                                        IntegerType::get(context, 32)));
  return success();
}

LogicalResult L2LossOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                         Adaptor op,
                                         SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(op.getX());
  if (!x) {
    return failure();
  }
  types.push_back(RankedTensorType::get({}, x.getElementType()));
  return success();
}

} // namespace bertc::bert
