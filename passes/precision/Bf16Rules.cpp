// SPDX-License-Identifier: Apache-2.0
//
// Exceptions first, then the lists; conditional operations are settled last,
// by repeating until nothing changes. They only ever turn to bf16, so the
// result does not depend on the order.

#include "passes/precision/Bf16Rules.h"

#include <fmt/format.h>

namespace bertc {

using bert::Precision;

bool isNarrowable(mlir::Value value) {
  auto type = llvm::dyn_cast<mlir::RankedTensorType>(value.getType());
  return type &&
         (type.getElementType().isF32() || type.getElementType().isBF16());
}

bool isBorderCast(mlir::Operation *op) {
  auto cast = llvm::dyn_cast<bert::CastOp>(op);
  return cast && isNarrowable(cast.getX()) && isNarrowable(cast.getY());
}

namespace {

/// Whether the rules speak of the operation at all.
bool isJudged(mlir::Operation &op) {
  return llvm::isa<bert::PrecisionOpInterface>(op) &&
         !llvm::isa<bert::ReadOp, bert::AssignOp, bert::ConstantOp>(op) &&
         !isBorderCast(&op) &&
         (llvm::any_of(op.getOperands(), isNarrowable) ||
          llvm::any_of(op.getResults(), isNarrowable));
}

/// Whether bf16 would change anything about the operation.
bool canNarrow(mlir::Operation *op) {
  auto precision = llvm::cast<bert::PrecisionOpInterface>(op);
  bool any = false;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    any |= isNarrowable(operand) &&
           precision.getOperandPrecision(i) != Precision::Wide;
  }
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    any |= isNarrowable(result) &&
           precision.getResultPrecision(i) != Precision::Wide;
  }
  return any;
}

/// What the operations around one are: those that are neither are constants,
/// which can be had in any type.
struct Neighbours {
  bool anyBf16 = false;
  bool anyF32 = false;
};

/// Behind the casts at a border stands the neighbour proper.
mlir::Value throughCasts(mlir::Value value) {
  while (value.getDefiningOp() && isBorderCast(value.getDefiningOp())) {
    value = llvm::cast<bert::CastOp>(value.getDefiningOp()).getX();
  }
  return value;
}

void visitUses(mlir::Value value, const PrecisionChoices &choices,
               Neighbours &found) {
  for (mlir::OpOperand &use : value.getUses()) {
    mlir::Operation *user = use.getOwner();
    if (isBorderCast(user)) {
      visitUses(user->getResult(0), choices, found);
      continue;
    }
    auto choice = choices.find(user);
    bool bf16 =
        choice != choices.end() && choice->second.bf16 &&
        llvm::cast<bert::PrecisionOpInterface>(user).getOperandPrecision(
            use.getOperandNumber()) != Precision::Wide;
    (bf16 ? found.anyBf16 : found.anyF32) = true;
  }
}

Neighbours neighboursOf(mlir::Operation *op, const PrecisionChoices &choices) {
  Neighbours found;
  for (mlir::Value operand : op->getOperands()) {
    if (!isNarrowable(operand)) {
      continue;
    }
    mlir::Value source = throughCasts(operand);
    mlir::Operation *maker = source.getDefiningOp();
    if (llvm::isa_and_nonnull<bert::ConstantOp>(maker)) {
      continue;
    }
    auto choice = choices.find(maker);
    bool bf16 =
        choice != choices.end() && choice->second.bf16 &&
        llvm::cast<bert::PrecisionOpInterface>(maker).getResultPrecision(
            llvm::cast<mlir::OpResult>(source).getResultNumber()) !=
            Precision::Wide;
    (bf16 ? found.anyBf16 : found.anyF32) = true;
  }
  for (mlir::Value result : op->getResults()) {
    if (isNarrowable(result)) {
      visitUses(result, choices, found);
    }
  }
  return found;
}

/// Whether the operation makes the new value of a variable: what is kept is
/// f32, and so is what is added to it.
bool updatesVariable(mlir::Operation *op) {
  return llvm::any_of(op->getUsers(), [](mlir::Operation *user) {
    return llvm::isa<bert::AssignOp>(user);
  });
}

std::string exceptionText(const char *type, const char *kind,
                          const Bf16Exception &exception) {
  return fmt::format("{}: {} exception '{}'{}", type, kind, exception.pattern,
                     exception.opType.empty() ? "" : " " + exception.opType);
}

} // namespace

Bf16Rules::Bf16Rules(const Bf16Config &config) : config_(config) {}

const Bf16Exception *
Bf16Rules::match(const std::vector<Bf16Exception> &exceptions,
                 bert::TfOpInterface op) {
  mlir::StringAttr scope = op.getScopeAttr();
  llvm::StringRef name = scope ? scope.getValue() : llvm::StringRef();
  const Bf16Exception *first = nullptr;
  for (const Bf16Exception &exception : exceptions) {
    if (exception.matches(name, op.getTfOpType())) {
      used_[&exception] = true;
      first = first ? first : &exception;
    }
  }
  return first;
}

/// What exceptions and lists say without looking at neighbours; `open` becomes
/// the list when these decide.
PrecisionChoice Bf16Rules::chooseAlone(mlir::Operation *op, Bf16List &open) {
  auto named = llvm::cast<bert::TfOpInterface>(op);
  const Bf16Exception *keep = match(config_.nonConvertible(), named);
  const Bf16Exception *force = match(config_.convertible(), named);
  if (keep) {
    return {false, exceptionText("f32", "non-convertible", *keep)};
  }
  if (updatesVariable(op)) {
    return {false, "f32: new value of a variable"};
  }
  Bf16List list = config_.listOf(named.getTfOpType());
  bool asked = force || list != Bf16List::None;
  if (asked && !canNarrow(op)) {
    return {false, "f32: computes in f32 only"};
  }
  if (force) {
    return {true, exceptionText("bf16", "convertible", *force)};
  }
  open = list == Bf16List::Allow ? Bf16List::None : list;
  switch (list) {
  case Bf16List::Allow:
    return {true, "bf16: allow list"};
  case Bf16List::Conditional:
    return {false, "f32: conditional list, no neighbour in bf16"};
  case Bf16List::StrictConditional:
    return {false, "f32: strict conditional list, a neighbour in f32"};
  case Bf16List::None:
    break;
  }
  return {false, "f32: on no list"};
}

PrecisionChoices Bf16Rules::choose(mlir::func::FuncOp function) {
  PrecisionChoices choices;
  std::vector<std::pair<mlir::Operation *, Bf16List>> open;
  for (mlir::Operation &op : function.getBody().front()) {
    if (!isJudged(op)) {
      continue;
    }
    Bf16List list = Bf16List::None;
    choices[&op] = chooseAlone(&op, list);
    if (list != Bf16List::None) {
      open.emplace_back(&op, list);
    }
  }
  // Forth and back, so that long chains settle in few rounds.
  for (bool changed = true; changed; std::reverse(open.begin(), open.end())) {
    changed = false;
    for (auto &[op, list] : open) {
      PrecisionChoice &choice = choices[op];
      if (choice.bf16) {
        continue;
      }
      Neighbours found = neighboursOf(op, choices);
      if (list == Bf16List::Conditional && found.anyBf16) {
        choice = {true, "bf16: conditional list, a neighbour in bf16"};
      } else if (list == Bf16List::StrictConditional && found.anyBf16 &&
                 !found.anyF32) {
        choice = {true, "bf16: strict conditional list, all neighbours in "
                        "bf16"};
      }
      changed |= choice.bf16;
    }
  }
  return choices;
}

std::vector<const Bf16Exception *> Bf16Rules::unused() const {
  std::vector<const Bf16Exception *> result;
  for (const auto *exceptions :
       {&config_.nonConvertible(), &config_.convertible()}) {
    for (const Bf16Exception &exception : *exceptions) {
      if (!used_.count(&exception)) {
        result.push_back(&exception);
      }
    }
  }
  return result;
}

} // namespace bertc
