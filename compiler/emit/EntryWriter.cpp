// SPDX-License-Identifier: Apache-2.0

#include "compiler/emit/EntryWriter.h"

#include "compiler/emit/StepWriter.h"
#include "dialects/bert/BertDialect.h"
#include "dialects/cpu/Layout.h"

#include "llvm/ADT/DenseMap.h"

using namespace mlir;

namespace bertc {

plan::DType planType(Type elementType) {
  if (elementType.isF32()) {
    return plan::DType::F32;
  }
  if (elementType.isBF16()) {
    return plan::DType::BF16;
  }
  return elementType.isInteger(1)    ? plan::DType::Bool
         : elementType.isInteger(32) ? plan::DType::I32
                                     : plan::DType::I64;
}

int64_t elementBytes(Type elementType) {
  return std::max(1u, elementType.getIntOrFloatBitWidth() / 8);
}

namespace {

constexpr uint32_t kNoOperand = 0xffffffff;

/// Where a storage begins.
struct Base {
  plan::Storage storage = plan::Storage::Arena;
  uint32_t index = 0;
  uint64_t offset = 0;
};

class EntryWriter {
public:
  EntryWriter(func::FuncOp function, PlanSymbols &symbols, plan::EntryT &entry)
      : function_(function), symbols_(symbols), entry_(entry) {}

  Status run();

private:
  Status placeResults(Operation &op);
  Status writeStep(cpu::CpuStepOpInterface op);
  uint32_t tensor(Value value);
  uint32_t addTensor(const Base &base, const cpu::Window &window,
                     Type elementType);
  void bind(std::vector<std::unique_ptr<plan::BindingT>> &bindings,
            StringAttr name, Value value);

  func::FuncOp function_;
  PlanSymbols &symbols_;
  plan::EntryT &entry_;
  /// From scope to the rule that chose the precision; null for f32 plans.
  DictionaryAttr precision_;
  llvm::DenseMap<Value, Base> bases_;
  llvm::DenseMap<Value, uint32_t> tensors_;
};

Status EntryWriter::run() {
  auto arena = function_->getAttrOfType<IntegerAttr>("cpu.arena_bytes");
  if (!arena) {
    return failedPrecondition("entry @" + function_.getSymName().str() +
                              " has not been through memory planning");
  }
  entry_.name = function_.getSymName().str();
  precision_ = function_->getAttrOfType<DictionaryAttr>(bert::kPrecisionAttr);
  entry_.arena_bytes = arena.getInt();
  for (BlockArgument argument : function_.getArguments()) {
    unsigned number = argument.getArgNumber();
    auto offset = function_.getArgAttrOfType<IntegerAttr>(number, "cpu.offset");
    auto name = function_.getArgAttrOfType<StringAttr>(number, "bert.name");
    if (!offset || !name) {
      return failedPrecondition("an argument of entry @" + entry_.name +
                                " has no name or no offset");
    }
    bases_[argument] = {plan::Storage::Arena, 0, uint64_t(offset.getInt())};
    bind(entry_.inputs, name, argument);
  }
  for (Operation &op : function_.getBody().front()) {
    if (auto ret = dyn_cast<func::ReturnOp>(op)) {
      for (OpOperand &operand : ret->getOpOperands()) {
        auto name = function_.getResultAttrOfType<StringAttr>(
            operand.getOperandNumber(), "bert.name");
        if (!name) {
          return failedPrecondition("a result of entry @" + entry_.name +
                                    " has no name");
        }
        bind(entry_.outputs, name, operand.get());
      }
      continue;
    }
    BERTC_RETURN_IF_ERROR(placeResults(op));
    if (auto step = dyn_cast<cpu::CpuStepOpInterface>(op)) {
      BERTC_RETURN_IF_ERROR(writeStep(step));
    }
  }
  return Status();
}

Status EntryWriter::placeResults(Operation &op) {
  ArrayRef<int64_t> offsets;
  if (auto step = dyn_cast<cpu::CpuStepOpInterface>(op)) {
    if (DenseI64ArrayAttr attr = step.getResultOffsets()) {
      offsets = attr.asArrayRef();
    }
  } else if (auto empty = dyn_cast<cpu::EmptyOp>(op)) {
    offsets = empty.getOffsets().value_or(ArrayRef<int64_t>());
  } else if (auto view = dyn_cast<cpu::ViewOp>(op)) {
    bases_[view.getResult()] = bases_.lookup(view.getSource());
    return Status();
  } else if (auto ref = dyn_cast<cpu::VariableRefOp>(op)) {
    bases_[ref.getResult()] = {plan::Storage::Variable,
                               symbols_.variables.lookup(ref.getVariable()), 0};
    return Status();
  } else if (auto ref = dyn_cast<cpu::PackedRefOp>(op)) {
    bases_[ref.getResult()] = {plan::Storage::Packed,
                               symbols_.packedWeights.lookup(ref.getPacked()),
                               0};
    return Status();
  } else if (auto constant = dyn_cast<cpu::ConstantOp>(op)) {
    bases_[constant.getResult()] = {
        plan::Storage::Constant, 0,
        symbols_.constants.add(constant.getValue())};
    return Status();
  } else {
    return failedPrecondition("operation " + op.getName().getStringRef().str() +
                              " in entry @" + entry_.name +
                              " is no step of a plan");
  }
  if (offsets.size() != op.getNumResults()) {
    return failedPrecondition("operation " + op.getName().getStringRef().str() +
                              " in entry @" + entry_.name +
                              " has not been through memory planning");
  }
  for (auto [result, offset] : llvm::zip(op.getResults(), offsets)) {
    bases_[result] = {plan::Storage::Arena, 0, uint64_t(offset)};
  }
  return Status();
}

Status EntryWriter::writeStep(cpu::CpuStepOpInterface op) {
  FailureOr<StepDescription> description = describeStep(op);
  if (failed(description)) {
    return failedPrecondition("operation " +
                              op->getName().getStringRef().str() +
                              " has no step kind in the plan");
  }
  auto step = std::make_unique<plan::StepT>();
  step->params = std::move(description->params);
  for (Value input : description->inputs) {
    step->inputs.push_back(input ? tensor(input) : kNoOperand);
  }
  if (auto insert = dyn_cast<cpu::InsertOp>(op.getOperation())) {
    auto source = cast<RankedTensorType>(insert.getSource().getType());
    cpu::Window window;
    window.shape = llvm::to_vector(source.getShape());
    window.strides = llvm::to_vector(insert.getWindow().getStrides());
    window.offset = insert.getWindow().getOffset();
    step->outputs.push_back(addTensor(bases_.lookup(insert.getResult()), window,
                                      source.getElementType()));
  } else {
    for (Value output : description->outputs) {
      step->outputs.push_back(output ? tensor(output) : kNoOperand);
    }
  }
  step->scope = op.getStepScope().str();
  if (precision_) {
    if (auto reason = precision_.getAs<StringAttr>(op.getStepScope())) {
      step->precision_reason = reason.str();
    }
  }
  step->flops = op.getFlops();
  entry_.flops += step->flops;
  entry_.steps.push_back(std::move(step));
  return Status();
}

uint32_t EntryWriter::tensor(Value value) {
  auto found = tensors_.find(value);
  if (found != tensors_.end()) {
    return found->second;
  }
  auto type = cast<RankedTensorType>(value.getType());
  uint32_t index = addTensor(bases_.lookup(value), cpu::windowOf(type),
                             type.getElementType());
  tensors_[value] = index;
  return index;
}

uint32_t EntryWriter::addTensor(const Base &base, const cpu::Window &window,
                                Type elementType) {
  auto tensor = std::make_unique<plan::TensorT>();
  tensor->dtype = planType(elementType);
  tensor->shape.assign(window.shape.begin(), window.shape.end());
  if (!cpu::isContiguous(window)) {
    tensor->strides.assign(window.strides.begin(), window.strides.end());
  }
  tensor->storage = base.storage;
  tensor->index = base.index;
  tensor->offset = base.offset + window.offset * elementBytes(elementType);
  entry_.tensors.push_back(std::move(tensor));
  return entry_.tensors.size() - 1;
}

void EntryWriter::bind(std::vector<std::unique_ptr<plan::BindingT>> &bindings,
                       StringAttr name, Value value) {
  auto binding = std::make_unique<plan::BindingT>();
  binding->name = name.getValue().str();
  binding->tensor = tensor(value);
  bindings.push_back(std::move(binding));
}

} // namespace

Status writeEntry(func::FuncOp function, PlanSymbols &symbols,
                  plan::EntryT &entry) {
  return EntryWriter(function, symbols, entry).run();
}

} // namespace bertc
