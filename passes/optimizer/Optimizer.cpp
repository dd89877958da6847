// SPDX-License-Identifier: Apache-2.0
//
// bert-optimizer: see passes/Passes.td. The scopes are those that
// tf.clip_by_global_norm gives, as precision rules name them.

#include "passes/Passes.h"

#include "passes/gradients/Differentiate.h"

namespace bertc {

#define GEN_PASS_DEF_BERTOPTIMIZER
#include "passes/Passes.h.inc"

namespace {

using mlir::Value;

/// A trainable variable and what the optimizer keeps for it.
struct Slots {
  bert::VariableOp weight;
  bert::VariableOp accum;
  bert::VariableOp adamM;
  bert::VariableOp adamV;
};

/// Declares one kind of slot for every weight, behind what there is.
class SlotDeclarer {
public:
  explicit SlotDeclarer(mlir::ModuleOp module) : builder_(module.getContext()) {
    for (auto variable : module.getOps<bert::VariableOp>()) {
      last_ = variable;
    }
  }

  bert::VariableOp declare(bert::VariableOp weight, bert::Role role,
                           llvm::StringRef suffix) {
    builder_.setInsertionPointAfter(last_);
    auto slot = bert::VariableOp::create(
        builder_, weight.getLoc(), (weight.getSymName() + suffix).str(),
        weight.getType(), /*trainable=*/false, /*decay=*/false, role,
        mlir::FlatSymbolRefAttr::get(weight.getSymNameAttr()),
        bert::Init::Constant, llvm::APFloat(0.0f));
    last_ = slot;
    return slot;
  }

private:
  mlir::OpBuilder builder_;
  mlir::Operation *last_ = nullptr;
};

Value read(EntryBuilder &entry, bert::VariableOp variable) {
  return entry.op<bert::ReadOp>(variable.getSymName() + "/read",
                                variable.getType(), variable.getSymName());
}

void assign(EntryBuilder &entry, bert::VariableOp variable, Value value) {
  entry.op<bert::AssignOp>(variable.getSymName() + "/Assign",
                           variable.getSymName(), value);
}

/// A constant of that type with `value` everywhere.
Value constant(EntryBuilder &entry, const llvm::Twine &scope,
               mlir::RankedTensorType type, double value) {
  return entry.op<bert::ConstantOp>(
      scope, mlir::DenseElementsAttr::get(
                 type, mlir::FloatAttr::get(type.getElementType(), value)));
}

/// sqrt(2 * sum(l2_loss(g))), f32[].
Value buildGlobalNorm(EntryBuilder &entry,
                      llvm::ArrayRef<VariableGradient> gradients) {
  llvm::SmallVector<Value> halves;
  for (const VariableGradient &item : gradients) {
    halves.push_back(
        entry.op<bert::L2LossOp>("global_norm/L2Loss", item.gradient));
  }
  Value half = entry.op<bert::AddNOp>("global_norm/AddN", halves);
  auto scalar = llvm::cast<mlir::RankedTensorType>(half.getType());
  Value two = constant(entry, "global_norm/Const", scalar, 2.0);
  Value square = entry.op<bert::MulOp>("global_norm/mul", half, two);
  return entry.op<bert::SqrtOp>("global_norm/global_norm", square);
}

/// clip * min(1 / norm, 1 / clip), and NaN when the norm is not finite.
Value buildClipScale(EntryBuilder &entry, Value norm, double clip) {
  auto scalar = llvm::cast<mlir::RankedTensorType>(norm.getType());
  auto number = [&](double value) {
    return constant(entry, "clip_by_global_norm/Const", scalar, value);
  };
  Value inverse =
      entry.op<bert::DivOp>("clip_by_global_norm/truediv", number(1.0), norm);
  Value least = entry.op<bert::MinimumOp>("clip_by_global_norm/Minimum",
                                          inverse, number(1.0 / clip));
  Value finite =
      entry.op<bert::MulOp>("clip_by_global_norm/mul", number(clip), least);
  Value nan = entry.op<bert::SubOp>("clip_by_global_norm/sub", norm, norm);
  return entry.op<bert::AddOp>("clip_by_global_norm/add", finite, nan);
}

struct BertOptimizer : impl::BertOptimizerBase<BertOptimizer> {
  using BertOptimizerBase::BertOptimizerBase;

  void runOnOperation() override {
    mlir::ModuleOp module = getOperation();
    if (!checkOptions(module)) {
      return signalPassFailure();
    }
    auto loss = module.lookupSymbol<mlir::func::FuncOp>(kLossFunction);
    if (!loss) {
      return;
    }
    if (mlir::failed(checkLoss(loss)) ||
        !EntryBuilder::isFree(module, "train_step") ||
        !EntryBuilder::isFree(module, "apply_gradients")) {
      return signalPassFailure();
    }
    llvm::SmallVector<Slots> slots;
    if (!declareSlots(module, slots)) {
      return signalPassFailure();
    }
    mlir::func::FuncOp train = buildTrainStep(loss, slots);
    if (!train) {
      return signalPassFailure();
    }
    buildApplyGradients(train, slots);
    loss.erase();
  }

private:
  bool checkOptions(mlir::ModuleOp module) {
    if (optimizer != "lamb" && optimizer != "adamw") {
      module.emitError("optimizer is '")
          << optimizer << "', expected lamb or adamw";
      return false;
    }
    if (!(clipNorm > 0.0)) {
      module.emitError("clip-norm is ") << clipNorm << ", expected more than 0";
      return false;
    }
    return true;
  }

  /// Accumulators first, then the moments, each kind together: what is zeroed,
  /// reduced over workers or saved together then lies together.
  bool declareSlots(mlir::ModuleOp module, llvm::SmallVector<Slots> &slots) {
    for (auto variable : module.getOps<bert::VariableOp>()) {
      if (variable.getTrainable()) {
        slots.push_back({variable, {}, {}, {}});
      }
    }
    if (slots.empty()) {
      module.emitError("nothing to train, expected a trainable variable");
      return false;
    }
    mlir::SymbolTable symbols(module);
    for (Slots &item : slots) {
      for (llvm::StringRef suffix : {"/accum", "/adam_m", "/adam_v"}) {
        std::string name = (item.weight.getSymName() + suffix).str();
        if (mlir::Operation *taken = symbols.lookup(name)) {
          taken->emitError("'")
              << name << "' exists already, expected this pass to create it";
          return false;
        }
      }
    }
    SlotDeclarer declarer(module);
    for (Slots &item : slots) {
      item.accum = declarer.declare(item.weight, bert::Role::Accum, "/accum");
    }
    for (Slots &item : slots) {
      item.adamM = declarer.declare(item.weight, bert::Role::AdamM, "/adam_m");
    }
    for (Slots &item : slots) {
      item.adamV = declarer.declare(item.weight, bert::Role::AdamV, "/adam_v");
    }
    return true;
  }

  /// Null after a diagnostic.
  mlir::func::FuncOp buildTrainStep(mlir::func::FuncOp loss,
                                    llvm::ArrayRef<Slots> slots) {
    mlir::Operation *after =
        mlir::SymbolTable::lookupSymbolIn(loss->getParentOp(), "gradients");
    EntryBuilder entry(after ? after : loss, "train_step");
    // d(loss * loss_scale) is d(loss) with loss_scale in place of 1. The input
    // comes last, after those of @loss.
    Value lossScale;
    auto seed = [&](mlir::Type type) {
      lossScale = entry.addInput("loss_scale", type);
      return lossScale;
    };
    auto differentiated = differentiate(loss, entry, seed);
    if (mlir::failed(differentiated)) {
      return {};
    }
    Value norm = buildGlobalNorm(entry, differentiated->gradients);
    Value scale = buildClipScale(entry, norm, clipNorm);
    for (auto [item, slot] :
         llvm::zip_equal(differentiated->gradients, slots)) {
      Value clipped = entry.op<bert::MulOp>("clip_by_global_norm/mul",
                                            item.gradient, scale);
      bert::VariableOp accum = slot.accum;
      Value sum = entry.op<bert::AddOp>(accum.getSymName() + "/AssignAdd",
                                        read(entry, accum), clipped);
      assign(entry, accum, sum);
    }
    return entry.finish();
  }

  void buildApplyGradients(mlir::Operation *after,
                           llvm::ArrayRef<Slots> slots) {
    EntryBuilder entry(after, "apply_gradients");
    mlir::OpBuilder &b = entry.builder();
    Value rate = entry.addInput(
        "learning_rate", mlir::RankedTensorType::get({}, b.getF32Type()));
    Value step = entry.addInput(
        "update_step", mlir::RankedTensorType::get({}, b.getI32Type()));
    for (const Slots &item : slots) {
      if (optimizer == "lamb") {
        update<bert::LambUpdateOp>(entry, item, rate, step);
      } else {
        update<bert::AdamwUpdateOp>(entry, item, rate, step);
      }
    }
    entry.finish();
  }

  template <typename UpdateOp>
  void update(EntryBuilder &entry, const Slots &item, Value rate, Value step) {
    Slots slot = item;
    llvm::StringRef name = slot.weight.getSymName();
    double decay = slot.weight.getDecay() ? weightDecay : 0.0;
    auto f32 = [](double value) { return llvm::APFloat(float(value)); };
    Value weight = read(entry, slot.weight);
    Value m = read(entry, slot.adamM);
    Value v = read(entry, slot.adamV);
    Value gradient = read(entry, slot.accum);
    auto updated =
        entry.op<UpdateOp>("update_" + name, weight, m, v, gradient, rate, step,
                           f32(beta1), f32(beta2), f32(eps), f32(decay));
    assign(entry, slot.weight, updated.getNewVar());
    assign(entry, slot.adamM, updated.getNewM());
    assign(entry, slot.adamV, updated.getNewV());
    assign(entry, slot.accum,
           constant(entry, name + "/zeros", slot.accum.getTensorType(), 0.0));
  }
};

} // namespace
} // namespace bertc
