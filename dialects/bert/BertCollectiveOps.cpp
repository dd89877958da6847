// SPDX-License-Identifier: Apache-2.0
//
// Constraints of what workers do together.
#include "dialects/bert/BertOps.h"
#include "dialects/bert/BertShapes.h"

#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;

namespace bertc::bert {

/// Whether there are symbols and all differ.
static bool isSet(ArrayAttr variables) {
  llvm::SmallPtrSet<Attribute, 16> seen;
  return !variables.empty() && llvm::all_of(variables, [&](Attribute name) {
    return seen.insert(name).second;
  });
}

template <typename Op>
static FailureOr<VariableOp> lookUp(Op op, Attribute name,
                                    SymbolTableCollection &symbols) {
  auto variable = symbols.lookupNearestSymbolFrom<VariableOp>(
      op, cast<FlatSymbolRefAttr>(name));
  // all_reduce C3
  // all_reduce_settle C4
  if (!variable) {
    return op.emitOpError("expected ")
           << name << " to be a variable of this module";
  }
  // all_reduce C4
  // all_reduce_settle C5
  if (variable.getRole() != Role::Accum ||
      !variable.getTensorType().getElementType().isF32()) {
    return op.emitOpError("expected ")
           << name << " to be an accumulator of f32, found the role "
           << stringifyRole(variable.getRole()) << " and "
           << variable.getTensorType();
  }
  return variable;
}

LogicalResult AllReduceOp::verifyConstraints() {
  // all_reduce C1
  if (!isSet(getVariables())) {
    return emitOpError("expected variables that differ from each other, found ")
           << getVariables();
  }
  // all_reduce C2
  if (static_cast<int32_t>(getBucket()) < 0) {
    return emitOpError("expected bucket to be at least 0, found ")
           << static_cast<int32_t>(getBucket());
  }
  return success();
}

LogicalResult AllReduceOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return success(llvm::all_of(getVariables(), [&](Attribute name) {
    return succeeded(lookUp(*this, name, symbols));
  }));
}

LogicalResult AllReduceSettleOp::verifyConstraints() {
  // all_reduce_settle C1
  if (!isSet(getVariables())) {
    return emitOpError("expected variables that differ from each other, found ")
           << getVariables();
  }
  int64_t sum = 0;
  for (int32_t size : getBucketSizes()) {
    sum += size > 0 ? size : INT32_MAX;
  }
  // all_reduce_settle C2
  if (sum != static_cast<int64_t>(getVariables().size())) {
    return emitOpError("expected positive bucket_sizes that add up to ")
           << getVariables().size() << ", found " << getBucketSizesAttr();
  }
  // all_reduce_settle C3
  if (getOld().size() != getVariables().size() ||
      getGrad().size() != getVariables().size()) {
    return emitOpError("expected ")
           << getVariables().size() << " values of old and as many of grad, "
           << "found " << getOld().size() << " and " << getGrad().size();
  }
  return success();
}

LogicalResult
AllReduceSettleOp::verifySymbolUses(SymbolTableCollection &symbols) {
  for (auto [name, old, grad] :
       llvm::zip_equal(getVariables(), getOld(), getGrad())) {
    FailureOr<VariableOp> variable = lookUp(*this, name, symbols);
    if (failed(variable)) {
      return failure();
    }
    RankedTensorType type = variable->getTensorType();
    auto gradType = cast<RankedTensorType>(grad.getType());
    // all_reduce_settle C6
    if (old.getType() != type || widened(gradType) != type) {
      return emitOpError("expected old and grad of ")
             << name << " to be " << type << ", grad in f32 or bf16, found "
             << old.getType() << " and " << gradType;
    }
  }
  return success();
}

} // namespace bertc::bert
