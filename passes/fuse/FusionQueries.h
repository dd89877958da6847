// SPDX-License-Identifier: Apache-2.0
//
// Questions that fuse passes ask of values, and the sweep they end with.
#pragma once

#include "dialects/bert/BertOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <optional>

namespace bertc {

/// The number when `value` is a scalar float constant.
inline std::optional<llvm::APFloat> scalarConstant(mlir::Value value) {
  auto type = llvm::cast<mlir::RankedTensorType>(value.getType());
  auto constant = value.getDefiningOp<bertc::bert::ConstantOp>();
  if (!constant || type.getRank() != 0 ||
      !llvm::isa<mlir::FloatType>(type.getElementType())) {
    return std::nullopt;
  }
  auto elements = llvm::cast<mlir::DenseElementsAttr>(constant.getValue());
  return elements.getSplatValue<llvm::APFloat>();
}

/// A factor times another value: `x * scale` in either order of operands.
struct ScaledValue {
  mlir::Value x;
  llvm::APFloat scale;
};

/// The parts of `mul` when one of its operands is a scalar float constant and
/// the other has the type of the product.
inline std::optional<ScaledValue> matchScaled(bertc::bert::MulOp mul) {
  for (auto [x, scale] :
       {std::pair(mul.getX(), mul.getY()), std::pair(mul.getY(), mul.getX())}) {
    std::optional<llvm::APFloat> number = scalarConstant(scale);
    if (number && x.getType() == mul.getZ().getType()) {
      return ScaledValue{x, *number};
    }
  }
  return std::nullopt;
}

/// Whether `value` is there before `op` runs; both in one block.
inline bool availableAt(mlir::Value value, mlir::Operation *op) {
  mlir::Operation *maker = value.getDefiningOp();
  return !maker || maker->isBeforeInBlock(op);
}

/// The only user of `value` of type OpTy, if there is exactly one.
template <typename OpTy> OpTy onlyUser(mlir::Value value) {
  OpTy only;
  for (mlir::Operation *user : value.getUsers()) {
    if (auto op = llvm::dyn_cast<OpTy>(user)) {
      if (only) {
        return nullptr;
      }
      only = op;
    }
  }
  return only;
}

/// A scale as the F32 attribute that fused operations have.
inline mlir::FloatAttr f32Attr(mlir::MLIRContext *context,
                               llvm::APFloat value) {
  bool lossy;
  value.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven,
                &lossy);
  return mlir::FloatAttr::get(mlir::Float32Type::get(context), value);
}

/// Erases operations that nobody uses any more, last first.
inline void eraseDeadOperations(mlir::func::FuncOp function) {
  mlir::Operation *op = function.getBody().front().getTerminator();
  while (op) {
    mlir::Operation *previous = op->getPrevNode();
    if (mlir::isOpTriviallyDead(op)) {
      op->erase();
    }
    op = previous;
  }
}

} // namespace bertc
