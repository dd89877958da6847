// SPDX-License-Identifier: Apache-2.0
//
// Constraints and type inference of the fused operations.
#include "dialects/bert/BertConstraints.h"

using namespace mlir;

namespace bertc::bert {

//===----------------------------------------------------------------------===//
// matmul_bias
//===----------------------------------------------------------------------===//

LogicalResult MatmulBiasOp::verifyConstraints() {
  RankedTensorType a = getA().getType(), b = getB().getType();
  RankedTensorType bias = getBias().getType();
  // matmul_bias C1
  if (a.getElementType() != b.getElementType() ||
      !fitsData(bias.getElementType(), a.getElementType())) {
    return emitOpError("expected a, b and bias to have the same element type, ")
           << "found " << a.getElementType() << ", " << b.getElementType()
           << " and " << bias.getElementType();
  }
  // matmul_bias C2
  if (failed(verifyInnerSizes(*this))) {
    return failure();
  }
  MatmulSizes sizes = productSizes(*this);
  // matmul_bias C3
  if (bias.getDimSize(0) != sizes.n) {
    return emitOpError("expected bias to have the size N of the product, ")
           << sizes.n << ", found " << bias.getDimSize(0);
  }
  return success();
}

LogicalResult MatmulBiasOp::inferReturnTypes(MLIRContext *,
                                             std::optional<Location>,
                                             Adaptor op,
                                             SmallVectorImpl<Type> &types) {
  return inferMatmul(op, types);
}

//===----------------------------------------------------------------------===//
// attention_softmax, attention_softmax_grad
//===----------------------------------------------------------------------===//

LogicalResult AttentionSoftmaxOp::verifyConstraints() {
  RankedTensorType scores = getScores().getType(), mask = getMask().getType();
  // attention_softmax C1
  if (!fitsData(mask.getElementType(), scores.getElementType())) {
    return emitOpError("expected scores and mask to have the same element ")
           << "type, found " << scores.getElementType() << " and "
           << mask.getElementType();
  }
  int64_t b = scores.getDimSize(0), s = scores.getDimSize(2),
          t = scores.getDimSize(3);
  // attention_softmax C2
  if (mask.getDimSize(0) != b || mask.getDimSize(1) != 1 ||
      (mask.getDimSize(2) != 1 && mask.getDimSize(2) != s) ||
      mask.getDimSize(3) != t) {
    return emitOpError("expected mask to be ")
           << shapeText({b, 1, 1, t}) << " or " << shapeText({b, 1, s, t})
           << ", found " << shapeText(mask.getShape());
  }
  // attention_softmax C3
  if (failed(verifyRate(*this))) {
    return failure();
  }
  // attention_softmax C4
  return verifyRngGiven(*this);
}

LogicalResult
AttentionSoftmaxOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                     Adaptor op, SmallVectorImpl<Type> &types) {
  types.assign(2, op.getScores().getType());
  return success();
}

LogicalResult AttentionSoftmaxGradOp::verifyConstraints() {
  // attention_softmax_grad C1
  if (getDdropped().getType() != getSoftmax().getType()) {
    return emitOpError("expected ddropped and softmax to have the same type, ")
           << "found " << getDdropped().getType() << " and "
           << getSoftmax().getType();
  }
  // attention_softmax_grad C2
  if (failed(verifyRate(*this))) {
    return failure();
  }
  // attention_softmax_grad C3
  return verifyRngGiven(*this);
}

LogicalResult
AttentionSoftmaxGradOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                         Adaptor op,
                                         SmallVectorImpl<Type> &types) {
  types.push_back(op.getSoftmax().getType());
  return success();
}

//===----------------------------------------------------------------------===//
// residual_layer_norm, residual_layer_norm_grad
//===----------------------------------------------------------------------===//

LogicalResult ResidualLayerNormOp::verifyConstraints() {
  // residual_layer_norm C1
  if (getX().getType() != getResidual().getType()) {
    return emitOpError("expected x and residual to have the same type, found ")
           << getX().getType() << " and " << getResidual().getType();
  }
  // residual_layer_norm C2
  if (failed(verifyGammaBetaElements(*this))) {
    return failure();
  }
  // residual_layer_norm C3
  if (failed(verifyGammaBetaSizes(*this))) {
    return failure();
  }
  // residual_layer_norm C4
  if (failed(verifyEps(*this))) {
    return failure();
  }
  // residual_layer_norm C5
  if (failed(verifyRate(*this))) {
    return failure();
  }
  // residual_layer_norm C6
  if (failed(verifyRngGiven(*this))) {
    return failure();
  }
  // residual_layer_norm C7
  return verifyRowNumbersAndRng(*this, "x", getX().getType());
}

LogicalResult
ResidualLayerNormOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                      Adaptor op,
                                      SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(op.getX());
  if (!x || x.getRank() == 0) {
    return failure();
  }
  types.assign({x, x, statisticsType(x), statisticsType(x)});
  return success();
}

LogicalResult ResidualLayerNormGradOp::verifyConstraints() {
  // residual_layer_norm_grad C1
  if (getDy().getType() != getZ().getType()) {
    return emitOpError("expected dy and z to have the same type, found ")
           << getDy().getType() << " and " << getZ().getType();
  }
  // residual_layer_norm_grad C2
  if (failed(verifyGamma(*this, "z", getZ().getType()))) {
    return failure();
  }
  // residual_layer_norm_grad C3
  if (failed(verifyStatistics(*this, getZ().getType()))) {
    return failure();
  }
  // residual_layer_norm_grad C4
  if (failed(verifyRate(*this))) {
    return failure();
  }
  // residual_layer_norm_grad C5
  if (failed(verifyRngGiven(*this))) {
    return failure();
  }
  // residual_layer_norm_grad C6
  return verifyRowNumbersAndRng(*this, "z", getZ().getType());
}

LogicalResult
ResidualLayerNormGradOp::inferReturnTypes(MLIRContext *,
                                          std::optional<Location>, Adaptor op,
                                          SmallVectorImpl<Type> &types) {
  RankedTensorType z = tensorType(op.getZ()), gamma = tensorType(op.getGamma());
  if (!z || !gamma) {
    return failure();
  }
  types.assign({z, z, widened(gamma), widened(gamma)});
  return success();
}

//===----------------------------------------------------------------------===//
// accumulate
//===----------------------------------------------------------------------===//

LogicalResult AccumulateOp::verifyConstraints() {
  // accumulate C1
  RankedTensorType acc = getAcc().getType(), x = getX().getType();
  if (acc.getShape() != x.getShape() ||
      !fitsData(acc.getElementType(), x.getElementType())) {
    return emitOpError("expected acc and x to have the same type, found ")
           << getAcc().getType() << " and " << getX().getType();
  }
  return success();
}

LogicalResult AccumulateOp::inferReturnTypes(MLIRContext *,
                                             std::optional<Location>,
                                             Adaptor op,
                                             SmallVectorImpl<Type> &types) {
  types.push_back(op.getAcc().getType());
  return success();
}

} // namespace bertc::bert
