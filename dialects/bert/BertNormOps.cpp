// SPDX-License-Identifier: Apache-2.0
//
// Constraints and type inference of layer normalisation and dropout.
#include "dialects/bert/BertConstraints.h"

using namespace mlir;

namespace bertc::bert {

//===----------------------------------------------------------------------===//
// layer_norm, layer_norm_grad
//===----------------------------------------------------------------------===//

LogicalResult LayerNormOp::verifyConstraints() {
  // layer_norm C1
  if (failed(verifyGammaBetaElements(*this))) {
    return failure();
  }
  // layer_norm C2
  if (failed(verifyGammaBetaSizes(*this))) {
    return failure();
  }
  // layer_norm C3
  return verifyEps(*this);
}

LogicalResult LayerNormOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location>, Adaptor op,
                                            SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(op.getX());
  if (!x || x.getRank() == 0) {
    return failure();
  }
  types.assign({x, statisticsType(x), statisticsType(x)});
  return success();
}

LogicalResult LayerNormGradOp::verifyConstraints() {
  // layer_norm_grad C1
  if (getDy().getType() != getX().getType()) {
    return emitOpError("expected dy and x to have the same type, found ")
           << getDy().getType() << " and " << getX().getType();
  }
  // layer_norm_grad C2
  if (failed(verifyGamma(*this, "x", getX().getType()))) {
    return failure();
  }
  // layer_norm_grad C3
  return verifyStatistics(*this, getX().getType());
}

LogicalResult LayerNormGradOp::inferReturnTypes(MLIRContext *,
                                                std::optional<Location>,
                                                Adaptor op,
                                                SmallVectorImpl<Type> &types) {
  RankedTensorType gamma = tensorType(op.getGamma());
  if (!gamma) {
    return failure();
  }
  types.assign({op.getX().getType(), widened(gamma), widened(gamma)});
  return success();
}

//===----------------------------------------------------------------------===//
// dropout, dropout_grad
//===----------------------------------------------------------------------===//

LogicalResult DropoutOp::verifyConstraints() {
  // dropout C1
  if (failed(verifyRate(*this))) {
    return failure();
  }
  // dropout C2
  return verifyRowNumbers(*this, "x", getX().getType());
}

LogicalResult DropoutOp::inferReturnTypes(MLIRContext *,
                                          std::optional<Location>, Adaptor op,
                                          SmallVectorImpl<Type> &types) {
  types.push_back(op.getX().getType());
  return success();
}

LogicalResult DropoutGradOp::verifyConstraints() {
  // dropout_grad C1
  if (failed(verifyRate(*this))) {
    return failure();
  }
  // dropout_grad C2
  return verifyRowNumbers(*this, "dy", getDy().getType());
}

LogicalResult DropoutGradOp::inferReturnTypes(MLIRContext *,
                                              std::optional<Location>,
                                              Adaptor op,
                                              SmallVectorImpl<Type> &types) {
  types.push_back(op.getDy().getType());
  return success();
}

} // namespace bertc::bert
