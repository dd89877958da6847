// SPDX-License-Identifier: Apache-2.0
//
// Verifier branches that several operations share word for word.
#pragma once

#include "dialects/bert/BertOps.h"
#include "dialects/bert/BertShapes.h"

namespace bertc::bert {

/// 0 <= rate < 1.
template <typename Op> llvm::LogicalResult verifyRate(Op op) {
  float rate = op.getRate().convertToFloat();
  if (!(rate >= 0 && rate < 1)) {
    return op.emitOpError("expected rate to lie in [0, 1), found ")
           << op.getRateAttr().getValueAsDouble();
  }
  return llvm::success();
}

/// A rate above 0 needs the random state.
template <typename Op> llvm::LogicalResult verifyRngGiven(Op op) {
  if (op.getRate().convertToFloat() > 0 && !op.getRng()) {
    return op.emitOpError("expected rng, as rate is ")
           << op.getRateAttr().getValueAsDouble();
  }
  return llvm::success();
}

/// rows, where given, has a number for each row of `x`.
template <typename Op>
llvm::LogicalResult verifyRowNumbers(Op op, llvm::StringRef name,
                                     mlir::RankedTensorType x) {
  if (!op.getRows()) {
    return llvm::success();
  }
  int64_t columns = x.getRank() == 0 ? 1 : x.getShape().back();
  int64_t expected = columns == 0 ? 0 : x.getNumElements() / columns;
  int64_t found = tensorType(op.getRows()).getDimSize(0);
  if (found != expected) {
    return op.emitOpError("expected rows to have a number for each row of ")
           << name << ", " << expected << ", found " << found;
  }
  return llvm::success();
}

/// The same of an operation that may have no rng.
template <typename Op>
llvm::LogicalResult verifyRowNumbersAndRng(Op op, llvm::StringRef name,
                                           mlir::RankedTensorType x) {
  if (op.getRows() && !op.getRng()) {
    return op.emitOpError("expected rng where there are rows");
  }
  return verifyRowNumbers(op, name, x);
}

/// eps >= 0.
template <typename Op> llvm::LogicalResult verifyEps(Op op) {
  if (!(op.getEps().convertToFloat() >= 0)) {
    return op.emitOpError("expected eps to be at least 0, found ")
           << op.getEpsAttr().getValueAsDouble();
  }
  return llvm::success();
}

/// Sizes of the product of the two matrices a and b.
template <typename Op> MatmulSizes productSizes(Op op) {
  return matmulSizes(tensorType(op.getA()).getShape(),
                     tensorType(op.getB()).getShape(), op.getTransposeA(),
                     op.getTransposeB());
}

/// a and b agree on K.
template <typename Op> llvm::LogicalResult verifyInnerSizes(Op op) {
  MatmulSizes sizes = productSizes(op);
  if (sizes.ka != sizes.kb) {
    return op.emitOpError("expected a and b to agree on K, found ")
           << sizes.ka << " in a and " << sizes.kb << " in b";
  }
  return llvm::success();
}

/// The type of the product of the two matrices a and b.
template <typename Adaptor>
llvm::LogicalResult inferMatmul(Adaptor op,
                                llvm::SmallVectorImpl<mlir::Type> &types) {
  mlir::RankedTensorType a = tensorType(op.getA()), b = tensorType(op.getB());
  if (!a || !b || a.getRank() != 2 || b.getRank() != 2) {
    return llvm::failure();
  }
  MatmulSizes sizes = productSizes(op);
  types.push_back(
      mlir::RankedTensorType::get({sizes.m, sizes.n}, a.getElementType()));
  return llvm::success();
}

/// gamma and beta have the element type of x, or are f32 where that is bf16.
template <typename Op> llvm::LogicalResult verifyGammaBetaElements(Op op) {
  mlir::Type x = op.getX().getType().getElementType();
  mlir::Type gamma = op.getGamma().getType().getElementType();
  mlir::Type beta = op.getBeta().getType().getElementType();
  if (!fitsData(gamma, x) || !fitsData(beta, x)) {
    return op.emitOpError("expected gamma and beta to have the element type ")
           << "of x, " << x << ", found " << gamma << " and " << beta;
  }
  return llvm::success();
}

/// gamma and beta are as long as the rows of x.
template <typename Op> llvm::LogicalResult verifyGammaBetaSizes(Op op) {
  int64_t size = op.getX().getType().getShape().back();
  int64_t gamma = op.getGamma().getType().getDimSize(0);
  int64_t beta = op.getBeta().getType().getDimSize(0);
  if (gamma != size || beta != size) {
    return op.emitOpError("expected gamma and beta to have the size of the ")
           << "last dimension of x, " << size << ", found " << gamma << " and "
           << beta;
  }
  return llvm::success();
}

/// gamma has the length of the rows of `rows` and their element type, or f32
/// where that is bf16.
template <typename Op>
llvm::LogicalResult verifyGamma(Op op, llvm::StringRef rowsName,
                                mlir::RankedTensorType rows) {
  auto expected = mlir::RankedTensorType::get({rows.getShape().back()},
                                              rows.getElementType());
  if (op.getGamma().getType() != expected &&
      op.getGamma().getType() != widened(expected)) {
    return op.emitOpError("expected gamma to be one row of ")
           << rowsName << ", " << expected << ", found "
           << op.getGamma().getType();
  }
  return llvm::success();
}

/// mean and rstd have the types that a layer norm of `rows` gives them.
template <typename Op>
llvm::LogicalResult verifyStatistics(Op op, mlir::RankedTensorType rows) {
  mlir::RankedTensorType expected = statisticsType(rows);
  if (op.getMean().getType() != expected ||
      op.getRstd().getType() != expected) {
    return op.emitOpError("expected mean and rstd to be ")
           << expected << ", found " << op.getMean().getType() << " and "
           << op.getRstd().getType();
  }
  return llvm::success();
}

} // namespace bertc::bert
