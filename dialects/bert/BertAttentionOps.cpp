// SPDX-License-Identifier: Apache-2.0
//
// Constraints and type inference of fused attention.
#include "dialects/bert/BertConstraints.h"

using namespace mlir;

namespace bertc::bert {

namespace {

/// k and v have one shape [B,A,T,D] and q is [B,A,S,D].
template <typename Op> LogicalResult verifyHeads(Op op) {
  ArrayRef<int64_t> q = op.getQ().getType().getShape(),
                    k = op.getK().getType().getShape(),
                    v = op.getV().getType().getShape();
  if (k != v || q.take_front(2) != k.take_front(2) || q[3] != k[3]) {
    return op.emitOpError("expected q to be [B,A,S,D], and k and v [B,A,T,D], ")
           << "found " << shapeText(q) << ", " << shapeText(k) << " and "
           << shapeText(v);
  }
  return success();
}

/// mask is [B,1,1,T] or [B,1,S,T] of fitting elements.
template <typename Op> LogicalResult verifyMask(Op op) {
  if (!op.getMask()) {
    return success();
  }
  ArrayRef<int64_t> q = op.getQ().getType().getShape();
  int64_t b = q[0], s = q[2], t = op.getK().getType().getDimSize(2);
  auto mask = cast<RankedTensorType>(op.getMask().getType());
  ArrayRef<int64_t> shape = mask.getShape();
  if (shape[0] != b || shape[1] != 1 || (shape[2] != 1 && shape[2] != s) ||
      shape[3] != t ||
      !fitsData(mask.getElementType(), op.getQ().getType().getElementType())) {
    return op.emitOpError("expected mask to be ")
           << shapeText({b, 1, 1, t}) << " or " << shapeText({b, 1, s, t})
           << " of the element type of q, found " << mask;
  }
  return success();
}

/// ranges is [B,S,2].
template <typename Op> LogicalResult verifyRanges(Op op) {
  if (!op.getRanges()) {
    return success();
  }
  ArrayRef<int64_t> q = op.getQ().getType().getShape();
  auto ranges = cast<RankedTensorType>(op.getRanges().getType());
  if (ranges.getShape() != ArrayRef<int64_t>({q[0], q[2], 2})) {
    return op.emitOpError("expected ranges to be ")
           << shapeText({q[0], q[2], 2}) << ", found "
           << shapeText(ranges.getShape());
  }
  return success();
}

} // namespace

//===----------------------------------------------------------------------===//
// attention
//===----------------------------------------------------------------------===//

LogicalResult AttentionOp::verifyConstraints() {
  Type q = getQ().getType().getElementType();
  Type k = getK().getType().getElementType();
  Type v = getV().getType().getElementType();
  // attention C1
  if (q != k || q != v) {
    return emitOpError("expected q, k and v to have the same element type, ")
           << "found " << q << ", " << k << " and " << v;
  }
  // attention C2
  if (failed(verifyHeads(*this))) {
    return failure();
  }
  // attention C3
  if (failed(verifyMask(*this))) {
    return failure();
  }
  // attention C4
  if (failed(verifyRanges(*this))) {
    return failure();
  }
  // attention C5
  if (failed(verifyRate(*this))) {
    return failure();
  }
  // attention C6
  return verifyRngGiven(*this);
}

LogicalResult AttentionOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location>, Adaptor op,
                                            SmallVectorImpl<Type> &types) {
  RankedTensorType q = tensorType(op.getQ());
  if (!q || q.getRank() != 4) {
    return failure();
  }
  types.assign({q, statisticsType(q)});
  return success();
}

//===----------------------------------------------------------------------===//
// attention_grad
//===----------------------------------------------------------------------===//

LogicalResult AttentionGradOp::verifyConstraints() {
  Type dout = getDout().getType().getElementType();
  Type q = getQ().getType().getElementType();
  Type k = getK().getType().getElementType();
  Type v = getV().getType().getElementType();
  // attention_grad C1
  if (dout != q || q != k || q != v) {
    return emitOpError("expected dout, q, k and v to have the same element ")
           << "type, found " << dout << ", " << q << ", " << k << " and " << v;
  }
  // attention_grad C2
  if (failed(verifyHeads(*this))) {
    return failure();
  }
  // attention_grad C3
  if (getDout().getType() != getQ().getType()) {
    return emitOpError("expected dout to have the shape of q, ")
           << shapeText(getQ().getType().getShape()) << ", found "
           << shapeText(getDout().getType().getShape());
  }
  // attention_grad C4
  if (getLse().getType() != statisticsType(getQ().getType())) {
    return emitOpError("expected lse to be ")
           << statisticsType(getQ().getType()) << ", found "
           << getLse().getType();
  }
  // attention_grad C5
  if (failed(verifyMask(*this))) {
    return failure();
  }
  // attention_grad C6
  if (failed(verifyRanges(*this))) {
    return failure();
  }
  // attention_grad C7
  if (failed(verifyRate(*this))) {
    return failure();
  }
  // attention_grad C8
  return verifyRngGiven(*this);
}

LogicalResult AttentionGradOp::inferReturnTypes(MLIRContext *,
                                                std::optional<Location>,
                                                Adaptor op,
                                                SmallVectorImpl<Type> &types) {
  types.assign({op.getQ().getType(), op.getK().getType(), op.getV().getType()});
  return success();
}

} // namespace bertc::bert
