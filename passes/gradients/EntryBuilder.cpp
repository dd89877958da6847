// SPDX-License-Identifier: Apache-2.0
//
// The function's type is set once, when all arguments and results are known.

#include "passes/gradients/EntryBuilder.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace bertc {

namespace {
constexpr llvm::StringLiteral kName = "bert.name";
} // namespace

EntryBuilder::EntryBuilder(mlir::Operation *after, llvm::StringRef name)
    : builder_(after->getContext()) {
  builder_.setInsertionPointAfter(after);
  function_ = mlir::func::FuncOp::create(builder_, after->getLoc(), name,
                                         builder_.getFunctionType({}, {}));
  function_->setAttr("bert.entry", builder_.getUnitAttr());
  builder_.setInsertionPointToStart(function_.addEntryBlock());
}

bool EntryBuilder::isFree(mlir::ModuleOp module, llvm::StringRef name) {
  mlir::Operation *taken = module.lookupSymbol(name);
  if (taken) {
    taken->emitError("'")
        << name << "' exists already, expected this pass to create it";
  }
  return !taken;
}

mlir::Value EntryBuilder::addInput(llvm::StringRef name, mlir::Type type) {
  unsigned index = function_.getNumArguments();
  mlir::DictionaryAttr attributes = builder_.getDictionaryAttr(
      builder_.getNamedAttr(kName, builder_.getStringAttr(name)));
  (void)function_.insertArgument(index, type, attributes, function_.getLoc());
  return function_.getArgument(index);
}

void EntryBuilder::addOutput(llvm::StringRef name, mlir::Value value) {
  outputNames_.push_back(name);
  outputs_.push_back(value);
}

mlir::func::FuncOp EntryBuilder::finish() {
  mlir::func::ReturnOp::create(builder_, function_.getLoc(), outputs_);
  function_.setFunctionType(builder_.getFunctionType(
      function_.getArgumentTypes(), mlir::ValueRange(outputs_).getTypes()));
  for (auto [index, name] : llvm::enumerate(outputNames_)) {
    function_.setResultAttr(index, kName, builder_.getStringAttr(name));
  }
  for (mlir::Operation &op :
       llvm::make_early_inc_range(llvm::reverse(function_.getBody().front()))) {
    if (mlir::isOpTriviallyDead(&op)) {
      op.erase();
    }
  }
  return function_;
}

void EntryBuilder::setScope(mlir::Operation *op, const llvm::Twine &scope) {
  llvm::cast<bert::TfOpInterface>(op).setScopeAttr(uniqueScope(scope));
}

mlir::StringAttr EntryBuilder::uniqueScope(const llvm::Twine &scope) {
  std::string name = scope.str();
  unsigned uses = usedScopes_[name]++;
  if (uses > 0) {
    name += "_" + std::to_string(uses);
  }
  return builder_.getStringAttr(name);
}

llvm::StringRef bertName(mlir::DictionaryAttr attributes) {
  mlir::StringAttr name =
      attributes ? attributes.getAs<mlir::StringAttr>(kName) : nullptr;
  return name ? name.getValue() : "";
}

} // namespace bertc
