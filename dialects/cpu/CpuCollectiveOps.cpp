// SPDX-License-Identifier: Apache-2.0
//
// Verifiers of the steps in which workers exchange accumulators.

#include "dialects/cpu/Verify.h"

using namespace mlir;

namespace bertc::cpu {

LogicalResult AllReduceOp::verify() {
  for (Value variable : getVariables()) {
    if (failed(checkVariable(*this, "variables", variable))) {
      return failure(); // all_reduce C1
    }
  }
  if (getVariables().empty()) { // all_reduce C2
    return emitOpError() << "expected at least one variable";
  }
  if (static_cast<int32_t>(getBucket()) < 0) { // all_reduce C3
    return emitOpError() << "expected bucket of at least 0, found "
                         << static_cast<int32_t>(getBucket());
  }
  return success();
}

LogicalResult AllReduceSettleOp::verify() {
  for (auto [variable, old, grad] :
       llvm::zip(getVariables(), getOld(), getGrad())) {
    if (failed(checkVariable(*this, "variables", variable))) {
      return failure(); // all_reduce_settle C1
    }
    if (failed(checkShape(*this, "old", old, shapeOf(variable))) ||
        failed(checkShape(*this, "grad", grad, shapeOf(variable)))) {
      return failure(); // all_reduce_settle C2
    }
  }
  if (failed(checkShape(*this, "scale", getScale(), {}))) {
    return failure(); // all_reduce_settle C3
  }
  int64_t sum = 0;
  for (int32_t size : getBucketSizes()) {
    sum += size > 0 ? size : INT32_MAX;
  }
  // all_reduce_settle C4
  if (sum != static_cast<int64_t>(getVariables().size())) {
    return emitOpError() << "expected positive bucket_sizes that add up to "
                         << getVariables().size() << ", found "
                         << getBucketSizesAttr();
  }
  return success();
}

uint64_t AllReduceOp::getFlops() { return 0; }
uint64_t AllReduceSettleOp::getFlops() { return 0; }

} // namespace bertc::cpu
