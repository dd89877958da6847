// SPDX-License-Identifier: Apache-2.0
//
// The decision of the bf16-conversion pass: which operations of a function run
// in bf16, and which rule says so. Nothing is changed here.
#pragma once

#include "passes/precision/Bf16Config.h"

#include "dialects/bert/BertOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

#include <string>
#include <vector>

namespace bertc {

/// What an operation runs in.
struct PrecisionChoice {
  bool bf16 = false;
  /// E.g. "bf16: allow list"; see docs/rationale/bf16.md.
  std::string reason;
};

using PrecisionChoices = llvm::DenseMap<mlir::Operation *, PrecisionChoice>;

/// Whether a value has f32 or bf16 elements.
bool isNarrowable(mlir::Value value);

/// Whether the operation is a conversion between f32 and bf16: the border
/// itself, to which no rule applies.
bool isBorderCast(mlir::Operation *op);

class Bf16Rules {
public:
  explicit Bf16Rules(const Bf16Config &config);

  /// The choice for every operation that has operands or results in f32 or
  /// bf16, variables and constants aside.
  PrecisionChoices choose(mlir::func::FuncOp function);

  /// Exceptions that no operation of any function so far has matched.
  std::vector<const Bf16Exception *> unused() const;

private:
  const Bf16Exception *match(const std::vector<Bf16Exception> &exceptions,
                             bert::TfOpInterface op);
  PrecisionChoice chooseAlone(mlir::Operation *op, Bf16List &open);

  const Bf16Config &config_;
  llvm::DenseMap<const Bf16Exception *, bool> used_;
};

} // namespace bertc
