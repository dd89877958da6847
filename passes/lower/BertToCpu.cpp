// SPDX-License-Identifier: Apache-2.0
//
// The pass that turns a module of the `bert` dialect into one of the `cpu`
// dialect: variables first, then every function.

#include "passes/Passes.h"
#include "passes/lower/FunctionLowering.h"

using namespace mlir;

namespace bertc {

#define GEN_PASS_DEF_BERTTOCPU
#include "passes/Passes.h.inc"

namespace {

cpu::VariableOp lowerVariable(OpBuilder &builder, bert::VariableOp op) {
  MLIRContext *context = op.getContext();
  auto flag = [&](bool set) {
    return set ? builder.getUnitAttr() : UnitAttr();
  };
  // The enumerations number roles and initialisers alike.
  auto role = static_cast<cpu::VariableRole>(op.getRole());
  auto init = static_cast<cpu::InitKind>(op.getInit());
  return cpu::VariableOp::create(
      builder, op.getLoc(), op.getSymNameAttr(), op.getTypeAttr(),
      cpu::VariableRoleAttr::get(context, role), op.getOwnerAttr(),
      flag(op.getTrainable()), flag(op.getDecay()),
      cpu::InitKindAttr::get(context, init), op.getInitValueAttr(),
      /*offset=*/IntegerAttr());
}

struct BertToCpu : impl::BertToCpuBase<BertToCpu> {
  using BertToCpuBase::BertToCpuBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    lower::PackedWeightTable packed(module, packWeights);
    for (auto function : module.getOps<func::FuncOp>()) {
      if (!function->hasAttr(bert::kEntryAttr)) {
        function.emitOpError() << "is no entry; only entries can be lowered";
        return signalPassFailure();
      }
      if (failed(lower::FunctionLowering(function, packed).run())) {
        return signalPassFailure();
      }
    }
    OpBuilder builder(&getContext());
    for (auto variable :
         llvm::make_early_inc_range(module.getOps<bert::VariableOp>())) {
      builder.setInsertionPoint(variable);
      lowerVariable(builder, variable);
      variable.erase();
    }
  }
};

} // namespace

} // namespace bertc
