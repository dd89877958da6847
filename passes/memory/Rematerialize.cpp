// SPDX-License-Identifier: Apache-2.0
//
// bert-rematerialize: see passes/Passes.td.

#include "passes/Passes.h"

#include "dialects/bert/BertOps.h"

#include "llvm/ADT/DenseMap.h"

namespace bertc {

#define GEN_PASS_DEF_BERTREMATERIALIZE
#include "passes/Passes.h.inc"

namespace {

using mlir::Operation;
using mlir::OpOperand;
using mlir::Value;

/// Operations between two uses from which on a value counts as kept for the
/// gradient. A layer forward and backward has about forty.
constexpr unsigned kLongWait = 40;

class Rematerializer {
public:
  explicit Rematerializer(mlir::func::FuncOp function)
      : builder_(function.getContext()) {
    for (Operation &op : function.getBody().front()) {
      positions_.try_emplace(&op, positions_.size());
    }
  }

  /// Recomputes `value` from `source` for the uses after its longest wait, if
  /// `source` is alive then anyway; `recompute` builds the operation.
  template <typename Fn>
  bool attempt(Value value, Value source, const Fn &recompute) {
    std::optional<unsigned> late = firstLateUse(value);
    if (!late || lastUse(source) < *late) {
      return false;
    }
    Operation *first = nullptr;
    llvm::SmallVector<OpOperand *> uses;
    for (OpOperand &use : value.getUses()) {
      if (positions_.lookup(use.getOwner()) >= *late) {
        uses.push_back(&use);
        if (positions_.lookup(use.getOwner()) == *late) {
          first = use.getOwner();
        }
      }
    }
    builder_.setInsertionPoint(first);
    Value again = recompute(builder_);
    for (OpOperand *use : uses) {
      use->set(again);
    }
    return true;
  }

private:
  /// Position of the first use after the longest wait for one, if that is long.
  std::optional<unsigned> firstLateUse(Value value) const {
    llvm::SmallVector<unsigned> uses = {
        positions_.lookup(value.getDefiningOp())};
    for (Operation *user : value.getUsers()) {
      uses.push_back(positions_.lookup(user));
    }
    llvm::sort(uses);
    unsigned longest = kLongWait;
    std::optional<unsigned> late;
    // A value that waits from the start on is not computed twice but later.
    for (size_t i = 2; i < uses.size(); ++i) {
      if (uses[i] - uses[i - 1] >= longest) {
        longest = uses[i] - uses[i - 1];
        late = uses[i];
      }
    }
    return late;
  }

  unsigned lastUse(Value value) const {
    unsigned last = 0;
    for (Operation *user : value.getUsers()) {
      last = std::max(last, positions_.lookup(user));
    }
    return last;
  }

  mlir::OpBuilder builder_;
  llvm::DenseMap<Operation *, unsigned> positions_;
};

/// The activation of an intermediate layer, from what its gradient keeps.
template <typename OpTy> bool again(Rematerializer &r, OpTy op) {
  return r.attempt(op.getY(), op.getX(), [&](mlir::OpBuilder &b) {
    return b.clone(*op)->getResult(0);
  });
}

/// Probabilities after dropout, from those before.
bool dropAgain(Rematerializer &r, bert::AttentionSoftmaxOp op) {
  if (!op.getRng() || op.getRate().isZero()) {
    return false;
  }
  return r.attempt(op.getDropped(), op.getSoftmax(),
                   [&](mlir::OpBuilder &b) -> Value {
                     auto dropout = bert::DropoutOp::create(
                         b, op.getLoc(), op.getSoftmax(), op.getRng(),
                         /*rows=*/Value(), op.getRateAttr(), op.getOpIdAttr());
                     dropout.setScopeAttr(op.getScopeAttr());
                     return dropout.getY();
                   });
}

/// The normalised sum, from the sum.
bool normalizeAgain(Rematerializer &r, bert::ResidualLayerNormOp op) {
  return r.attempt(op.getY(), op.getZ(), [&](mlir::OpBuilder &b) -> Value {
    auto norm =
        bert::LayerNormOp::create(b, op.getLoc(), op.getZ(), op.getGamma(),
                                  op.getBeta(), op.getEpsAttr());
    norm.setScopeAttr(op.getScopeAttr());
    return norm.getY();
  });
}

struct BertRematerialize : impl::BertRematerializeBase<BertRematerialize> {
  void runOnOperation() override {
    Rematerializer r(getOperation());
    for (Operation &op :
         llvm::make_early_inc_range(getOperation().getBody().front())) {
      if (auto gelu = llvm::dyn_cast<bert::GeluOp>(op)) {
        numRecomputed += again(r, gelu);
      } else if (auto relu = llvm::dyn_cast<bert::ReluOp>(op)) {
        numRecomputed += again(r, relu);
      } else if (auto softmax = llvm::dyn_cast<bert::AttentionSoftmaxOp>(op)) {
        numRecomputed += dropAgain(r, softmax);
      } else if (auto norm = llvm::dyn_cast<bert::ResidualLayerNormOp>(op)) {
        numRecomputed += normalizeAgain(r, norm);
      }
    }
  }
};

} // namespace
} // namespace bertc
