// SPDX-License-Identifier: Apache-2.0
//
// bert-fuse-accumulate: see passes/FusePasses.td.

#include "passes/Passes.h"
#include "passes/fuse/FusionQueries.h"

#include "dialects/bert/BertShapes.h"

namespace bertc {

#define GEN_PASS_DEF_BERTFUSEACCUMULATE
#include "passes/Passes.h.inc"

namespace {

using mlir::Value;

bool isFloat(Value value) {
  auto type = llvm::cast<mlir::RankedTensorType>(value.getType());
  return type.getElementType().isF32() || type.getElementType().isBF16();
}

bool isScalar(Value value) {
  return isFloat(value) &&
         llvm::cast<mlir::RankedTensorType>(value.getType()).getRank() == 0;
}

/// Whether `x` can be added to the accumulator: the same type, or bf16 to f32.
bool fits(Value x, Value acc) {
  auto type = llvm::cast<mlir::RankedTensorType>(x.getType());
  return bert::widened(type) == acc.getType();
}

/// What `value` was before it was brought to another float type: to a wider
/// one, and then to a narrower one only where `rounded` allows to leave the
/// rounding out.
Value throughCast(Value value, bool rounded) {
  auto cast = value.getDefiningOp<bert::CastOp>();
  auto bits = [](Value v) {
    return llvm::cast<mlir::RankedTensorType>(v.getType())
        .getElementTypeBitWidth();
  };
  bool floats = cast && isFloat(cast.getX()) && isFloat(cast.getY());
  return floats && (rounded || bits(cast.getX()) < bits(cast.getY()))
             ? cast.getX()
             : value;
}

class Fusion {
public:
  explicit Fusion(mlir::MLIRContext *context) : builder_(context) {}

  /// One operation less for `add`, if operand `which` is the scaled one.
  bool fuse(bert::AddOp add, unsigned which);

private:
  Value asF32(Value scale);

  mlir::OpBuilder builder_;
  /// Scales that came in bf16.
  llvm::DenseMap<Value, Value> widened_;
};

Value Fusion::asF32(Value scale) {
  scale = throughCast(scale, /*rounded=*/true);
  auto type = llvm::cast<mlir::RankedTensorType>(scale.getType());
  if (type.getElementType().isF32()) {
    return scale;
  }
  Value &wide = widened_[scale];
  if (!wide) {
    builder_.setInsertionPointAfterValue(scale);
    wide = bert::CastOp::create(builder_, scale.getLoc(),
                                type.clone(builder_.getF32Type()), scale);
  }
  return wide;
}

bool Fusion::fuse(bert::AddOp add, unsigned which) {
  // Only accumulators: an activation that is scaled and added is forward
  // arithmetic that other fusions want to see as it is.
  Value acc = add->getOperand(1 - which);
  Value scaled = add->getOperand(which);
  auto product =
      throughCast(scaled, /*rounded=*/false).getDefiningOp<bert::MulOp>();
  if (!acc.getDefiningOp<bert::ReadOp>() || !product || !scaled.hasOneUse() ||
      !product->hasOneUse() || acc.getType() != add.getType()) {
    return false;
  }
  Value x = product.getX();
  Value scale = product.getY();
  if (!isScalar(scale)) {
    std::swap(x, scale);
  }
  x = throughCast(x, /*rounded=*/true);
  if (!isScalar(scale) || isScalar(x) || !fits(x, acc)) {
    return false;
  }
  scale = asF32(scale);
  builder_.setInsertionPoint(add);
  auto fused =
      bert::AccumulateOp::create(builder_, add.getLoc(), acc, x, scale);
  fused.setScopeAttr(add.getScopeAttr());
  add.replaceAllUsesWith(fused.getY());
  add.erase();
  return true;
}

struct BertFuseAccumulate : impl::BertFuseAccumulateBase<BertFuseAccumulate> {
  void runOnOperation() override {
    Fusion fusion(&getContext());
    for (auto add :
         llvm::make_early_inc_range(getOperation().getOps<bert::AddOp>())) {
      if (fusion.fuse(add, 1) || fusion.fuse(add, 0)) {
        ++numFused;
      }
    }
    eraseDeadOperations(getOperation());
  }
};

} // namespace
} // namespace bertc
