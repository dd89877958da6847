// SPDX-License-Identifier: Apache-2.0
//
// Verifiers of everything but nodes.

#include "dialects/synapse/SynapseOps.h"

#include "dialects/synapse/DeviceTypes.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;

#define GET_OP_CLASSES
#include "dialects/synapse/SynapseOps.cpp.inc"

namespace bertc::synapse {

namespace {

/// Whether the device can hold it: the row-major type of a variable.
bool isDeviceTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape() || tensor.getEncoding() ||
      tensor.getRank() > 5) {
    return false;
  }
  Type element = tensor.getElementType();
  return element.isF32() || element.isBF16() || element.isInteger(32) ||
         element.isInteger(1);
}

/// Error unless `variable` names a variable that is `value` on the device.
LogicalResult checkVariable(Operation *op, SymbolTableCollection &symbols,
                            FlatSymbolRefAttr name, Value value) {
  auto variable = symbols.lookupNearestSymbolFrom<VariableOp>(op, name);
  if (!variable) {
    return op->emitOpError() << "expected " << name << " to be a variable";
  }
  RankedTensorType type =
      deviceType(cast<RankedTensorType>(variable.getType()));
  if (type != value.getType()) {
    return op->emitOpError() << "expected " << name << " as " << type
                             << ", found " << value.getType();
  }
  return success();
}

} // namespace

LogicalResult VariableOp::verify() {
  if (!isDeviceTensor(getType())) { // variable C1
    return emitOpError() << "expected a tensor of static shape, of rank at "
                            "most 5 and element type f32, bf16, i32 or i1, "
                            "found "
                         << getType();
  }
  bool isWeight = getRole() == VariableRole::Weight;
  if (isWeight == getOwner().has_value()) { // variable C2
    return emitOpError() << (isWeight ? "expected no owner for a weight"
                                      : "expected an owner for a slot");
  }
  if (isWeight) {
    return success();
  }
  auto owner =
      SymbolTable::lookupNearestSymbolFrom<VariableOp>(*this, getOwnerAttr());
  auto shape = cast<RankedTensorType>(getType()).getShape();
  // The owner may not have been verified yet.
  auto ownerType = owner ? dyn_cast_or_null<RankedTensorType>(
                               owner.getTypeAttr() ? owner.getType() : Type())
                         : RankedTensorType();
  if (!ownerType || !owner.getRoleAttr() || // variable C3
      owner.getRole() != VariableRole::Weight ||
      ownerType.getShape() != shape) {
    return emitOpError() << "expected owner " << getOwnerAttr()
                         << " to be a weight variable of the same shape";
  }
  return success();
}

YieldOp GraphOp::getYield() {
  return cast<YieldOp>(getBody().front().getTerminator());
}

RegionKind GraphOp::getRegionKind(unsigned) { return RegionKind::SSACFG; }

LogicalResult GraphOp::verifyRegions() {
  Block &body = getBody().front();
  if (TypeRange(body.getArgumentTypes()) !=
      getInputs().getTypes()) { // graph C1
    return emitOpError() << "expected a body whose arguments are of types "
                         << getInputs().getTypes() << ", found "
                         << body.getArgumentTypes();
  }
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield || // graph C2
      yield.getValues().getTypes() != getOutputs().getTypes()) {
    return emitOpError() << "expected synapse.yield of types "
                         << getOutputs().getTypes() << " at the end";
  }
  llvm::StringSet<> nodes, stored;
  for (Operation &op : body) {
    if (!isa_and_nonnull<SynapseDialect>(op.getDialect()) || // graph C3
        isa<GraphOp, VariableOp>(op)) {
      return op.emitOpError() << "expected no such operation inside a graph";
    }
    auto node = dyn_cast<NodeOp>(op);
    if (node && node.getName() && // graph C4
        !nodes.insert(*node.getName()).second) {
      return op.emitOpError() << "expected a name of its own, found \""
                              << *node.getName() << "\" again";
    }
    auto store = dyn_cast<StoreOp>(op);
    if (store && !stored.insert(store.getVariable()).second) { // graph C5
      return op.emitOpError() << "expected one store a variable, found a "
                                 "second of "
                              << store.getVariableAttr();
    }
  }
  return success();
}

LogicalResult ReadOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return checkVariable(*this, symbols, getVariableAttr(),
                       getResult()); // read C1
}

LogicalResult StoreOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return checkVariable(*this, symbols, getVariableAttr(),
                       getValue()); // store C1
}

LogicalResult AllReduceOp::verify() {
  bool behind = isa_and_nonnull<GraphOp>((*this)->getParentOp());
  for (Operation *op = *this; op && !behind; op = op->getPrevNode()) {
    behind = isa<GraphOp>(op);
  }
  if (behind) { // all_reduce C1
    return emitOpError() << "expected no graph around or before it";
  }
  if (getVariables().empty() ||
      static_cast<int32_t>(getBucket()) < 0) { // all_reduce C2
    return emitOpError() << "expected a variable and a bucket of at least 0";
  }
  return success();
}

LogicalResult AllReduceOp::verifySymbolUses(SymbolTableCollection &symbols) {
  for (auto name : getVariables().getAsRange<FlatSymbolRefAttr>()) {
    auto variable = symbols.lookupNearestSymbolFrom<VariableOp>(*this, name);
    if (!variable || variable.getRole() != VariableRole::Accum ||
        !cast<RankedTensorType>(variable.getType())
             .getElementType()
             .isF32()) { // all_reduce C3
      return emitOpError() << "expected " << name
                           << " to be an accumulator of f32";
    }
  }
  return success();
}

LogicalResult ControlOp::verify() {
  auto blocking = getBlocking().getDefiningOp<NodeOp>();
  auto blocked = getBlocked().getDefiningOp<NodeOp>();
  if (!blocking || !blocked || blocking == blocked) { // control C1
    return emitOpError() << "expected results of two different nodes";
  }
  return success();
}

LogicalResult ConstantOp::verify() {
  auto value = cast<ShapedType>(getValue().getType());
  RankedTensorType result = getResult().getType();
  if (value.getRank() != 1 || // constant C1
      value.getNumElements() != result.getNumElements() ||
      value.getElementType() != result.getElementType()) {
    return emitOpError() << "expected a flat list of "
                         << result.getNumElements() << " elements of type "
                         << result.getElementType() << ", found " << value;
  }
  constexpr int64_t kLimit = 1 << 20;
  if (bytesOf(result) > kLimit) { // constant C2
    return emitOpError() << "expected at most " << kLimit << " bytes, found "
                         << bytesOf(result);
  }
  return success();
}

LogicalResult DerivedOp::verify() {
  bool isSeed = getKind() == DerivedKind::DropoutSeed;
  Type element = getResult().getType().getElementType();
  if (getResult().getType().getShape() != ArrayRef<int64_t>{1} ||
      !(isSeed ? element.isInteger(32) : element.isF32()) ||
      getOpId().has_value() != isSeed || // derived C1
      getBase().has_value() == isSeed) {
    return emitOpError() << "expected "
                         << (isSeed ? "tensor<1xi32>, an op_id and no base"
                                    : "tensor<1xf32>, a base and no op_id")
                         << " of a " << stringifyDerivedKind(getKind());
  }
  if (!isSeed) { // derived C2
    double base = getBase()->convertToDouble();
    if (!(base > 0.0 && base < 1.0)) {
      return emitOpError() << "expected a base between 0 and 1, found " << base;
    }
  }
  return success();
}

} // namespace bertc::synapse
