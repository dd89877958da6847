// SPDX-License-Identifier: Apache-2.0
//
// bert-distribute: see passes/Passes.td.

#include "passes/Passes.h"

#include "dialects/bert/BertOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace bertc {

#define GEN_PASS_DEF_BERTDISTRIBUTE
#include "passes/Passes.h.inc"

namespace {

using mlir::Value;

constexpr llvm::StringLiteral kStep = "train_step";
constexpr llvm::StringLiteral kLast = "train_step_last";
constexpr llvm::StringLiteral kApply = "apply_gradients";

/// One accumulator and what a micro-batch adds to it.
struct Addition {
  bert::AssignOp assign;
  bert::VariableOp accum;
  /// Of the form `accum = accum + scale * gradient`, as one operation.
  bert::AccumulateOp accumulate;
  /// Makes the gradient; the assignment, where the form of what is added is
  /// another one.
  mlir::Operation *maker = nullptr;
  /// Behind it the gradient can be made: the maker itself, or the operation
  /// that it waits for in vain, as it was put off for the sake of memory.
  mlir::Operation *ready = nullptr;
};

/// A maker that stands this many operations behind what it needs was put off.
constexpr unsigned kLongWait = 40;

int64_t bytesOf(bert::VariableOp variable) {
  mlir::RankedTensorType type = variable.getTensorType();
  return type.getNumElements() * (type.getElementTypeBitWidth() / 8);
}

/// The operand of `add` that is `gradient * scale`, through casts, else null.
Value gradientOf(bert::AddOp add) {
  for (Value operand : {add.getX(), add.getY()}) {
    while (auto cast = operand.getDefiningOp<bert::CastOp>()) {
      operand = cast.getX();
    }
    if (auto product = operand.getDefiningOp<bert::MulOp>()) {
      auto rank = [](Value value) {
        return llvm::cast<mlir::RankedTensorType>(value.getType()).getRank();
      };
      return rank(product.getX()) >= rank(product.getY()) ? product.getX()
                                                          : product.getY();
    }
  }
  return nullptr;
}

Addition additionOf(bert::AssignOp assign, bert::VariableOp accum) {
  Addition addition{assign, accum, {}, assign, assign};
  Value value = assign.getValue(), gradient;
  if (auto accumulate = value.getDefiningOp<bert::AccumulateOp>()) {
    addition.accumulate = accumulate;
    gradient = accumulate.getX();
  } else if (auto add = value.getDefiningOp<bert::AddOp>()) {
    gradient = gradientOf(add);
  }
  if (gradient && gradient.getDefiningOp()) {
    addition.maker = addition.ready = gradient.getDefiningOp();
  }
  return addition;
}

/// Lets gradients that were put off be ready when what they are made of is.
void findReady(mlir::func::FuncOp function, std::vector<Addition> &additions) {
  llvm::DenseMap<mlir::Operation *, unsigned> positions;
  for (mlir::Operation &op : function.getBody().front()) {
    positions.try_emplace(&op, positions.size());
  }
  for (Addition &addition : additions) {
    mlir::Operation *last = nullptr;
    for (Value operand : addition.maker->getOperands()) {
      mlir::Operation *needed = operand.getDefiningOp();
      if (needed && (!last || last->isBeforeInBlock(needed))) {
        last = needed;
      }
    }
    if (last && mlir::isPure(addition.maker) &&
        positions.lookup(addition.maker) >=
            positions.lookup(last) + kLongWait) {
      addition.ready = last;
    }
  }
}

/// The assignments to accumulators of a function, those whose gradient is ready
/// first ahead.
std::vector<Addition> additionsOf(mlir::func::FuncOp function) {
  auto module = function->getParentOfType<mlir::ModuleOp>();
  std::vector<Addition> additions;
  for (auto assign : function.getOps<bert::AssignOp>()) {
    auto variable = module.lookupSymbol<bert::VariableOp>(assign.getVariable());
    if (variable && variable.getRole() == bert::Role::Accum) {
      additions.push_back(additionOf(assign, variable));
    }
  }
  findReady(function, additions);
  std::stable_sort(additions.begin(), additions.end(),
                   [](const Addition &a, const Addition &b) {
                     return a.ready != b.ready &&
                            a.ready->isBeforeInBlock(b.ready);
                   });
  return additions;
}

using Bucket = llvm::ArrayRef<Addition>;

/// Cuts where a bucket is full, and before a variable that fills one alone.
std::vector<Bucket> bucketsOf(Bucket additions, int64_t full) {
  std::vector<Bucket> buckets;
  size_t begin = 0;
  int64_t bytes = 0;
  for (size_t i = 0; i < additions.size(); ++i) {
    int64_t own = bytesOf(additions[i].accum);
    if (i > begin && (bytes >= full || (own >= full && 2 * bytes >= full))) {
      buckets.push_back(additions.slice(begin, i - begin));
      begin = i;
      bytes = 0;
    }
    bytes += own;
  }
  buckets.push_back(additions.slice(begin));
  return buckets;
}

mlir::ArrayAttr symbolsOf(Bucket bucket) {
  llvm::SmallVector<mlir::Attribute> names;
  for (const Addition &each : bucket) {
    bert::VariableOp accum = each.accum;
    names.push_back(mlir::FlatSymbolRefAttr::get(accum.getSymNameAttr()));
  }
  return mlir::ArrayAttr::get(names[0].getContext(), names);
}

class Distributor {
public:
  Distributor(mlir::func::FuncOp function, bert::Wire wire)
      : function_(function), builder_(function.getContext()),
        wire_(bert::WireAttr::get(function.getContext(), wire)) {}

  /// Additions and sums of buckets behind the gradients.
  mlir::LogicalResult sendEarly(llvm::ArrayRef<Bucket> buckets);
  /// Additions as they are, bucket by bucket.
  void sendOrdered(llvm::ArrayRef<Bucket> buckets);
  /// Sums of what is there when the function begins.
  void sendFirst(llvm::ArrayRef<Bucket> buckets);

private:
  void allReduce(Bucket bucket, size_t number, bool early) {
    auto op = bert::AllReduceOp::create(
        builder_, function_.getLoc(), symbolsOf(bucket),
        builder_.getI32IntegerAttr(static_cast<int32_t>(number)), wire_,
        early ? builder_.getUnitAttr() : mlir::UnitAttr());
    op.setScopeAttr(
        builder_.getStringAttr("all_reduce/bucket_" + llvm::Twine(number)));
  }
  Value addEarly(const Addition &addition, Value one);

  mlir::func::FuncOp function_;
  mlir::OpBuilder builder_;
  bert::WireAttr wire_;
};

/// Adds the gradient where it becomes known; returns what was there before.
Value Distributor::addEarly(const Addition &addition, Value one) {
  bert::AccumulateOp late = addition.accumulate;
  bert::AssignOp assign = addition.assign;
  mlir::Location loc = late.getLoc();
  auto read = [&] {
    auto op = bert::ReadOp::create(builder_, loc, late.getAcc().getType(),
                                   assign.getVariableAttr());
    op.setScopeAttr(builder_.getStringAttr(assign.getVariable() + "/read"));
    return op.getValue();
  };
  Value old = read();
  auto sum =
      bert::AccumulateOp::create(builder_, loc, read(), late.getX(), one);
  sum.setScopeAttr(late.getScopeAttr());
  auto kept = bert::AssignOp::create(builder_, loc, assign.getVariableAttr(),
                                     sum.getY());
  kept.setScopeAttr(assign.getScopeAttr());
  return old;
}

mlir::LogicalResult Distributor::sendEarly(llvm::ArrayRef<Bucket> buckets) {
  builder_.setInsertionPointToStart(&function_.getBody().front());
  auto scalar = mlir::RankedTensorType::get({}, builder_.getF32Type());
  auto constant = bert::ConstantOp::create(
      builder_, function_.getLoc(), mlir::DenseElementsAttr::get(scalar, 1.0f));
  Value one = constant->getResult(0), clip;
  llvm::SmallVector<Value> olds, gradients;
  llvm::SmallVector<mlir::Attribute> names;
  llvm::SmallVector<int32_t> sizes;
  mlir::Operation *behind = nullptr;
  llvm::DenseSet<mlir::Operation *> hoisted;
  for (auto [number, bucket] : llvm::enumerate(buckets)) {
    for (const Addition &addition : bucket) {
      bert::AccumulateOp late = addition.accumulate;
      if (!late || (clip && late.getScale() != clip)) {
        bert::AssignOp assign = addition.assign;
        return assign.emitOpError("expected what is assigned to an accumulator "
                                  "to be its value and a gradient scaled by "
                                  "what scales all others (bert.accumulate)");
      }
      clip = late.getScale();
      // Sorted by when they are ready, so a bucket's sum follows its last.
      if (addition.ready != behind && late.getX().getDefiningOp()) {
        builder_.setInsertionPointAfter(addition.ready);
        behind = addition.ready;
      }
      if (addition.ready != addition.maker &&
          hoisted.insert(addition.maker).second) {
        addition.maker->moveBefore(builder_.getInsertionBlock(),
                                   builder_.getInsertionPoint());
      }
      olds.push_back(addEarly(addition, one));
      gradients.push_back(late.getX());
    }
    allReduce(bucket, number, /*early=*/true);
    llvm::append_range(names, symbolsOf(bucket));
    sizes.push_back(static_cast<int32_t>(bucket.size()));
  }
  builder_.setInsertionPoint(function_.getBody().front().getTerminator());
  auto settle = bert::AllReduceSettleOp::create(
      builder_, function_.getLoc(), builder_.getArrayAttr(names),
      builder_.getDenseI32ArrayAttr(sizes), clip, olds, gradients, wire_);
  settle.setScopeAttr(builder_.getStringAttr("all_reduce/settle"));
  for (Bucket bucket : buckets) {
    for (const Addition &addition : bucket) {
      bert::AccumulateOp late = addition.accumulate;
      bert::AssignOp assign = addition.assign;
      assign.erase();
      Value before = late.getAcc();
      late.erase();
      if (before.use_empty()) {
        before.getDefiningOp()->erase();
      }
    }
  }
  return mlir::success();
}

void Distributor::sendOrdered(llvm::ArrayRef<Bucket> buckets) {
  builder_.setInsertionPoint(function_.getBody().front().getTerminator());
  for (auto [number, bucket] : llvm::enumerate(buckets)) {
    for (const Addition &addition : bucket) {
      bert::AssignOp assign = addition.assign;
      mlir::Operation *maker = assign.getValue().getDefiningOp();
      if (maker && maker->hasOneUse()) {
        maker->moveBefore(builder_.getInsertionBlock(),
                          builder_.getInsertionPoint());
      }
      assign->moveBefore(builder_.getInsertionBlock(),
                         builder_.getInsertionPoint());
    }
    allReduce(bucket, number, /*early=*/false);
  }
}

void Distributor::sendFirst(llvm::ArrayRef<Bucket> buckets) {
  builder_.setInsertionPointToStart(&function_.getBody().front());
  for (auto [number, bucket] : llvm::enumerate(buckets)) {
    allReduce(bucket, number, /*early=*/false);
  }
}

struct BertDistribute : impl::BertDistributeBase<BertDistribute> {
  using BertDistributeBase::BertDistributeBase;

  void runOnOperation() override {
    mlir::ModuleOp module = getOperation();
    if (!checkOptions(module)) {
      return signalPassFailure();
    }
    auto step = module.lookupSymbol<mlir::func::FuncOp>(kStep);
    if (!step) {
      return;
    }
    std::vector<Addition> additions = additionsOf(step);
    if (additions.empty() || module.lookupSymbol(kLast)) {
      step.emitOpError("expected assignments to accumulators, and no '")
          << kLast << "' yet";
      return signalPassFailure();
    }
    std::vector<Bucket> buckets = bucketsOf(additions, bucketBytes);
    declareInOrder(module, buckets);
    numBuckets += buckets.size();
    if (form != "apply") {
      if (mlir::failed(makeTwin(step))) {
        signalPassFailure();
      }
      return;
    }
    if (auto apply = module.lookupSymbol<mlir::func::FuncOp>(kApply)) {
      Distributor(apply, wireKind()).sendFirst(buckets);
    }
  }

private:
  bert::Wire wireKind() const {
    return wire == "bf16" ? bert::Wire::BF16 : bert::Wire::F32;
  }

  bool checkOptions(mlir::ModuleOp module) {
    if (workers < 2 || bucketBytes < 1) {
      module.emitError("workers is ")
          << int64_t(workers) << " and bucket-bytes " << int64_t(bucketBytes)
          << ", expected at least 2 and 1";
      return false;
    }
    if (wire != "f32" && wire != "bf16") {
      module.emitError("wire is '") << wire << "', expected f32 or bf16";
      return false;
    }
    if (form != "early" && form != "ordered" && form != "apply") {
      module.emitError("form is '")
          << form << "', expected early, ordered or apply";
      return false;
    }
    return true;
  }

  /// Declares accumulators in the order of buckets where the first one is now,
  /// and says what they are on the module.
  void declareInOrder(mlir::ModuleOp module, llvm::ArrayRef<Bucket> buckets) {
    mlir::OpBuilder builder(&getContext());
    mlir::Operation *first = nullptr;
    for (auto variable : module.getOps<bert::VariableOp>()) {
      if (variable.getRole() == bert::Role::Accum && !first) {
        first = variable;
      }
    }
    auto anchor = bert::VariableOp(buckets[0][0].accum);
    anchor->moveBefore(first == anchor ? anchor->getNextNode() : first);
    mlir::Operation *last = anchor;
    llvm::SmallVector<mlir::Attribute> lists;
    for (Bucket bucket : buckets) {
      for (const Addition &addition : bucket) {
        bert::VariableOp accum = addition.accum;
        if (accum != anchor) {
          accum->moveAfter(last);
          last = accum;
        }
      }
      lists.push_back(symbolsOf(bucket));
    }
    mlir::NamedAttrList exchange;
    exchange.set("workers", builder.getI64IntegerAttr(workers));
    exchange.set("wire", bert::WireAttr::get(&getContext(), wireKind()));
    exchange.set("buckets", builder.getArrayAttr(lists));
    if (microBatches) {
      exchange.set("micro_batches", builder.getUnitAttr());
    }
    module->setAttr(bert::kExchangeAttr, exchange.getDictionary(&getContext()));
  }

  mlir::LogicalResult makeTwin(mlir::func::FuncOp step) {
    mlir::OpBuilder builder(&getContext());
    builder.setInsertionPointAfter(step);
    auto last = llvm::cast<mlir::func::FuncOp>(builder.clone(*step));
    last.setName(kLast);
    std::vector<Addition> additions = additionsOf(last);
    std::vector<Bucket> buckets = bucketsOf(additions, bucketBytes);
    Distributor distributor(last, wireKind());
    if (form == "early") {
      return distributor.sendEarly(buckets);
    }
    distributor.sendOrdered(buckets);
    return mlir::success();
  }
};

} // namespace
} // namespace bertc
