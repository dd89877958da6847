// SPDX-License-Identifier: Apache-2.0
//
// Masks of packed sequences: a step for the ranges of keys, and one for the
// explicit mask where a consumer has not taken the ranges.

#include "passes/lower/FunctionLowering.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace bertc::lower {

FailureOr<bool> lowerMask(FunctionLowering &f, Operation *op) {
  return llvm::TypeSwitch<Operation *, FailureOr<bool>>(op)
      .Case([&](bert::KeyRangesOp o) {
        f.set(o.getRanges(),
              cpu::KeyRangesOp::create(
                  f.builder(), f.loc(), o.getRanges().getType(),
                  f.getContiguous(o.getNumbers()), f.scope(), nullptr));
        return true;
      })
      .Case([&](bert::RangeMaskOp o) {
        f.set(o.getMask(),
              cpu::RangeMaskOp::create(
                  f.builder(), f.loc(), o.getMask().getType(),
                  f.getContiguous(o.getRanges()), f.scope(), nullptr));
        return true;
      })
      .Case([](bert::PackedMaskOp o) -> FailureOr<bool> {
        return o.emitOpError() << "cannot be lowered; run "
                                  "-bert-packed-attention-mask before";
      })
      .Default([](Operation *) { return FailureOr<bool>(false); });
}

} // namespace bertc::lower
