// SPDX-License-Identifier: Apache-2.0
//
// Scores of attention, and their gradients, are scaled: a pass over the largest
// tensors of a layer. A power of two changes no bit but the exponent, so it may
// as well scale queries and keys, which are smaller where rows are longer than
// heads are wide:
//   c (a b) = (c a) b and (c a) b = a (c b).

#include "passes/lower/synapse/SynapseLowering.h"

#include <cmath>

using namespace mlir;

namespace bertc::lower::syn {

namespace {

bool isPowerOfTwo(Value value) {
  auto constant = value.getDefiningOp<bert::ConstantOp>();
  auto elements = constant ? dyn_cast<DenseElementsAttr>(constant.getValue())
                           : DenseElementsAttr();
  if (!elements || !elements.isSplat() || elements.getNumElements() != 1 ||
      !isa<FloatType>(elements.getElementType())) {
    return false;
  }
  int exponent;
  double factor = elements.getSplatValue<APFloat>().convertToDouble();
  return std::frexp(factor, &exponent) == 0.5;
}

int64_t elementsOf(Value value) {
  return llvm::cast<RankedTensorType>(value.getType()).getNumElements();
}

class ScaleMover {
public:
  explicit ScaleMover(func::FuncOp function) : function_(function) {}

  void run() {
    SmallVector<bert::MulOp> scales(function_.getOps<bert::MulOp>());
    for (bert::MulOp scale : scales) {
      if (isPowerOfTwo(scale.getY()) &&
          elementsOf(scale.getX()) == elementsOf(scale.getZ()) &&
          (moveUp(scale) || moveDown(scale))) {
        scale.erase();
      }
    }
  }

private:
  /// c (a b) with no other use of a b becomes (c a) b.
  bool moveUp(bert::MulOp scale) {
    auto product = scale.getX().getDefiningOp<bert::BatchMatmulOp>();
    if (!product || !product.getC().hasOneUse() ||
        elementsOf(product.getA()) >= elementsOf(product.getC()) ||
        getElementTypeOrSelf(product.getA()) !=
            getElementTypeOrSelf(product.getC())) {
      return false;
    }
    Value scaled = scaledBefore(product, product.getA(), scale);
    product.getAMutable().assign(scaled);
    scale.getZ().replaceAllUsesWith(product.getC());
    return true;
  }

  /// (c a) b becomes a (c b), in all products where c a is used.
  bool moveDown(bert::MulOp scale) {
    bool fits = llvm::all_of(scale.getZ().getUses(), [&](OpOperand &use) {
      auto product = dyn_cast<bert::BatchMatmulOp>(use.getOwner());
      return product && product.getA() != product.getB() &&
             elementsOf(other(use)) < elementsOf(scale.getZ());
    });
    if (!fits) {
      return false;
    }
    for (OpOperand &use : llvm::make_early_inc_range(scale.getZ().getUses())) {
      Operation *product = use.getOwner();
      Value scaled = scaledBefore(product, other(use), scale);
      product->setOperand(1 - use.getOperandNumber(), scaled);
      use.set(scale.getX());
    }
    return true;
  }

  static Value other(OpOperand &use) {
    return use.getOwner()->getOperand(1 - use.getOperandNumber());
  }

  /// c `value`, made once, before the first who asks.
  Value scaledBefore(Operation *user, Value value, bert::MulOp scale) {
    auto constant = scale.getY().getDefiningOp<bert::ConstantOp>();
    Value &made = scaled_[{value, constant.getValueAttr()}];
    if (!made || !made.getDefiningOp()->isBeforeInBlock(user)) {
      OpBuilder builder(user);
      Value factor = bert::ConstantOp::create(builder, constant.getLoc(),
                                              constant.getValueAttr());
      made = bert::MulOp::create(builder, scale.getLoc(), value, factor,
                                 scale.getScopeAttr());
    }
    return made;
  }

  func::FuncOp function_;
  llvm::DenseMap<std::pair<Value, Attribute>, Value> scaled_;
};

} // namespace

void moveScales(func::FuncOp function) { ScaleMover(function).run(); }

} // namespace bertc::lower::syn
