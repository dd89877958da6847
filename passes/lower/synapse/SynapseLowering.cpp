// SPDX-License-Identifier: Apache-2.0
//
// The bookkeeping of lowering one function: which tensor stands for what.

#include "passes/lower/synapse/SynapseLowering.h"

#include "dialects/synapse/SynapseNodes.h"

using namespace mlir;

namespace bertc::lower::syn {

const LoweringTable::Handler *LoweringTable::find(Operation *op) const {
  auto found = handlers_.find(op->getName().getStringRef());
  return found == handlers_.end() ? nullptr : &found->second;
}

SynapseLowering::SynapseLowering(func::FuncOp function,
                                 const LoweringOptions &options)
    : function_(function), options_(options), builder_(function.getContext()),
      loc_(function.getLoc()), body_(std::make_unique<Block>()) {
  builder_.setInsertionPointToEnd(body_.get());
}

SynapseLowering::~SynapseLowering() = default;

void SynapseLowering::findMaskedScores() {
  for (auto add : function_.getOps<bert::AddOp>()) {
    if (std::optional<MaskedScores> scores = MaskedScores::find(add)) {
      maskedScores_[add] = *scores;
      takenIn_.insert(scores->product);
    }
  }
}

LogicalResult SynapseLowering::run() {
  if (options_.gaudi2) {
    findMaskedScores();
  }
  for (Operation &op : function_.getBody().front()) {
    loc_ = op.getLoc();
    auto named = dyn_cast<bert::TfOpInterface>(op);
    scope_ = named ? named.getScopeAttr() : StringAttr();
    if (failed(checkTypes(&op)) || failed(lower(&op))) {
      return failure();
    }
  }
  finish();
  return success();
}

/// What the device can hold.
static LogicalResult checkType(Operation *op, RankedTensorType type) {
  Type element = type.getElementType();
  if (!element.isF32() && !element.isBF16() && !element.isInteger(32) &&
      !element.isInteger(1)) {
    return op->emitError() << "expected an element type that a synapse target "
                              "has (f32, bf16, i32, i1), found "
                           << element;
  }
  if (type.getRank() > 5) {
    return op->emitError() << "expected at most the 5 dimensions that a "
                              "synapse target has, found "
                           << type.getRank();
  }
  return success();
}

LogicalResult SynapseLowering::checkTypes(Operation *op) {
  SmallVector<Type> types(op->getOperandTypes());
  llvm::append_range(types, op->getResultTypes());
  for (Type type : types) {
    if (failed(checkType(op, llvm::cast<RankedTensorType>(type)))) {
      return failure();
    }
  }
  return success();
}

LogicalResult SynapseLowering::lower(Operation *op) {
  if (isa<func::ReturnOp>(op) || takenIn_.contains(op)) {
    return success();
  }
  if (auto scores = maskedScores_.find(op); scores != maskedScores_.end()) {
    scores->second.lower(*this, llvm::cast<bert::AddOp>(op));
    return success();
  }
  if (const LoweringTable::Handler *handler = allLowerings().find(op)) {
    return (*handler)(*this, op);
  }
  return op->emitOpError() << "cannot be lowered to a synapse target (in @"
                           << function_.getSymName()
                           << "); forms made for the cpu (fusions, ranges of "
                              "keys) have no place before";
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Value SynapseLowering::input(BlockArgument argument) {
  inputs_.push_back(argument);
  return body_->addArgument(toDevice(argument.getType()), argument.getLoc());
}

/// The elements of a constant operation, else null.
static DenseElementsAttr constantOf(Value value) {
  auto constant = value.getDefiningOp<bert::ConstantOp>();
  return constant ? dyn_cast<DenseElementsAttr>(constant.getValue())
                  : DenseElementsAttr();
}

Value SynapseLowering::materialize(Value value) {
  RankedTensorType type = toDevice(value.getType());
  if (DenseElementsAttr elements = constantOf(value)) {
    return constant(elements, type.getElementType());
  }
  if (Value source = broadcasts_.lookup(value)) {
    return broadcast(source, type.getShape());
  }
  if (Value floats = floats_.lookup(value)) {
    return cast(broadcast(floats, type.getShape()), type.getElementType());
  }
  return input(llvm::cast<BlockArgument>(value));
}

Value SynapseLowering::get(Value value) {
  if (Value tensor = tensors_.lookup(value)) {
    return tensor;
  }
  Value made = materialize(value);
  set(value, made);
  return made;
}

void SynapseLowering::set(Value value, Value tensor) {
  assert(tensor.getType() == toDevice(value.getType()) &&
         "expected a tensor of the type that the value has on the device");
  tensors_[value] = tensor;
}

Value SynapseLowering::getSource(Value value) {
  DenseElementsAttr elements = constantOf(value);
  if (elements && elements.isSplat() &&
      isa<FloatType>(elements.getElementType())) {
    return scalar(elements.getSplatValue<APFloat>().convertToDouble(),
                  elements.getElementType());
  }
  Value source = broadcasts_.lookup(value);
  return source ? source : get(value);
}

void SynapseLowering::setBroadcast(Value value, Value tensor) {
  broadcasts_[value] = tensor;
}

void SynapseLowering::setSame(Value alias, Value value) {
  bool known = false;
  for (auto *map : {&broadcasts_, &floats_}) {
    if (Value tensor = map->lookup(value)) {
      (*map)[alias] = tensor;
      known = true;
    }
  }
  if (!known || tensors_.contains(value)) {
    set(alias, get(value));
  }
}

Value SynapseLowering::getFloats(Value value) {
  if (isa<FloatType>(getElementTypeOrSelf(value))) {
    return getSource(value);
  }
  if (Value floats = floats_.lookup(value)) {
    return floats;
  }
  Value made;
  if (DenseElementsAttr elements = constantOf(value)) {
    made = elements.isSplat()
               ? scalar(elements.getSplatValue<APInt>().getSExtValue(), f32())
               : constant(elements, f32());
  } else {
    made = toF32(getSource(value));
  }
  floats_[value] = made;
  return made;
}

void SynapseLowering::setFloats(Value value, Value tensor) {
  floats_[value] = tensor;
}

//===----------------------------------------------------------------------===//
// Variables and the end
//===----------------------------------------------------------------------===//

Value SynapseLowering::readVariable(FlatSymbolRefAttr variable,
                                    RankedTensorType type) {
  if (Value assigned = assigned_.lookup(variable)) {
    return assigned;
  }
  Value &read = reads_[variable];
  if (!read) {
    read = synapse::ReadOp::create(builder_, loc_, type, variable);
  }
  return read;
}

void SynapseLowering::assignVariable(FlatSymbolRefAttr variable, Value tensor) {
  assigned_[variable] = tensor;
}

/// Whether the result of a node may be the memory of its operand.
static bool sharesMemory(Operation *op) {
  auto node = dyn_cast<synapse::NodeOp>(op);
  return node && synapse::mayShareMemory(node.getGuid());
}

Value SynapseLowering::own(Value tensor) {
  if (!tensor.getDefiningOp<synapse::NodeOp>() || placed_.contains(tensor)) {
    tensor = copy(tensor);
  }
  placed_.insert(tensor);
  return tensor;
}

/// Whether `node` writes an element of its result only after it has read that
/// of the operand.
static bool isReadElementwise(OpOperand &operand) {
  auto node = llvm::cast<synapse::NodeOp>(operand.getOwner());
  return synapse::isElementwiseIn(synapse::signatureOf(node),
                                  operand.getOperandNumber());
}

/// Whether writing the result of `node` over `old` spoils what somebody reads
/// there, directly or through nodes that may share its memory: one behind
/// `node`, or `node` itself unless it goes element by element.
static bool isSpoilt(Value old, Operation *node) {
  return llvm::any_of(old.getUses(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    if (user == node) {
      return !isReadElementwise(use);
    }
    return node->isBeforeInBlock(user) ||
           (sharesMemory(user) && isSpoilt(user->getResult(0), node));
  });
}

void SynapseLowering::storeVariables() {
  for (auto &[variable, tensor] : assigned_) {
    if (tensor != reads_.lookup(variable)) {
      tensor = sharesMemory(tensor.getDefiningOp()) ? own(copy(tensor))
                                                    : own(tensor);
    }
  }
  // The node that makes the new value writes over the old one. All who read
  // that have to be able to run before, so a value that is made too early is
  // copied now.
  for (auto &[variable, tensor] : assigned_) {
    Value old = reads_.lookup(variable);
    if (old == tensor) {
      continue;
    }
    if (old && isSpoilt(old, tensor.getDefiningOp())) {
      tensor = copy(tensor);
    }
    synapse::StoreOp::create(builder_, loc_,
                             llvm::cast<FlatSymbolRefAttr>(variable), tensor);
  }
}

/// Erases what nobody asks for in the end: values are read and converted before
/// it is known whether their user takes them in another form.
static void eraseUnused(Block &body) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body))) {
    if (op.use_empty() && isPure(&op) && op.getNumResults() != 0) {
      op.erase();
    }
  }
}

/// Says of an argument or result what the host calls it where that is not the
/// reverse of what the device does.
static TypeAttr hostType(Type type) {
  auto host = llvm::cast<RankedTensorType>(type);
  return synapse::reversedType(toDevice(host)) == host ? TypeAttr()
                                                       : TypeAttr::get(host);
}

void SynapseLowering::finish() {
  Block &block = function_.getBody().front();
  auto ret = llvm::cast<func::ReturnOp>(block.getTerminator());
  SmallVector<Value> results;
  SmallVector<Type> types;
  for (Value value : ret.getOperands()) {
    results.push_back(own(get(value)));
    types.push_back(results.back().getType());
  }
  storeVariables();
  synapse::YieldOp::create(builder_, loc_, results);
  eraseUnused(*body_);

  for (auto [i, type] : llvm::enumerate(function_.getResultTypes())) {
    if (TypeAttr host = hostType(type)) {
      function_.setResultAttr(i, synapse::kHostTypeAttr, host);
    }
  }
  SmallVector<Type> argumentTypes;
  SmallVector<Operation *> old;
  for (Operation &op : block) {
    old.push_back(&op);
  }
  for (BlockArgument argument : block.getArguments()) {
    if (TypeAttr host = hostType(argument.getType())) {
      function_.setArgAttr(argument.getArgNumber(), synapse::kHostTypeAttr,
                           host);
    }
    argumentTypes.push_back(toDevice(argument.getType()));
  }
  for (Operation *op : llvm::reverse(old)) {
    op->erase();
  }
  for (auto [argument, type] : llvm::zip(block.getArguments(), argumentTypes)) {
    argument.setType(type);
  }
  function_.setType(
      FunctionType::get(function_.getContext(), argumentTypes, types));
  loc_ = function_.getLoc();
  builder_.setInsertionPointToEnd(&block);
  for (auto [variables, bucket] : allReduces_) {
    synapse::AllReduceOp::create(builder_, loc_, variables, bucket);
  }
  auto graph = synapse::GraphOp::create(
      builder_, loc_, types, function_.getSymNameAttr(),
      SmallVector<Value>(inputs_.begin(), inputs_.end()),
      /*result_offsets=*/nullptr, /*workspace_bytes=*/nullptr);
  graph.getBody().push_back(body_.release());
  func::ReturnOp::create(builder_, loc_, graph.getResults());
}

} // namespace bertc::lower::syn
