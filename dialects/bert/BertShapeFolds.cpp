// SPDX-License-Identifier: Apache-2.0
//
// Folds and canonicalisations of the operations that move elements, of
// reductions, of dropout, and of transposes in front of matrix products.
#include "dialects/bert/BertOps.h"
#include "dialects/bert/BertShapes.h"

#include "mlir/IR/PatternMatch.h"

#include <numeric>

using namespace mlir;

namespace bertc::bert {

/// The splat constant in another shape; null for other constants.
static Attribute reshapeSplat(Attribute constant, RankedTensorType type) {
  auto splat = dyn_cast_or_null<SplatElementsAttr>(constant);
  return splat ? Attribute(splat.resizeSplat(type)) : Attribute();
}

//===----------------------------------------------------------------------===//
// Moving elements
//===----------------------------------------------------------------------===//

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

OpFoldResult ReshapeOp::fold(FoldAdaptor op) {
  if (getX().getType() == getType()) {
    return getX();
  }
  if (auto inner = getX().getDefiningOp<ReshapeOp>()) {
    if (inner.getX().getType() == getType()) {
      return inner.getX();
    }
    getXMutable().assign(inner.getX());
    return getResult();
  }
  if (auto constant = dyn_cast_or_null<DenseElementsAttr>(op.getX())) {
    return constant.reshape(getType());
  }
  return {};
}

static bool isIdentity(ArrayRef<int64_t> permutation) {
  return llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size()));
}

OpFoldResult TransposeOp::fold(FoldAdaptor op) {
  if (isIdentity(getPermutation())) {
    return getX();
  }
  if (auto inner = getX().getDefiningOp<TransposeOp>()) {
    SmallVector<int64_t> composed;
    for (int64_t d : getPermutation()) {
      composed.push_back(inner.getPermutation()[d]);
    }
    if (isIdentity(composed)) {
      return inner.getX();
    }
    setPermutation(composed);
    getXMutable().assign(inner.getX());
    return getResult();
  }
  return reshapeSplat(op.getX(), getType());
}

OpFoldResult SliceOp::fold(FoldAdaptor op) {
  if (getX().getType() == getType()) {
    return getX();
  }
  if (auto inner = getX().getDefiningOp<SliceOp>()) {
    SmallVector<int64_t> starts;
    for (auto [outerStart, innerStart] :
         llvm::zip(getStarts(), inner.getStarts())) {
      starts.push_back(outerStart + innerStart);
    }
    setStarts(starts);
    getXMutable().assign(inner.getX());
    return getResult();
  }
  return reshapeSplat(op.getX(), getType());
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  return getX().size() == 1 ? OpFoldResult(getX().front()) : OpFoldResult();
}

OpFoldResult BroadcastToOp::fold(FoldAdaptor op) {
  if (getX().getType() == getType()) {
    return getX();
  }
  if (auto inner = getX().getDefiningOp<BroadcastToOp>()) {
    getXMutable().assign(inner.getX());
    return getResult();
  }
  return reshapeSplat(op.getX(), getType());
}

//===----------------------------------------------------------------------===//
// Dropout
//===----------------------------------------------------------------------===//

/// Whether the rate drops nothing at all: rates are rounded to 1 / 65536.
static bool dropsNothing(const APFloat &rate) {
  return static_cast<double>(rate.convertToFloat()) * 65536.0 + 0.5 < 1.0;
}

OpFoldResult DropoutOp::fold(FoldAdaptor) {
  return dropsNothing(getRate()) ? OpFoldResult(getX()) : OpFoldResult();
}

OpFoldResult DropoutGradOp::fold(FoldAdaptor) {
  return dropsNothing(getRate()) ? OpFoldResult(getDy()) : OpFoldResult();
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

OpFoldResult ReduceSumOp::fold(FoldAdaptor) {
  return getAxes().empty() ? OpFoldResult(getX()) : OpFoldResult();
}

OpFoldResult ReduceMeanOp::fold(FoldAdaptor) {
  return getAxes().empty() ? OpFoldResult(getX()) : OpFoldResult();
}

OpFoldResult ReduceMaxOp::fold(FoldAdaptor) {
  return getAxes().empty() ? OpFoldResult(getX()) : OpFoldResult();
}

namespace {

/// A reduction over dimensions of size 1 only changes the shape.
template <typename ReduceOp> struct ReduceOfOnes : OpRewritePattern<ReduceOp> {
  using OpRewritePattern<ReduceOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(ReduceOp op,
                                PatternRewriter &rewriter) const override {
    ArrayRef<int64_t> shape = op.getX().getType().getShape();
    if (llvm::any_of(op.getAxes(),
                     [&](int64_t axis) { return shape[axis] != 1; })) {
      return rewriter.notifyMatchFailure(op, "sums more than one element");
    }
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getX(),
                                           op.getScopeAttr());
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Matrix products
//===----------------------------------------------------------------------===//

/// What is transposed, when the value is a transpose of its last two
/// dimensions only.
Value lastTwoSwapped(Value value) {
  auto transpose = value.getDefiningOp<TransposeOp>();
  if (!transpose) {
    return {};
  }
  SmallVector<int64_t> expected(transpose.getPermutation().size());
  std::iota(expected.begin(), expected.end(), 0);
  if (expected.size() < 2) {
    return {};
  }
  std::swap(expected[expected.size() - 1], expected[expected.size() - 2]);
  return llvm::equal(transpose.getPermutation(), expected) ? transpose.getX()
                                                           : Value();
}

UnitAttr toggled(bool flag, PatternRewriter &rewriter) {
  return flag ? UnitAttr() : rewriter.getUnitAttr();
}

/// matmul(transpose(a), b) -> matmul(a, b) {transpose_a}, and likewise for b.
struct TransposeIntoMatmul : OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MatmulOp op,
                                PatternRewriter &rewriter) const override {
    Value a = lastTwoSwapped(op.getA()), b = lastTwoSwapped(op.getB());
    if (!a && !b) {
      return rewriter.notifyMatchFailure(op, "no operand is a transpose");
    }
    rewriter.modifyOpInPlace(op, [&] {
      if (a) {
        op.getAMutable().assign(a);
        op.setTransposeAAttr(toggled(op.getTransposeA(), rewriter));
      }
      if (b) {
        op.getBMutable().assign(b);
        op.setTransposeBAttr(toggled(op.getTransposeB(), rewriter));
      }
    });
    return success();
  }
};

struct TransposeIntoBatchMatmul : OpRewritePattern<BatchMatmulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BatchMatmulOp op,
                                PatternRewriter &rewriter) const override {
    Value a = lastTwoSwapped(op.getA()), b = lastTwoSwapped(op.getB());
    if (!a && !b) {
      return rewriter.notifyMatchFailure(op, "no operand is a transpose");
    }
    rewriter.modifyOpInPlace(op, [&] {
      if (a) {
        op.getAMutable().assign(a);
        op.setAdjXAttr(toggled(op.getAdjX(), rewriter));
      }
      if (b) {
        op.getBMutable().assign(b);
        op.setAdjYAttr(toggled(op.getAdjY(), rewriter));
      }
    });
    return success();
  }
};

} // namespace

void ReduceSumOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<ReduceOfOnes<ReduceSumOp>>(context);
}

void ReduceMeanOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                               MLIRContext *context) {
  patterns.add<ReduceOfOnes<ReduceMeanOp>>(context);
}

void ReduceMaxOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<ReduceOfOnes<ReduceMaxOp>>(context);
}

void MatmulOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<TransposeIntoMatmul>(context);
}

void BatchMatmulOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                                MLIRContext *context) {
  patterns.add<TransposeIntoBatchMatmul>(context);
}

} // namespace bertc::bert
