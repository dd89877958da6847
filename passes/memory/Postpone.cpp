// SPDX-License-Identifier: Apache-2.0
//
// bert-postpone: see passes/Passes.td.

#include "passes/Passes.h"

#include "dialects/bert/BertOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"

namespace bertc {

#define GEN_PASS_DEF_BERTPOSTPONE
#include "passes/Passes.h.inc"

namespace {

using mlir::Operation;
using mlir::Value;

/// Operations between a value and its first use from which on it waits.
constexpr unsigned kLongWait = 40;
/// Smaller results are not worth the move.
constexpr int64_t kLarge = 1 << 20;
/// A result this many times as large as what is kept in its place is moved.
constexpr int64_t kTimesLarger = 2;

int64_t bytesOf(Value value) {
  auto type = llvm::cast<mlir::RankedTensorType>(value.getType());
  return type.getNumElements() *
         std::max(1u, type.getElementTypeBitWidth() / 8);
}

class Postponer {
public:
  explicit Postponer(mlir::func::FuncOp function) {
    for (Operation &op : function.getBody().front()) {
      positions_.try_emplace(&op, positions_.size());
    }
  }

  bool attempt(Operation *op) const {
    if (op->getNumResults() != 1 || op->use_empty() || !mlir::isPure(op) ||
        llvm::isa<bert::ReadOp, bert::ConstantOp>(op) ||
        bytesOf(op->getResult(0)) < kLarge) {
      return false;
    }
    Operation *first = nullptr;
    for (Operation *user : op->getUsers()) {
      if (!first || user->isBeforeInBlock(first)) {
        first = user;
      }
    }
    unsigned target = positions_.lookup(first);
    if (target < positions_.lookup(op) + kLongWait) {
      return false;
    }
    int64_t kept = 0;
    for (Value operand :
         llvm::SetVector<Value>(op->operand_begin(), op->operand_end())) {
      kept += keptLonger(operand, op, target) ? bytesOf(operand) : 0;
    }
    if (bytesOf(op->getResult(0)) < kTimesLarger * kept) {
      return false;
    }
    op->moveBefore(first);
    return true;
  }

private:
  /// Whether `value` takes memory that it would give back before `target` if
  /// `op` did not use it.
  bool keptLonger(Value value, Operation *op, unsigned target) const {
    Operation *maker = value.getDefiningOp();
    if (!maker || llvm::isa<bert::ReadOp, bert::ConstantOp>(maker)) {
      return false;
    }
    return llvm::none_of(value.getUsers(), [&](Operation *user) {
      return user != op && positions_.lookup(user) >= target;
    });
  }

  llvm::DenseMap<Operation *, unsigned> positions_;
};

struct BertPostpone : impl::BertPostponeBase<BertPostpone> {
  void runOnOperation() override {
    Postponer postponer(getOperation());
    llvm::SmallVector<Operation *> ops;
    for (Operation &op : getOperation().getBody().front()) {
      ops.push_back(&op);
    }
    for (Operation *op : ops) {
      numMoved += postponer.attempt(op);
    }
  }
};

} // namespace
} // namespace bertc
