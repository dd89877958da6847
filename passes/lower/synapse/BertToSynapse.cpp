// SPDX-License-Identifier: Apache-2.0
//
// bert-to-synapse: see passes/Passes.td.

#include "passes/Passes.h"
#include "passes/lower/synapse/SynapseLowering.h"

using namespace mlir;

namespace bertc {

#define GEN_PASS_DEF_BERTTOSYNAPSE
#include "passes/Passes.h.inc"

namespace {

synapse::VariableOp lowerVariable(OpBuilder &builder, bert::VariableOp op) {
  auto flag = [&](bool set) {
    return set ? builder.getUnitAttr() : UnitAttr();
  };
  MLIRContext *context = op.getContext();
  // The enumerations number roles and initialisers alike.
  auto role = static_cast<synapse::VariableRole>(op.getRole());
  auto init = static_cast<synapse::InitKind>(op.getInit());
  return synapse::VariableOp::create(
      builder, op.getLoc(), op.getSymNameAttr(), op.getTypeAttr(),
      synapse::VariableRoleAttr::get(context, role), op.getOwnerAttr(),
      flag(op.getTrainable()), flag(op.getDecay()),
      synapse::InitKindAttr::get(context, init), op.getInitValueAttr(),
      /*offset=*/IntegerAttr());
}

/// Whether an operation draws random numbers.
bool hasDropout(func::FuncOp function) {
  return function
      .walk([](Operation *op) {
        return isa<bert::DropoutOp, bert::DropoutGradOp>(op)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

/// A copy of an entry behind it, named and marked as the one without dropout.
func::FuncOp addDeterministic(func::FuncOp entry) {
  func::FuncOp twin = entry.clone();
  StringAttr name = entry.getSymNameAttr();
  twin.setSymName((name.getValue() + ".deterministic").str());
  twin->setAttr(synapse::kDeterministicOfAttr, name);
  entry->getParentRegion()->front().getOperations().insertAfter(
      entry->getIterator(), twin);
  return twin;
}

struct BertToSynapse : impl::BertToSynapseBase<BertToSynapse> {
  using BertToSynapseBase::BertToSynapseBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (device != "gaudi" && device != "gaudi2") {
      module.emitError("device is '")
          << device << "', expected gaudi or gaudi2";
      return signalPassFailure();
    }
    if (oneHotBytes < 0) {
      module.emitError("one-hot-bytes is ")
          << int64_t(oneHotBytes) << ", expected at least 0";
      return signalPassFailure();
    }
    for (auto function :
         llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
      if (!function->hasAttr(bert::kEntryAttr)) {
        function.emitOpError() << "is no entry; only entries can be lowered";
        return signalPassFailure();
      }
      if (failed(lowerEntry(function))) {
        return signalPassFailure();
      }
    }
    lowerVariables(module);
    module->setAttr(synapse::kDeviceAttr,
                    StringAttr::get(&getContext(), device));
  }

private:
  LogicalResult lowerEntry(func::FuncOp entry) {
    lower::syn::LoweringOptions options;
    options.gaudi2 = device == "gaudi2";
    options.oneHotBytes = oneHotBytes;
    options.embeddingKernel = embeddingKernel;
    lower::syn::moveScales(entry);
    if (hasDropout(entry)) {
      func::FuncOp twin = addDeterministic(entry);
      lower::syn::LoweringOptions without = options;
      without.deterministic = true;
      if (failed(lower::syn::SynapseLowering(twin, without).run())) {
        return failure();
      }
    }
    return lower::syn::SynapseLowering(entry, options).run();
  }

  void lowerVariables(ModuleOp module) {
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
