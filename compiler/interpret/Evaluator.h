// SPDX-License-Identifier: Apache-2.0
//
// The table from operation to the function that evaluates it. Each family of
// operations fills in its own in the file Eval<Family>.cpp:
//
//   table.add<NegOp>([](NegOp op, Operands x, Results y) {
//     ... y[0][i] = -x[0][i] ...
//     return Status::okStatus();
//   });
//
// Operands come verified, results come zeroed with their type's shape. All
// arithmetic is in double; the interpreter rounds results afterwards.
#pragma once

#include "compiler/interpret/Tensor.h"
#include "dialects/bert/BertOps.h"

#include "llvm/ADT/StringMap.h"

#include <functional>
#include <vector>

namespace bertc::interpret {

/// The operand values, in order; an absent optional operand is not there.
using Operands = const std::vector<const Tensor *> &;

/// The results to fill in.
using Results = std::vector<Tensor> &;

class EvaluatorTable {
public:
  using Evaluator = std::function<Status(mlir::Operation *, Operands, Results)>;

  /// All operations of the bert dialect but read, assign and the all-reduces,
  /// which concern the interpreter's state.
  static const EvaluatorTable &get();

  /// Null when nothing evaluates operations of that name.
  const Evaluator *find(llvm::StringRef operation) const;

  template <typename Op, typename Function> void add(Function function) {
    table_[Op::getOperationName()] =
        [function](mlir::Operation *op, Operands operands, Results results) {
          return function(llvm::cast<Op>(op), operands, results);
        };
  }

private:
  llvm::StringMap<Evaluator> table_;
};

void addElementwise(EvaluatorTable &table);
void addFused(EvaluatorTable &table);
void addIndexing(EvaluatorTable &table);
void addLinear(EvaluatorTable &table);
void addMask(EvaluatorTable &table);
void addNorm(EvaluatorTable &table);
void addOptimizer(EvaluatorTable &table);
void addReduction(EvaluatorTable &table);
void addShape(EvaluatorTable &table);

/// For each element of a tensor of shape `out`, the element of a tensor of
/// shape `in` that broadcasting puts there.
std::vector<int64_t> broadcastMap(llvm::ArrayRef<int64_t> out,
                                  llvm::ArrayRef<int64_t> in);

} // namespace bertc::interpret
