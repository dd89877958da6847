// SPDX-License-Identifier: Apache-2.0
//
// Gradients of operations that move, select or reduce elements.

#include "dialects/bert/BertGradientsDetail.h"

namespace bertc::bert::gradients {

using llvm::LogicalResult;
using llvm::success;
using mlir::Value;

namespace {

LogicalResult reshape(ReshapeOp op, Flow &f) {
  f.dx[0] = f.make<ReshapeOp>(op.getX().getType(), f.dy[0]);
  return success();
}

LogicalResult transpose(TransposeOp op, Flow &f) {
  llvm::ArrayRef<int64_t> permutation = op.getPermutation();
  llvm::SmallVector<int64_t> inverse(permutation.size());
  for (auto [to, from] : llvm::enumerate(permutation)) {
    inverse[from] = int64_t(to);
  }
  f.dx[0] = f.make<TransposeOp>(f.dy[0], inverse);
  return success();
}

LogicalResult slice(SliceOp op, Flow &f) {
  f.dx[0] = f.make<SliceGradOp>(f.dy[0], op.getStarts(),
                                typeOf(op.getX()).getShape());
  return success();
}

/// Each operand gets its own window.
LogicalResult concat(ConcatOp op, Flow &f) {
  const int64_t axis = op.getAxis();
  llvm::SmallVector<int64_t> starts(typeOf(f.dy[0]).getRank(), 0);
  for (auto [index, x] : llvm::enumerate(op.getX())) {
    f.dx[index] = f.make<SliceOp>(f.dy[0], starts, typeOf(x).getShape());
    starts[axis] += typeOf(x).getDimSize(axis);
  }
  return success();
}

LogicalResult broadcastTo(BroadcastToOp op, Flow &f) {
  f.dx[0] = sumToShape(f, f.dy[0], typeOf(op.getX()).getShape());
  return success();
}

/// `value`, reduced from `type` over `axes`, in a shape that broadcasts back to
/// that of `type`: with these dimensions as 1. A scalar always does.
Value keepDims(Flow &f, Value value, mlir::RankedTensorType type,
               llvm::ArrayRef<int64_t> axes) {
  if (typeOf(value).getRank() == 0) {
    return value;
  }
  llvm::SmallVector<int64_t> shape(type.getShape());
  for (int64_t axis : axes) {
    shape[axis] = 1;
  }
  if (typeOf(value).getShape() == llvm::ArrayRef<int64_t>(shape)) {
    return value;
  }
  return f.make<ReshapeOp>(
      mlir::RankedTensorType::get(shape, typeOf(value).getElementType()),
      value);
}

LogicalResult reduceSum(ReduceSumOp op, Flow &f) {
  mlir::RankedTensorType type = typeOf(op.getX());
  Value d = keepDims(f, f.dy[0], type, op.getAxes());
  f.dx[0] = f.make<BroadcastToOp>(type, d);
  return success();
}

/// Divided before it is repeated: fewer elements.
LogicalResult reduceMean(ReduceMeanOp op, Flow &f) {
  mlir::RankedTensorType type = typeOf(op.getX());
  double count = 1.0;
  for (int64_t axis : op.getAxes()) {
    count *= double(type.getDimSize(axis));
  }
  Value share = f.make<DivOp>(f.dy[0], scalarLike(f, f.dy[0], count));
  f.dx[0] = f.make<BroadcastToOp>(type, keepDims(f, share, type, op.getAxes()));
  return success();
}

/// Shared evenly by all elements that are the largest, as TensorFlow does.
LogicalResult reduceMax(ReduceMaxOp op, Flow &f) {
  mlir::RankedTensorType type = typeOf(op.getX());
  Value largest = keepDims(f, op.getY(), type, op.getAxes());
  Value isLargest = f.make<CompareOp>(op.getX(), largest, Predicate::Eq);
  Value indicator = f.make<CastOp>(type, isLargest);
  Value count = f.make<ReduceSumOp>(indicator, op.getAxes(),
                                    /*keep_dims=*/true);
  Value share = f.make<DivOp>(keepDims(f, f.dy[0], type, op.getAxes()), count);
  f.dx[0] = f.make<MulOp>(indicator, share);
  return success();
}

LogicalResult l2Loss(L2LossOp op, Flow &f) {
  f.dx[0] = f.make<MulOp>(op.getX(), f.dy[0]);
  return success();
}

LogicalResult gather(GatherOp op, Flow &f) {
  f.dx[0] = f.make<GatherGradOp>(f.dy[0], op.getIndices(), op.getBatchDims(),
                                 typeOf(op.getTable()).getShape());
  return success();
}

} // namespace

void attachShape(mlir::MLIRContext *context) {
  attach<ReshapeOp, reshape>(context);
  attach<TransposeOp, transpose>(context);
  attach<SliceOp, slice>(context);
  attach<ConcatOp, concat>(context);
  attach<BroadcastToOp, broadcastTo>(context);
  attach<ReduceSumOp, reduceSum>(context);
  attach<ReduceMeanOp, reduceMean>(context);
  attach<ReduceMaxOp, reduceMax>(context);
  attach<L2LossOp, l2Loss>(context);
  attach<GatherOp, gather>(context);
}

} // namespace bertc::bert::gradients
