// SPDX-License-Identifier: Apache-2.0
//
// Verifiers of the operations that say where bytes are.

#include "dialects/cpu/Verify.h"

using namespace mlir;

namespace bertc::cpu {

LogicalResult VariableOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getType());
  if (!type || !type.hasStaticShape() || type.getEncoding()) { // variable C1
    return emitOpError() << "expected a dense tensor of static shape, found "
                         << getType();
  }
  bool isWeight = getRole() == VariableRole::Weight;
  if (isWeight == getOwner().has_value()) { // variable C2
    return emitOpError() << (isWeight ? "expected no owner for a weight"
                                      : "expected an owner for a slot");
  }
  if (!isWeight) { // variable C3
    auto owner =
        SymbolTable::lookupNearestSymbolFrom<VariableOp>(*this, getOwnerAttr());
    if (!owner || owner.getRole() != VariableRole::Weight ||
        cast<RankedTensorType>(owner.getType()).getShape() != type.getShape()) {
      return emitOpError() << "expected owner " << getOwnerAttr()
                           << " to be a weight variable of shape "
                           << shapeText(type.getShape());
    }
  }
  return success();
}

LogicalResult PackedWeightOp::verify() {
  auto variable = SymbolTable::lookupNearestSymbolFrom<VariableOp>(
      *this, getVariableAttr());
  if (!variable || // packed_weight C1
      cast<RankedTensorType>(variable.getType()).getRank() != 2) {
    return emitOpError() << "expected " << getVariableAttr()
                         << " to be a variable of rank 2";
  }
  if (int64_t(getRows()) <= 0 ||
      int64_t(getMaxBytes()) <= 0) { // packed_weight C2
    return emitOpError() << "expected positive rows and max_bytes, found "
                         << int64_t(getRows()) << " and "
                         << int64_t(getMaxBytes());
  }
  return success();
}

LogicalResult VariableRefOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto variable =
      symbols.lookupNearestSymbolFrom<VariableOp>(*this, getVariableAttr());
  if (!variable || variable.getType() != getType()) { // variable_ref C1
    return emitOpError() << "expected " << getVariableAttr()
                         << " to be a variable of type " << getType();
  }
  return success();
}

LogicalResult PackedRefOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto packed =
      symbols.lookupNearestSymbolFrom<PackedWeightOp>(*this, getPackedAttr());
  SmallVector<int64_t> shape;
  Type element;
  if (packed) {
    auto variable = symbols.lookupNearestSymbolFrom<VariableOp>(
        packed, packed.getVariableAttr());
    if (variable) {
      shape = llvm::to_vector(
          cast<RankedTensorType>(variable.getType()).getShape());
      element =
          packed.getBf16()
              ? Type(BFloat16Type::get(getContext()))
              : cast<RankedTensorType>(variable.getType()).getElementType();
      if (packed.getTransposed()) {
        std::reverse(shape.begin(), shape.end());
      }
    }
  }
  if (!packed || ArrayRef(shape) != shapeOf(getResult()) || // packed_ref C1
      element != elementTypeOf(getResult())) {
    return emitOpError() << "expected " << getPackedAttr()
                         << " to be a packed weight of shape "
                         << shapeText(shapeOf(getResult())) << " and "
                         << elementTypeOf(getResult());
  }
  for (OpOperand &use : getResult().getUses()) { // packed_ref C2
    auto group = dyn_cast<MatmulGroupOp>(use.getOwner());
    unsigned last = group ? group.getB().size() : 1;
    bool isB = use.getOperandNumber() >= 1 && use.getOperandNumber() <= last;
    if (!isB || !isa<MatmulOp, MatmulGroupOp>(use.getOwner())) {
      return emitOpError() << "expected every use to be operand b of a "
                              "cpu.matmul or cpu.matmul_group, found "
                           << use.getOwner()->getName();
    }
  }
  return success();
}

LogicalResult ConstantOp::verify() {
  if (!isDense(getType())) { // constant C1
    return emitOpError() << "expected a dense result, found " << getType();
  }
  return success();
}

LogicalResult ViewOp::verify() {
  if (elementTypeOf(getSource()) != elementTypeOf(getResult())) { // view C1
    return emitOpError() << "expected the result to have element type "
                         << elementTypeOf(getSource()) << ", found "
                         << elementTypeOf(getResult());
  }
  Value root = getSource();
  while (auto view = root.getDefiningOp<ViewOp>()) {
    root = view.getSource();
  }
  if (root.getDefiningOp<PackedRefOp>()) { // view C3
    return emitOpError() << "expected a source with a known layout, found a "
                            "packed weight";
  }
  // The storage may be larger than what the root shows of it only when the
  // root is itself strided, and then its extent is the storage.
  int64_t bound = extentOf(windowOf(cast<RankedTensorType>(root.getType())));
  int64_t extent =
      extentOf(windowOf(cast<RankedTensorType>(getResult().getType())));
  if (extent > bound) { // view C2
    return emitOpError() << "expected a window inside the storage of " << bound
                         << " elements, found one that ends at " << extent;
  }
  return success();
}

LogicalResult EmptyOp::verify() {
  if (!isDense(getType())) { // empty C1
    return emitOpError() << "expected a dense result, found " << getType();
  }
  return success();
}

} // namespace bertc::cpu
