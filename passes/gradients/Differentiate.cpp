// SPDX-License-Identifier: Apache-2.0
//
// One walk forward marks what depends on a trainable variable, one walk
// backward asks each of those operations to pass gradients on.

#include "passes/gradients/Differentiate.h"

#include "mlir/IR/IRMapping.h"

namespace bertc {

using llvm::failure;
using llvm::LogicalResult;
using llvm::success;
using mlir::Operation;
using mlir::Value;

namespace {

bool isFloat(mlir::Type type) {
  auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type);
  return tensor && llvm::isa<mlir::FloatType>(tensor.getElementType());
}

/// Notes what a builder creates.
struct Recorder : mlir::OpBuilder::Listener {
  void notifyOperationInserted(Operation *op,
                               mlir::OpBuilder::InsertPoint) override {
    created.push_back(op);
  }
  llvm::SmallVector<Operation *> created;
};

class ReverseMode {
public:
  explicit ReverseMode(EntryBuilder &entry) : entry_(entry) {}

  /// Adds a contribution to the gradient of a value.
  void contribute(Value value, Value gradient) {
    contributions_[value].push_back(gradient);
  }

  /// Finds what depends on a trainable variable.
  void markActive(mlir::Block &block) {
    auto module = entry_.function()->getParentOfType<mlir::ModuleOp>();
    for (auto variable : module.getOps<bert::VariableOp>()) {
      variables_[variable.getSymName()] = variable;
    }
    for (Operation &op : block) {
      forward_.push_back(&op);
      bool active = llvm::any_of(op.getOperands(), [&](Value operand) {
        return active_.contains(operand);
      });
      if (auto read = llvm::dyn_cast<bert::ReadOp>(op)) {
        bert::VariableOp variable = variables_.lookup(read.getVariable());
        active = variable && variable.getTrainable();
      }
      for (Value result : op.getResults()) {
        if (active && isFloat(result.getType())) {
          active_.insert(result);
        }
      }
    }
  }

  LogicalResult run() {
    for (Operation *op : llvm::reverse(forward_)) {
      if (mlir::failed(visit(op))) {
        return failure();
      }
    }
    return success();
  }

  /// The gradient of a variable, zeros when nothing flows there.
  Value gradientOf(bert::VariableOp variable) {
    auto found = ofVariable_.find(variable.getSymName());
    if (found != ofVariable_.end()) {
      return add(found->second);
    }
    auto type = variable.getTensorType();
    return entry_.op<bert::ConstantOp>(
        "gradients/zeros_like",
        mlir::DenseElementsAttr::get(
            type, mlir::FloatAttr::get(type.getElementType(), 0.0)));
  }

  unsigned numOps() const { return numOps_; }

private:
  LogicalResult visit(Operation *op) {
    llvm::SmallVector<Value> resultGrads;
    bool any = false;
    for (Value result : op->getResults()) {
      auto found = active_.contains(result) ? contributions_.find(result)
                                            : contributions_.end();
      resultGrads.push_back(found == contributions_.end() ? Value()
                                                          : add(found->second));
      any |= found != contributions_.end();
    }
    if (!any) {
      return success();
    }
    if (auto read = llvm::dyn_cast<bert::ReadOp>(op)) {
      ofVariable_[read.getVariable()].push_back(resultGrads.front());
      return success();
    }
    return passOn(op, resultGrads);
  }

  /// Asks `op` for the gradients of its operands.
  LogicalResult passOn(Operation *op, mlir::ValueRange resultGrads) {
    auto differentiable = llvm::dyn_cast<bert::DifferentiableOpInterface>(op);
    if (!differentiable) {
      return op->emitOpError("is not differentiable, but the loss depends on a "
                             "trainable variable through it");
    }
    Recorder recorder;
    llvm::SmallVector<Value> operandGrads(op->getNumOperands());
    entry_.builder().setListener(&recorder);
    LogicalResult built = differentiable.buildGradient(
        entry_.builder(), resultGrads, operandGrads);
    entry_.builder().setListener(nullptr);
    name(op, recorder.created);
    for (auto [operand, gradient] :
         llvm::zip_equal(op->getOperands(), operandGrads)) {
      if (gradient && active_.contains(operand)) {
        contribute(operand, gradient);
      }
    }
    return built;
  }

  /// Gives new operations the scopes TensorFlow would give them.
  void name(Operation *forward, llvm::ArrayRef<Operation *> created) {
    auto known = llvm::cast<bert::TfOpInterface>(forward);
    mlir::StringAttr scope = known.getScopeAttr();
    llvm::StringRef of = scope ? scope.getValue() : known.getTfOpType();
    for (Operation *op : created) {
      entry_.setScope(op,
                      "gradients/" + of + "_grad/" +
                          llvm::cast<bert::TfOpInterface>(op).getTfOpType());
    }
    numOps_ += created.size();
  }

  /// The sum of contributions, which is then the only one.
  Value add(llvm::SmallVector<Value, 2> &contributions) {
    if (contributions.size() > 1) {
      Value sum = entry_.op<bert::AddNOp>("gradients/AddN", contributions);
      contributions.assign(1, sum);
      ++numOps_;
    }
    return contributions.front();
  }

  EntryBuilder &entry_;
  llvm::SmallVector<Operation *> forward_;
  llvm::DenseSet<Value> active_;
  llvm::DenseMap<Value, llvm::SmallVector<Value, 2>> contributions_;
  llvm::StringMap<bert::VariableOp> variables_;
  llvm::StringMap<llvm::SmallVector<Value, 2>> ofVariable_;
  unsigned numOps_ = 0;
};

/// Copies arguments and operations; returns what the copy would return.
llvm::SmallVector<Value> copyBody(mlir::func::FuncOp loss,
                                  EntryBuilder &entry) {
  mlir::IRMapping mapping;
  for (mlir::BlockArgument argument : loss.getArguments()) {
    llvm::StringRef name =
        bertName(loss.getArgAttrDict(argument.getArgNumber()));
    mapping.map(argument, entry.addInput(name, argument.getType()));
  }
  mlir::Block &block = loss.getBody().front();
  for (Operation &op : block.without_terminator()) {
    entry.builder().clone(op, mapping);
  }
  llvm::SmallVector<Value> results;
  for (Value result : block.getTerminator()->getOperands()) {
    results.push_back(mapping.lookup(result));
  }
  return results;
}

} // namespace

LogicalResult checkLoss(mlir::func::FuncOp loss) {
  if (loss.isDeclaration() || !loss.getBody().hasOneBlock()) {
    return loss.emitOpError("expected @loss to have a body of one block");
  }
  llvm::ArrayRef<mlir::Type> results = loss.getResultTypes();
  if (results.empty() || !isFloat(results.front()) ||
      llvm::cast<mlir::RankedTensorType>(results.front()).getRank() != 0) {
    return loss.emitOpError(
        "expected the first result of @loss to be a float scalar");
  }
  for (unsigned i = 0; i < loss.getNumArguments(); ++i) {
    if (bertName(loss.getArgAttrDict(i)).empty()) {
      return loss.emitOpError("expected argument ")
             << i << " of @loss to have 'bert.name'";
    }
  }
  for (unsigned i = 0; i < loss.getNumResults(); ++i) {
    if (bertName(loss.getResultAttrDict(i)).empty()) {
      return loss.emitOpError("expected result ")
             << i << " of @loss to have 'bert.name'";
    }
  }
  for (auto assign : loss.getBody().getOps<bert::AssignOp>()) {
    return assign.emitOpError("cannot be differentiated through, expected "
                              "@loss to assign nothing");
  }
  return success();
}

mlir::FailureOr<Differentiated>
differentiate(mlir::func::FuncOp loss, EntryBuilder &entry,
              llvm::function_ref<Value(mlir::Type)> seed) {
  llvm::SmallVector<Value> results = copyBody(loss, entry);
  for (auto [index, result] : llvm::enumerate(results)) {
    entry.addOutput(bertName(loss.getResultAttrDict(index)), result);
  }
  ReverseMode reverse(entry);
  reverse.markActive(entry.function().getBody().front());
  reverse.contribute(results.front(), seed(results.front().getType()));
  if (mlir::failed(reverse.run())) {
    return failure();
  }
  Differentiated out;
  auto module = loss->getParentOfType<mlir::ModuleOp>();
  for (auto variable : module.getOps<bert::VariableOp>()) {
    if (variable.getTrainable()) {
      out.gradients.push_back({variable, reverse.gradientOf(variable)});
    }
  }
  out.numOps = reverse.numOps();
  return out;
}

} // namespace bertc
