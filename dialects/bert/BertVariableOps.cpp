// SPDX-License-Identifier: Apache-2.0
//
// Constraints of variables, and of reading and assigning them.
#include "dialects/bert/BertOps.h"
#include "dialects/bert/BertShapes.h"

using namespace mlir;

namespace bertc::bert {

//===----------------------------------------------------------------------===//
// variable
//===----------------------------------------------------------------------===//

LogicalResult VariableOp::verifyConstraints() {
  auto type = dyn_cast<RankedTensorType>(getType());
  // variable C1
  if (!type || !type.hasStaticShape() ||
      llvm::any_of(type.getShape(), [](int64_t dim) { return dim < 1; })) {
    return emitOpError(
               "expected a tensor of positive static dimensions, found ")
           << getType();
  }
  bool isSlot = getRole() != Role::Weight;
  // variable C2
  if (isSlot != getOwner().has_value()) {
    return emitOpError("expected ") << (isSlot ? "an owner, as the role is "
                                               : "no owner, as the role is ")
                                    << stringifyRole(getRole());
  }
  // variable C3
  if (isSlot && getTrainable()) {
    return emitOpError("expected a slot not to be trainable");
  }
  // variable C4
  if (getInit() == Init::TruncatedNormal &&
      !(getInitValue().convertToFloat() >= 0)) {
    return emitOpError("expected the standard deviation init_value to be at ")
           << "least 0, found " << getInitValueAttr().getValueAsDouble();
  }
  return success();
}

LogicalResult VariableOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (!getOwner()) {
    return success();
  }
  auto owner =
      symbols.lookupNearestSymbolFrom<VariableOp>(*this, getOwnerAttr());
  // variable C5
  if (!owner || owner.getRole() != Role::Weight ||
      owner.getTensorType().getShape() != getTensorType().getShape()) {
    return emitOpError("expected owner ")
           << getOwnerAttr() << " to be a weight of shape "
           << shapeText(getTensorType().getShape());
  }
  return success();
}

//===----------------------------------------------------------------------===//
// read, assign
//===----------------------------------------------------------------------===//

template <typename AccessOp>
static LogicalResult verifyAccess(AccessOp op, SymbolTableCollection &symbols) {
  auto variable =
      symbols.lookupNearestSymbolFrom<VariableOp>(op, op.getVariableAttr());
  // read, assign C1
  if (!variable) {
    return op.emitOpError("expected ")
           << op.getVariableAttr() << " to be a variable of this module";
  }
  // read, assign C2
  if (variable.getType() != op.getValue().getType()) {
    return op.emitOpError("expected value to have the type of ")
           << op.getVariableAttr() << ", " << variable.getType() << ", found "
           << op.getValue().getType();
  }
  return success();
}

LogicalResult ReadOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyAccess(*this, symbols);
}

LogicalResult AssignOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyAccess(*this, symbols);
}

} // namespace bertc::bert
