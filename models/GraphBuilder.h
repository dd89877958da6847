// SPDX-License-Identifier: Apache-2.0
//
// Builds functions of the bert dialect the way TensorFlow code reads: nested
// name scopes, variables declared where they are first used, and names made
// unique with _1, _2... per function as TensorFlow does per graph.
//
//   GraphBuilder g(module, deviation);
//   g.begin("predict", {{"x", g.f32({2, 3})}}, /*entry=*/true);
//   {
//     auto scope = g.scope("pooler");
//     y = g.dense(g.input("x"), 4);        // pooler/kernel, pooler/MatMul ...
//   }
//   g.end({{"y", y}});
//
// Shapes are checked by the dialect when the module is verified; the callers
// here only ever pass shapes that fit.
#pragma once

#include "dialects/bert/BertDialect.h"
#include "dialects/bert/BertOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace bertc {

struct NamedType {
  std::string name;
  mlir::RankedTensorType type;
};

struct NamedValue {
  std::string name;
  mlir::Value value;
};

class GraphBuilder {
public:
  /// `deviation` is that of the truncated normal new kernels start from.
  GraphBuilder(mlir::ModuleOp module, double deviation);

  /// Starts a function; an entry can be run by name, others are helpers.
  void begin(llvm::StringRef function, llvm::ArrayRef<NamedType> inputs,
             bool entry);
  /// Returns `results` from the function that was begun.
  void end(llvm::ArrayRef<NamedValue> results);
  /// The argument of that name; null when the function has none.
  mlir::Value input(llvm::StringRef name) const;

  /// Names inside are prefixed with `name/` until the guard is destroyed.
  class Scope {
  public:
    Scope(GraphBuilder &graph, llvm::StringRef name);
    ~Scope();
    Scope(const Scope &) = delete;
    Scope &operator=(const Scope &) = delete;

  private:
    GraphBuilder &graph_;
    size_t oldLength_;
  };
  Scope scope(llvm::StringRef name) { return Scope(*this, name); }

  mlir::RankedTensorType f32(llvm::ArrayRef<int64_t> shape);
  mlir::RankedTensorType i32(llvm::ArrayRef<int64_t> shape);
  static llvm::ArrayRef<int64_t> shapeOf(mlir::Value value);

  /// Reads the variable `name` of the current scope, declared as a trainable
  /// weight when it is new: truncated normal, or `constant` when given.
  mlir::Value variable(llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
                       std::optional<double> constant = std::nullopt);

  /// Creates an operation and gives it the scope `name`; returns its first
  /// result. The arguments are all those of the operation's builder.
  template <typename Op, typename... Args>
  mlir::Value op(llvm::StringRef name, Args &&...args) {
    auto created = Op::create(builder_, location_, std::forward<Args>(args)...,
                              uniqueScope(name));
    return created->getResult(0);
  }

  /// An f32 scalar.
  mlir::Value scalar(double value);
  /// x reshaped; x itself when it has that shape.
  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<int64_t> shape);
  mlir::Value transpose(mlir::Value x, llvm::ArrayRef<int64_t> permutation);
  /// x [M,K] times a new kernel [K,width], plus a new bias: [M,width].
  mlir::Value dense(mlir::Value x, int64_t width);
  /// Layer norm over the last axis with new gamma and beta.
  mlir::Value layerNorm(mlir::Value x, double eps);
  /// x when rate is 0 or the function has no input `rng`.
  mlir::Value dropout(mlir::Value x, double rate);
  /// Sum over all elements, to a scalar.
  mlir::Value sum(mlir::Value x);
  mlir::Value mean(mlir::Value x);

  mlir::OpBuilder &builder() { return builder_; }

private:
  mlir::StringAttr uniqueScope(llvm::StringRef name);

  mlir::ModuleOp module_;
  mlir::OpBuilder builder_;
  mlir::Location location_;
  double deviation_;
  std::string prefix_;
  mlir::func::FuncOp function_;
  llvm::StringMap<unsigned> usedNames_;
  llvm::StringMap<mlir::Type> variables_;
  mlir::Operation *lastVariable_ = nullptr;
  /// Numbers dropouts across all functions: forward order of creation.
  int32_t nextDropout_ = 0;
};

} // namespace bertc
