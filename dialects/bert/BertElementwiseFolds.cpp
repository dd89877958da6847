// SPDX-License-Identifier: Apache-2.0
//
// Folds and canonicalisations of the elementwise operations. A neutral operand
// is dropped where the result has the other operand's type: x + 0, x - 0, x 1,
// x / 1. (x + 0 turns -0 into 0; that difference is given up. x 0 is not
// folded, since x may be NaN or infinite.) Operations on constants are computed
// here in double and rounded, as the interpreter does: all splats, and others
// of up to kMaxFoldedElements.
#include "dialects/bert/BertOps.h"
#include "dialects/bert/BertShapes.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

#include <cmath>

using namespace mlir;

namespace bertc::bert {

namespace {

/// Constants of more elements than this stay as they are unless splat, so that
/// folding never makes a module much larger.
constexpr int64_t kMaxFoldedElements = 1024;

//===----------------------------------------------------------------------===//
// Arithmetic on constants
//===----------------------------------------------------------------------===//

/// Whether a double holds every value of the type (i64 it does not).
bool isFoldableElement(Type element) {
  return isa<FloatType>(element) || element.isInteger(32) ||
         element.isInteger(1);
}

/// The elements as doubles, one when the constant is splat.
SmallVector<double> elementsOf(DenseElementsAttr constant) {
  SmallVector<double> values;
  auto addFloat = [&](APFloat value) {
    bool inexact;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                  &inexact);
    values.push_back(value.convertToDouble());
  };
  auto addInteger = [&](const APInt &value) {
    values.push_back(value.getBitWidth() == 1
                         ? static_cast<double>(value.getZExtValue())
                         : static_cast<double>(value.getSExtValue()));
  };
  bool isFloat = isa<FloatType>(constant.getElementType());
  if (constant.isSplat()) {
    if (isFloat) {
      addFloat(constant.getSplatValue<APFloat>());
    } else {
      addInteger(constant.getSplatValue<APInt>());
    }
  } else if (isFloat) {
    llvm::for_each(constant.getValues<APFloat>(), addFloat);
  } else {
    llvm::for_each(constant.getValues<APInt>(), addInteger);
  }
  return values;
}

/// A constant of `type` from doubles (one for a splat), rounded to nearest;
/// null when an integer is out of range or not a number.
Attribute constantOf(RankedTensorType type, ArrayRef<double> values) {
  Type element = type.getElementType();
  SmallVector<Attribute> attributes;
  for (double value : values) {
    if (isa<FloatType>(element)) {
      attributes.push_back(FloatAttr::get(element, value));
      continue;
    }
    if (!(value >= INT32_MIN && value <= INT32_MAX)) {
      return {};
    }
    attributes.push_back(
        IntegerAttr::get(element, static_cast<int64_t>(value)));
  }
  return DenseElementsAttr::get(type, attributes);
}

/// For element `linear` of shape `out`, the element that broadcasting takes
/// from a tensor of shape `in`.
int64_t broadcastElement(int64_t linear, ArrayRef<int64_t> out,
                         ArrayRef<int64_t> in) {
  int64_t element = 0, stride = 1;
  for (size_t back = 1; back <= out.size(); ++back) {
    int64_t position = linear % out[out.size() - back];
    linear /= out[out.size() - back];
    if (back <= in.size()) {
      int64_t dim = in[in.size() - back];
      element += dim == 1 ? 0 : position * stride;
      stride *= dim;
    }
  }
  return element;
}

/// `function` of the operands' elements, when all operands are constants that
/// may be folded.
Attribute foldConstants(ArrayRef<Attribute> operands, RankedTensorType type,
                        llvm::function_ref<double(ArrayRef<double>)> function) {
  SmallVector<SmallVector<double>, 3> values;
  SmallVector<ArrayRef<int64_t>, 3> shapes;
  bool allSplat = true;
  for (Attribute operand : operands) {
    auto constant = dyn_cast_or_null<DenseElementsAttr>(operand);
    if (!constant || !isFoldableElement(constant.getElementType()) ||
        !isFoldableElement(type.getElementType())) {
      return {};
    }
    allSplat &= constant.isSplat();
    if (!constant.isSplat() && constant.getNumElements() > kMaxFoldedElements) {
      return {};
    }
    values.push_back(elementsOf(constant));
    shapes.push_back(constant.getType().getShape());
  }
  if (!allSplat && type.getNumElements() > kMaxFoldedElements) {
    return {};
  }
  int64_t count = allSplat ? 1 : type.getNumElements();
  SmallVector<double> result, arguments(values.size());
  for (int64_t i = 0; i < count; ++i) {
    for (auto [argument, from, shape] : llvm::zip(arguments, values, shapes)) {
      argument = from.size() == 1
                     ? from[0]
                     : from[broadcastElement(i, type.getShape(), shape)];
    }
    result.push_back(function(arguments));
  }
  return constantOf(type, result);
}

/// Whether the attribute is a splat constant of `value`.
bool isSplatOf(Attribute attribute, double value) {
  auto constant = dyn_cast_or_null<DenseElementsAttr>(attribute);
  return constant && constant.isSplat() &&
         isFoldableElement(constant.getElementType()) &&
         elementsOf(constant)[0] == value;
}

/// `x` when `y` is a splat of the neutral element and dropping it does not
/// change the type.
template <typename BinaryOp>
Value dropNeutral(BinaryOp op, Value x, Attribute y, double neutral) {
  return x.getType() == op.getType() && isSplatOf(y, neutral) ? x : Value();
}

} // namespace

//===----------------------------------------------------------------------===//
// Unary operations
//===----------------------------------------------------------------------===//

OpFoldResult NegOp::fold(FoldAdaptor op) {
  if (auto inner = getX().getDefiningOp<NegOp>()) {
    return inner.getX();
  }
  return foldConstants({op.getX()}, getType(),
                       [](ArrayRef<double> x) { return -x[0]; });
}

OpFoldResult ExpOp::fold(FoldAdaptor op) {
  return foldConstants({op.getX()}, getType(),
                       [](ArrayRef<double> x) { return std::exp(x[0]); });
}

OpFoldResult LogOp::fold(FoldAdaptor op) {
  return foldConstants({op.getX()}, getType(),
                       [](ArrayRef<double> x) { return std::log(x[0]); });
}

OpFoldResult SqrtOp::fold(FoldAdaptor op) {
  return foldConstants({op.getX()}, getType(),
                       [](ArrayRef<double> x) { return std::sqrt(x[0]); });
}

OpFoldResult RsqrtOp::fold(FoldAdaptor op) {
  return foldConstants({op.getX()}, getType(),
                       [](ArrayRef<double> x) { return 1 / std::sqrt(x[0]); });
}

OpFoldResult TanhOp::fold(FoldAdaptor op) {
  return foldConstants({op.getX()}, getType(),
                       [](ArrayRef<double> x) { return std::tanh(x[0]); });
}

OpFoldResult IdentityOp::fold(FoldAdaptor) { return getX(); }

/// Whether every value of `from` is one of `to`.
static bool isLossless(Type from, Type to) {
  if (from == to || from.isInteger(1)) {
    return true;
  }
  if (isa<FloatType>(from)) {
    return from.isBF16() ? isa<FloatType>(to) : from.isF32() && to.isF64();
  }
  return from.isInteger(32) && (to.isInteger(64) || to.isF64());
}

OpFoldResult CastOp::fold(FoldAdaptor op) {
  if (getX().getType() == getType()) {
    return getX();
  }
  Type target = getType().getElementType();
  if (auto inner = getX().getDefiningOp<CastOp>()) {
    if (isLossless(inner.getX().getType().getElementType(),
                   getX().getType().getElementType())) {
      if (inner.getX().getType() == getType()) {
        return inner.getX();
      }
      getXMutable().assign(inner.getX());
      return getResult();
    }
  }
  return foldConstants({op.getX()}, getType(), [&](ArrayRef<double> x) {
    if (target.isInteger(1)) {
      return x[0] != 0 ? 1.0 : 0.0;
    }
    return target.isInteger(32) ? std::trunc(x[0]) : x[0];
  });
}

//===----------------------------------------------------------------------===//
// Binary operations
//===----------------------------------------------------------------------===//

OpFoldResult AddOp::fold(FoldAdaptor op) {
  if (Value x = dropNeutral(*this, getX(), op.getY(), 0)) {
    return x;
  }
  if (Value y = dropNeutral(*this, getY(), op.getX(), 0)) {
    return y;
  }
  return foldConstants({op.getX(), op.getY()}, getType(),
                       [](ArrayRef<double> x) { return x[0] + x[1]; });
}

OpFoldResult SubOp::fold(FoldAdaptor op) {
  if (Value x = dropNeutral(*this, getX(), op.getY(), 0)) {
    return x;
  }
  return foldConstants({op.getX(), op.getY()}, getType(),
                       [](ArrayRef<double> x) { return x[0] - x[1]; });
}

OpFoldResult MulOp::fold(FoldAdaptor op) {
  if (Value x = dropNeutral(*this, getX(), op.getY(), 1)) {
    return x;
  }
  if (Value y = dropNeutral(*this, getY(), op.getX(), 1)) {
    return y;
  }
  return foldConstants({op.getX(), op.getY()}, getType(),
                       [](ArrayRef<double> x) { return x[0] * x[1]; });
}

OpFoldResult DivOp::fold(FoldAdaptor op) {
  if (Value x = dropNeutral(*this, getX(), op.getY(), 1)) {
    return x;
  }
  return foldConstants({op.getX(), op.getY()}, getType(),
                       [](ArrayRef<double> x) { return x[0] / x[1]; });
}

OpFoldResult MaximumOp::fold(FoldAdaptor op) {
  if (getX() == getY()) {
    return getX();
  }
  return foldConstants({op.getX(), op.getY()}, getType(),
                       [](ArrayRef<double> x) {
                         return x[0] > x[1] || std::isnan(x[0]) ? x[0] : x[1];
                       });
}

OpFoldResult MinimumOp::fold(FoldAdaptor op) {
  if (getX() == getY()) {
    return getX();
  }
  return foldConstants({op.getX(), op.getY()}, getType(),
                       [](ArrayRef<double> x) {
                         return x[0] < x[1] || std::isnan(x[0]) ? x[0] : x[1];
                       });
}

OpFoldResult CompareOp::fold(FoldAdaptor op) {
  return foldConstants({op.getX(), op.getY()}, getType(),
                       [&](ArrayRef<double> x) -> double {
                         switch (getPredicate()) {
                         case Predicate::Eq:
                           return x[0] == x[1];
                         case Predicate::Ne:
                           return x[0] != x[1];
                         case Predicate::Lt:
                           return x[0] < x[1];
                         case Predicate::Le:
                           return x[0] <= x[1];
                         case Predicate::Gt:
                           return x[0] > x[1];
                         case Predicate::Ge:
                           return x[0] >= x[1];
                         }
                         llvm_unreachable("the predicates are listed above");
                       });
}

OpFoldResult SelectOp::fold(FoldAdaptor op) {
  bool same = getX() == getY();
  if (same || isSplatOf(op.getCond(), 1)) {
    if (getX().getType() == getType()) {
      return getX();
    }
  }
  if (isSplatOf(op.getCond(), 0) && getY().getType() == getType()) {
    return getY();
  }
  return foldConstants(
      {op.getCond(), op.getX(), op.getY()}, getType(),
      [](ArrayRef<double> x) { return x[0] != 0 ? x[1] : x[2]; });
}

//===----------------------------------------------------------------------===//
// add_n
//===----------------------------------------------------------------------===//

OpFoldResult AddNOp::fold(FoldAdaptor) {
  return getX().size() == 1 && getX().front().getType() == getType()
             ? OpFoldResult(getX().front())
             : OpFoldResult();
}

namespace {

/// Whether operands and result have one type; where f32 and bf16 are mixed, an
/// operand less or more could change what the result is rounded to.
bool isOneType(AddNOp op) {
  return llvm::all_of(op.getOperandTypes(),
                      [&](Type type) { return type == op.getType(); });
}

/// add_n(add_n(a, b), c) -> add_n(a, b, c), when nothing else uses the inner
/// sum. Only the first operand: sums go from the left, so elsewhere the order
/// of rounding would change.
struct FlattenAddN : OpRewritePattern<AddNOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AddNOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getX().front().getDefiningOp<AddNOp>();
    if (!inner || !inner->hasOneUse() || !isOneType(op) || !isOneType(inner)) {
      return rewriter.notifyMatchFailure(
          op, "the first operand is not an add_n of its own");
    }
    SmallVector<Value> operands(inner.getX());
    llvm::append_range(operands, op.getX().drop_front());
    rewriter.modifyOpInPlace(op, [&] { op.getXMutable().assign(operands); });
    return success();
  }
};

/// Drops operands that are zero, but keeps one.
struct DropZeros : OpRewritePattern<AddNOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AddNOp op,
                                PatternRewriter &rewriter) const override {
    SmallVector<Value> kept;
    for (Value x : op.getX()) {
      Attribute constant;
      if (!matchPattern(x, m_Constant(&constant)) || !isSplatOf(constant, 0)) {
        kept.push_back(x);
      }
    }
    if (kept.empty()) {
      kept.push_back(op.getX().front());
    }
    if (kept.size() == op.getX().size() || !isOneType(op)) {
      return rewriter.notifyMatchFailure(op, "no operand is zero");
    }
    rewriter.modifyOpInPlace(op, [&] { op.getXMutable().assign(kept); });
    return success();
  }
};

} // namespace

void AddNOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *context) {
  patterns.add<FlattenAddN, DropZeros>(context);
}

} // namespace bertc::bert
