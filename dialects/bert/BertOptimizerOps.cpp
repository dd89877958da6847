// SPDX-License-Identifier: Apache-2.0
//
// Constraints and type inference of the optimizers' updates.
#include "dialects/bert/BertOps.h"
#include "dialects/bert/BertShapes.h"

using namespace mlir;

namespace bertc::bert {

template <typename UpdateOp> static LogicalResult verifyUpdate(UpdateOp op) {
  Type type = op.getVar().getType();
  // lamb_update, adamw_update C1
  if (op.getM().getType() != type || op.getV().getType() != type ||
      op.getGrad().getType() != type) {
    return op.emitOpError("expected m, v and grad to have the type of var, ")
           << type << ", found " << op.getM().getType() << ", "
           << op.getV().getType() << " and " << op.getGrad().getType();
  }
  float beta1 = op.getBeta1().convertToFloat();
  float beta2 = op.getBeta2().convertToFloat();
  // lamb_update, adamw_update C2
  if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1)) {
    return op.emitOpError("expected beta1 and beta2 to lie in [0, 1), found ")
           << op.getBeta1Attr().getValueAsDouble() << " and "
           << op.getBeta2Attr().getValueAsDouble();
  }
  float eps = op.getEps().convertToFloat();
  float decay = op.getWeightDecay().convertToFloat();
  // lamb_update, adamw_update C3
  if (!(eps >= 0 && decay >= 0)) {
    return op.emitOpError("expected eps and weight_decay to be at least 0, ")
           << "found " << op.getEpsAttr().getValueAsDouble() << " and "
           << op.getWeightDecayAttr().getValueAsDouble();
  }
  return success();
}

template <typename Adaptor>
static LogicalResult inferUpdate(Adaptor op, SmallVectorImpl<Type> &types) {
  types.assign(3, op.getVar().getType());
  return success();
}

LogicalResult LambUpdateOp::verifyConstraints() { return verifyUpdate(*this); }
LogicalResult AdamwUpdateOp::verifyConstraints() { return verifyUpdate(*this); }

LogicalResult LambUpdateOp::inferReturnTypes(MLIRContext *,
                                             std::optional<Location>,
                                             Adaptor op,
                                             SmallVectorImpl<Type> &types) {
  return inferUpdate(op, types);
}

LogicalResult AdamwUpdateOp::inferReturnTypes(MLIRContext *,
                                              std::optional<Location>,
                                              Adaptor op,
                                              SmallVectorImpl<Type> &types) {
  return inferUpdate(op, types);
}

} // namespace bertc::bert
