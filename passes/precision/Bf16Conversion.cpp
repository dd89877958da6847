// SPDX-License-Identifier: Apache-2.0
//
// bert-bf16-conversion: see passes/Passes.td. Bf16Rules.cpp decides; here
// operations get their types, in program order, and casts appear where a value
// is wanted in the other type.

#include "passes/Passes.h"
#include "passes/precision/Bf16Rules.h"

#include "mlir/IR/Builders.h"

namespace bertc {

#define GEN_PASS_DEF_BERTBF16CONVERSION
#include "passes/Passes.h.inc"

namespace {

using bert::Precision;
using mlir::Type;
using mlir::Value;

Type elementOf(Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

int64_t sizeOf(Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getNumElements();
}

void setElement(Value value, Type element) {
  value.setType(
      llvm::cast<mlir::RankedTensorType>(value.getType()).clone(element));
}

/// Gives one function the types that were chosen.
class FunctionConversion {
public:
  FunctionConversion(mlir::func::FuncOp function, PrecisionChoices choices)
      : function_(function), choices_(std::move(choices)),
        builder_(function.getContext()), f32_(builder_.getF32Type()),
        bf16_(builder_.getBF16Type()) {}

  /// Returns the number of operations in bf16 and of casts made.
  std::pair<unsigned, unsigned> run();

private:
  void convert(mlir::Operation *op);
  void carry(mlir::Operation *op);
  bool wantsBf16(mlir::OpOperand &use) const;
  bool wantedInBf16(Value value) const;
  bool wantedInF32(Value value) const;
  bool onlyMoves(mlir::Operation *op) const;
  Value as(Value value, Type element, mlir::Operation *user);
  void note(mlir::Operation *op, const std::string &reason);
  void finish();

  mlir::func::FuncOp function_;
  PrecisionChoices choices_;
  mlir::OpBuilder builder_;
  Type f32_, bf16_;
  /// A value in the other type than its own.
  llvm::DenseMap<Value, Value> casts_;
  mlir::NamedAttrList reasons_;
  unsigned numCasts_ = 0;
};

std::pair<unsigned, unsigned> FunctionConversion::run() {
  llvm::SmallVector<mlir::Operation *> ops;
  for (mlir::Operation &op : function_.getBody().front()) {
    ops.push_back(&op);
  }
  unsigned numBf16 = 0;
  for (mlir::Operation *op : ops) {
    auto choice = choices_.find(op);
    if (isBorderCast(op)) {
      continue;
    }
    if (choice == choices_.end()) {
      // Variables, constants and what returns: f32 as they were.
      for (mlir::OpOperand &operand : op->getOpOperands()) {
        if (isNarrowable(operand.get())) {
          operand.set(as(operand.get(), f32_, op));
        }
      }
      continue;
    }
    numBf16 += choice->second.bf16;
    if (!choice->second.bf16 && onlyMoves(op)) {
      carry(op);
      note(op, choice->second.reason + "; bf16 values are moved as they are");
      continue;
    }
    convert(op);
    note(op, choice->second.reason);
  }
  finish();
  return {numBf16, numCasts_};
}

/// Whether this use is of an operation in bf16 that has to have bf16.
bool FunctionConversion::wantsBf16(mlir::OpOperand &use) const {
  auto choice = choices_.find(use.getOwner());
  return choice != choices_.end() && choice->second.bf16 &&
         llvm::cast<bert::PrecisionOpInterface>(use.getOwner())
                 .getOperandPrecision(use.getOperandNumber()) ==
             Precision::Narrow;
}

bool FunctionConversion::wantedInBf16(Value value) const {
  return llvm::any_of(value.getUses(),
                      [&](mlir::OpOperand &use) { return wantsBf16(use); });
}

/// Whether somebody needs f32, and not just takes what there is.
bool FunctionConversion::wantedInF32(Value value) const {
  return llvm::any_of(value.getUses(), [&](mlir::OpOperand &use) {
    auto choice = choices_.find(use.getOwner());
    return choice == choices_.end() || !choice->second.bf16 ||
           llvm::cast<bert::PrecisionOpInterface>(use.getOwner())
                   .getOperandPrecision(use.getOperandNumber()) ==
               Precision::Wide;
  });
}

/// Whether an operation in f32 can hand on bf16 values instead: then a cast
/// before it and one behind it, or one of the larger tensor, are saved, and
/// every element is the same.
bool FunctionConversion::onlyMoves(mlir::Operation *op) const {
  auto precision = llvm::cast<bert::PrecisionOpInterface>(op);
  if (!precision.movesElements() || op->getNumResults() != 1) {
    return false;
  }
  int64_t largest = 0;
  for (Value operand : op->getOperands()) {
    if (isNarrowable(operand)) {
      bool narrow = elementOf(operand).isBF16();
      if (!narrow) {
        return false;
      }
      largest = std::max(largest, sizeOf(operand));
    }
  }
  Value result = op->getResult(0);
  return largest > 0 && (sizeOf(result) <= largest || wantedInBf16(result));
}

void FunctionConversion::carry(mlir::Operation *op) {
  setElement(op->getResult(0), bf16_);
}

void FunctionConversion::convert(mlir::Operation *op) {
  bool bf16 = choices_.find(op)->second.bf16;
  auto precision = llvm::cast<bert::PrecisionOpInterface>(op);
  bool readsBf16 = false;
  for (mlir::OpOperand &operand : op->getOpOperands()) {
    if (!isNarrowable(operand.get())) {
      continue;
    }
    Precision wanted =
        bf16 ? precision.getOperandPrecision(operand.getOperandNumber())
             : Precision::Wide;
    if (wanted != Precision::Either) {
      operand.set(
          as(operand.get(), wanted == Precision::Narrow ? bf16_ : f32_, op));
    }
    readsBf16 |= elementOf(operand.get()).isBF16();
  }
  for (mlir::OpResult result : op->getResults()) {
    if (!isNarrowable(result)) {
      continue;
    }
    Precision given =
        bf16 ? precision.getResultPrecision(result.getResultNumber())
             : Precision::Wide;
    // A sum goes out as it was formed unless somebody wants it rounded.
    bool narrow = given == Precision::Narrow ||
                  (given == Precision::Either && readsBf16 &&
                   (wantedInBf16(result) || !wantedInF32(result)));
    setElement(result, narrow ? bf16_ : f32_);
  }
}

/// `value` with another element type: what it was converted from, or the one
/// cast that all users share. Casts of results come right behind them, so that
/// the f32 is gone soon; those of variables only before they are needed.
Value FunctionConversion::as(Value value, Type element, mlir::Operation *user) {
  if (elementOf(value) == element) {
    return value;
  }
  auto border = value.getDefiningOp<bert::CastOp>();
  if (border && element.isBF16() && elementOf(border.getX()).isBF16()) {
    return border.getX();
  }
  Value &converted = casts_[value];
  if (converted) {
    return converted;
  }
  mlir::Operation *maker = value.getDefiningOp();
  if (maker && !llvm::isa<bert::ReadOp>(maker)) {
    builder_.setInsertionPointAfter(maker);
  } else {
    builder_.setInsertionPoint(user);
  }
  mlir::StringAttr scope;
  if (auto named = llvm::dyn_cast_or_null<bert::TfOpInterface>(maker)) {
    if (mlir::StringAttr name = named.getScopeAttr()) {
      unsigned number = llvm::cast<mlir::OpResult>(value).getResultNumber();
      scope = builder_.getStringAttr(
          name.getValue() + "/Cast" +
          (number == 0 ? "" : "_" + std::to_string(number)));
    }
  }
  auto type =
      llvm::cast<mlir::RankedTensorType>(value.getType()).clone(element);
  converted =
      builder_.createOrFold<bert::CastOp>(value.getLoc(), type, value, scope);
  if (auto made = converted.getDefiningOp<bert::CastOp>()) {
    ++numCasts_;
    note(made,
         element.isBF16() ? "bf16: cast at a border" : "f32: cast at a border");
  }
  return converted;
}

void FunctionConversion::note(mlir::Operation *op, const std::string &reason) {
  mlir::StringAttr scope = llvm::cast<bert::TfOpInterface>(op).getScopeAttr();
  if (scope && !reasons_.get(scope)) {
    reasons_.set(scope, builder_.getStringAttr(reason));
  }
}

/// Constants and casts that all users have left are gone; the reasons are kept
/// with the function, where fusion and lowering do not lose them.
void FunctionConversion::finish() {
  mlir::Operation *op = function_.getBody().front().getTerminator();
  while (op) {
    mlir::Operation *previous = op->getPrevNode();
    if (llvm::isa<bert::ConstantOp, bert::CastOp>(op) && op->use_empty()) {
      op->erase();
    }
    op = previous;
  }
  function_->setAttr(bert::kPrecisionAttr,
                     reasons_.getDictionary(function_.getContext()));
}

struct BertBf16Conversion : impl::BertBf16ConversionBase<BertBf16Conversion> {
  using BertBf16ConversionBase::BertBf16ConversionBase;

  void runOnOperation() override {
    mlir::ModuleOp module = getOperation();
    StatusOr<Bf16Config> loaded =
        config.empty() ? StatusOr<Bf16Config>(Bf16Config::builtIn())
                       : Bf16Config::load(config);
    if (!loaded.ok()) {
      module.emitError(loaded.status().message());
      return signalPassFailure();
    }
    Bf16Rules rules(*loaded);
    for (auto function : module.getOps<mlir::func::FuncOp>()) {
      if (!function.isExternal()) {
        auto [narrowed, casts] =
            FunctionConversion(function, rules.choose(function)).run();
        numBf16 += narrowed;
        numCasts += casts;
      }
    }
    // The built-in list is for every model; of a file one expects that it fits.
    if (!config.empty()) {
      warnUnused(module, rules);
    }
  }

  void warnUnused(mlir::ModuleOp module, const Bf16Rules &rules) {
    for (const Bf16Exception *exception : rules.unused()) {
      module.emitWarning(config)
          << ":" << exception->line << ":" << exception->column
          << ": exception '" << exception->pattern << "' "
          << (exception->opType.empty() ? "of any operation type"
                                        : exception->opType)
          << " matches no operation";
    }
  }
};

} // namespace
} // namespace bertc
