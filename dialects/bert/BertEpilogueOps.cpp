// SPDX-License-Identifier: Apache-2.0
//
// Constraints and type inference of products with an epilogue, of sums into a
// table and of the fused loss.
#include "dialects/bert/BertConstraints.h"

using namespace mlir;

namespace bertc::bert {

//===----------------------------------------------------------------------===//
// matmul_epilogue
//===----------------------------------------------------------------------===//

LogicalResult MatmulEpilogueOp::verifyConstraints() {
  RankedTensorType a = getA().getType(), b = getB().getType();
  // matmul_epilogue C1
  if (a.getElementType() != b.getElementType()) {
    return emitOpError("expected a and b to have the same element type, found ")
           << a.getElementType() << " and " << b.getElementType();
  }
  // matmul_epilogue C2
  if (failed(verifyInnerSizes(*this))) {
    return failure();
  }
  MatmulSizes sizes = productSizes(*this);
  // matmul_epilogue C3
  if (getBias()) {
    auto bias = cast<RankedTensorType>(getBias().getType());
    if (bias.getDimSize(0) != sizes.n ||
        !fitsData(bias.getElementType(), a.getElementType())) {
      return emitOpError("expected bias to be ")
             << sizes.n << "x" << a.getElementType() << ", found " << bias;
    }
  }
  for (auto [name, value] : {std::pair<StringRef, Value>("factor", getFactor()),
                             {"residual", getResidual()}}) {
    if (!value) {
      continue;
    }
    auto type = cast<RankedTensorType>(value.getType());
    // matmul_epilogue C4
    if (type.getShape() != ArrayRef<int64_t>({sizes.m, sizes.n})) {
      return emitOpError("expected ")
             << name << " to be " << shapeText({sizes.m, sizes.n}) << ", found "
             << shapeText(type.getShape());
    }
    // matmul_epilogue C5
    if (type.getElementType() != getC().getType().getElementType()) {
      return emitOpError("expected ")
             << name << " to have the element type of c, "
             << getC().getType().getElementType() << ", found "
             << type.getElementType();
    }
  }
  return success();
}

LogicalResult MatmulEpilogueOp::inferReturnTypes(MLIRContext *,
                                                 std::optional<Location>,
                                                 Adaptor op,
                                                 SmallVectorImpl<Type> &types) {
  return inferMatmul(op, types);
}

//===----------------------------------------------------------------------===//
// gelu_backward
//===----------------------------------------------------------------------===//

LogicalResult GeluBackwardOp::verifyConstraints() {
  // gelu_backward C1
  if (getDy().getType() != getX().getType()) {
    return emitOpError("expected dy and x to have the same type, found ")
           << getDy().getType() << " and " << getX().getType();
  }
  return success();
}

LogicalResult GeluBackwardOp::inferReturnTypes(MLIRContext *,
                                               std::optional<Location>,
                                               Adaptor op,
                                               SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(op.getX());
  if (!x || x.getRank() != 2) {
    return failure();
  }
  types.assign(2, x);
  types.push_back(
      RankedTensorType::get(x.getShape().take_back(), x.getElementType()));
  return success();
}

//===----------------------------------------------------------------------===//
// matmul_group
//===----------------------------------------------------------------------===//

LogicalResult MatmulGroupOp::verifyConstraints() {
  RankedTensorType x = getX().getType();
  size_t count = getWeights().size();
  // matmul_group C1
  if (count < 2) {
    return emitOpError("expected at least two weights, found ") << count;
  }
  // matmul_group C2
  if (!getBiases().empty() && getBiases().size() != count) {
    return emitOpError("expected as many biases as weights or none, found ")
           << getBiases().size() << " and " << count;
  }
  for (Value weight : getWeights()) {
    RankedTensorType w = tensorType(weight);
    // matmul_group C3
    if (w.getElementType() != x.getElementType()) {
      return emitOpError("expected weights of the element type of x, ")
             << x.getElementType() << ", found " << w.getElementType();
    }
    // matmul_group C4
    if (w.getDimSize(0) != x.getDimSize(1)) {
      return emitOpError("expected x and weights to agree on K, found ")
             << x.getDimSize(1) << " in x and " << w.getDimSize(0);
    }
  }
  for (auto [weight, value] : llvm::zip(getWeights(), getBiases())) {
    RankedTensorType bias = tensorType(value);
    int64_t n = tensorType(weight).getDimSize(1);
    // matmul_group C5
    if (bias.getDimSize(0) != n ||
        !fitsData(bias.getElementType(), x.getElementType())) {
      return emitOpError("expected bias to be ")
             << n << "x" << x.getElementType() << ", found " << bias;
    }
  }
  return success();
}

LogicalResult MatmulGroupOp::inferReturnTypes(MLIRContext *,
                                              std::optional<Location>,
                                              Adaptor op,
                                              SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(op.getX());
  if (!x || x.getRank() != 2) {
    return failure();
  }
  for (Value weight : op.getWeights()) {
    RankedTensorType w = tensorType(weight);
    if (!w || w.getRank() != 2) {
      return failure();
    }
    types.push_back(RankedTensorType::get({x.getDimSize(0), w.getDimSize(1)},
                                          x.getElementType()));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// matmul_bias_grad
//===----------------------------------------------------------------------===//

LogicalResult MatmulBiasGradOp::verifyConstraints() {
  RankedTensorType x = getX().getType(), dy = getDy().getType();
  // matmul_bias_grad C1
  if (x.getElementType() != dy.getElementType()) {
    return emitOpError(
               "expected x and dy to have the same element type, found ")
           << x.getElementType() << " and " << dy.getElementType();
  }
  // matmul_bias_grad C2
  if (x.getDimSize(0) != dy.getDimSize(0)) {
    return emitOpError("expected x and dy to have the same number of rows, ")
           << "found " << x.getDimSize(0) << " and " << dy.getDimSize(0);
  }
  return success();
}

LogicalResult MatmulBiasGradOp::inferReturnTypes(MLIRContext *,
                                                 std::optional<Location>,
                                                 Adaptor op,
                                                 SmallVectorImpl<Type> &types) {
  RankedTensorType x = tensorType(op.getX()), dy = tensorType(op.getDy());
  if (!x || !dy || x.getRank() != 2 || dy.getRank() != 2) {
    return failure();
  }
  types.push_back(RankedTensorType::get({x.getDimSize(1), dy.getDimSize(1)},
                                        x.getElementType()));
  types.push_back(
      RankedTensorType::get({dy.getDimSize(1)}, dy.getElementType()));
  return success();
}

//===----------------------------------------------------------------------===//
// gather_grad_add
//===----------------------------------------------------------------------===//

LogicalResult GatherGradAddOp::verifyConstraints() {
  ArrayRef<int64_t> base = getBase().getType().getShape(),
                    indices = getIndices().getType().getShape();
  int64_t batch = getBatchDims();
  // gather_grad_add C1
  if (batch < 0 || batch >= int64_t(base.size()) ||
      batch > int64_t(indices.size())) {
    return emitOpError("expected batch_dims below the rank of base and at most "
                       "the rank of indices, found ")
           << batch;
  }
  // gather_grad_add C2
  if (base.take_front(batch) != indices.take_front(batch)) {
    return emitOpError("expected the leading dimensions of base and indices to "
                       "be equal, found ")
           << shapeText(base) << " and " << shapeText(indices);
  }
  std::optional<Shape> rows = gatheredShape(base, indices, batch);
  // gather_grad_add C3
  if (ArrayRef<int64_t>(*rows) != getDy().getType().getShape()) {
    return emitOpError("expected dy to be ")
           << shapeText(*rows) << ", found "
           << shapeText(getDy().getType().getShape());
  }
  return success();
}

LogicalResult GatherGradAddOp::inferReturnTypes(MLIRContext *,
                                                std::optional<Location>,
                                                Adaptor op,
                                                SmallVectorImpl<Type> &types) {
  types.push_back(op.getBase().getType());
  return success();
}

//===----------------------------------------------------------------------===//
// cross_entropy, cross_entropy_grad
//===----------------------------------------------------------------------===//

LogicalResult CrossEntropyOp::verifyConstraints() {
  int64_t logits = getLogits().getType().getDimSize(0);
  int64_t labels = getLabels().getType().getDimSize(0);
  // cross_entropy C1
  if (logits != labels) {
    return emitOpError("expected logits and labels to agree on N, found ")
           << logits << " and " << labels;
  }
  return success();
}

LogicalResult CrossEntropyOp::inferReturnTypes(MLIRContext *,
                                               std::optional<Location>,
                                               Adaptor op,
                                               SmallVectorImpl<Type> &types) {
  RankedTensorType logits = tensorType(op.getLogits());
  if (!logits || logits.getRank() != 2) {
    return failure();
  }
  types.assign(2, statisticsType(logits));
  return success();
}

LogicalResult CrossEntropyGradOp::verifyConstraints() {
  int64_t n = getLogits().getType().getDimSize(0);
  // cross_entropy_grad C1
  if (getDloss().getType().getDimSize(0) != n ||
      getLse().getType().getDimSize(0) != n ||
      getLabels().getType().getDimSize(0) != n) {
    return emitOpError("expected dloss, logits, lse and labels to agree on N, ")
           << "found " << getDloss().getType().getDimSize(0) << ", " << n
           << ", " << getLse().getType().getDimSize(0) << " and "
           << getLabels().getType().getDimSize(0);
  }
  return success();
}

LogicalResult
CrossEntropyGradOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                     Adaptor op, SmallVectorImpl<Type> &types) {
  types.push_back(op.getLogits().getType());
  return success();
}

} // namespace bertc::bert
