// SPDX-License-Identifier: Apache-2.0
//
// Makes one new entry in a module: named arguments in, named results out, and
// scope names that do not repeat. Used by the passes that create entries.
//
//   EntryBuilder entry(module, "apply_gradients", after);
//   mlir::Value rate = entry.addInput("learning_rate", type);
//   ...
//   entry.addOutput("total_loss", loss);
//   entry.finish();
#pragma once

#include "dialects/bert/BertDialect.h"
#include "dialects/bert/BertOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"

namespace bertc {

class EntryBuilder {
public:
  /// Creates the entry behind `after`; its name must be free (isFree).
  EntryBuilder(mlir::Operation *after, llvm::StringRef name);

  /// Whether no symbol of that name exists; if one does, an error on it.
  static bool isFree(mlir::ModuleOp module, llvm::StringRef name);

  mlir::Value addInput(llvm::StringRef name, mlir::Type type);
  void addOutput(llvm::StringRef name, mlir::Value value);
  /// Adds the return and removes operations that nothing uses.
  mlir::func::FuncOp finish();

  /// Builds at the end of the entry.
  mlir::OpBuilder &builder() { return builder_; }
  mlir::func::FuncOp function() { return function_; }

  /// Creates an operation of that scope, made unique; returns it.
  template <typename Op, typename... Args>
  Op op(const llvm::Twine &scope, Args &&...args) {
    return Op::create(builder_, function_.getLoc(), std::forward<Args>(args)...,
                      uniqueScope(scope));
  }

  /// Names an operation; _1, _2... is added when the name is taken.
  void setScope(mlir::Operation *op, const llvm::Twine &scope);

private:
  mlir::StringAttr uniqueScope(const llvm::Twine &scope);

  mlir::func::FuncOp function_;
  mlir::OpBuilder builder_;
  llvm::SmallVector<llvm::StringRef> outputNames_;
  llvm::SmallVector<mlir::Value> outputs_;
  llvm::StringMap<unsigned> usedScopes_;
};

/// The value of `bert.name` in a dictionary of argument or result attributes;
/// empty when there is none.
llvm::StringRef bertName(mlir::DictionaryAttr attributes);

} // namespace bertc
