// SPDX-License-Identifier: Apache-2.0
//
// The bookkeeping of lowering one function, and the end of it.

#include "passes/lower/FunctionLowering.h"

using namespace mlir;

namespace bertc::lower {

namespace {

/// Whether the result of `op` may share the storage of an operand.
bool isAlias(Operation *op) {
  return isa<bert::ReshapeOp, bert::TransposeOp, bert::SliceOp,
             bert::SliceGradOp, bert::ConcatOp, bert::IdentityOp,
             bert::BroadcastToOp, bert::CastOp, bert::AddNOp, bert::DropoutOp,
             bert::DropoutGradOp, bert::ReduceSumOp, bert::ReduceMeanOp,
             bert::ReduceMaxOp>(op);
}

} // namespace

FunctionLowering::FunctionLowering(func::FuncOp function,
                                   PackedWeightTable &packed)
    : function_(function), packed_(packed), builder_(function.getContext()),
      loc_(function.getLoc()) {}

LogicalResult FunctionLowering::run() {
  Block &body = function_.getBody().front();
  SmallVector<Operation *> ops;
  for (Operation &op : body) {
    positions_[&op] = ops.size();
    ops.push_back(&op);
  }
  findWrites();
  for (BlockArgument argument : body.getArguments()) {
    set(argument, argument);
  }
  for (Operation *op : ops) {
    if (done_.contains(op)) {
      continue;
    }
    builder_.setInsertionPoint(op);
    loc_ = op->getLoc();
    auto named = dyn_cast<bert::TfOpInterface>(op);
    scope_ = named ? named.getScopeAttr() : StringAttr();
    if (failed(lower(op))) {
      return failure();
    }
  }
  for (Operation *op : llvm::reverse(ops)) {
    if (!isa<func::ReturnOp>(op)) {
      op->erase();
    }
  }
  // Casts that every user has seen through.
  for (auto step :
       llvm::make_early_inc_range(function_.getOps<cpu::UnaryOp>())) {
    if (step.getKind() == cpu::UnaryKind::Cast && step->use_empty()) {
      step.erase();
    }
  }
  return success();
}

LogicalResult FunctionLowering::lower(Operation *op) {
  if (auto ret = dyn_cast<func::ReturnOp>(op)) {
    return lowerReturn(ret);
  }
  for (auto *family : {lowerElementwise, lowerShape, lowerLinear, lowerNorm,
                       lowerLoss, lowerFused, lowerMask, lowerVariables}) {
    FailureOr<bool> lowered = family(*this, op);
    if (failed(lowered)) {
      return failure();
    }
    if (*lowered) {
      return success();
    }
  }
  return op->emitOpError() << "cannot be lowered to the cpu target (in @"
                           << function_.getSymName() << ")";
}

/// An output is read after the entry has ended, when other steps may have
/// changed inputs and variables: it gets memory of its own unless a step made
/// it and no other output shows it.
LogicalResult FunctionLowering::lowerReturn(func::ReturnOp op) {
  llvm::DenseSet<Value> taken;
  for (OpOperand &operand : op->getOpOperands()) {
    Value value = getContiguous(operand.get());
    Value root = value;
    while (auto view = root.getDefiningOp<cpu::ViewOp>()) {
      root = view.getSource();
    }
    bool ownStorage =
        isa_and_nonnull<cpu::CpuStepOpInterface>(root.getDefiningOp());
    if (!ownStorage || !cpu::isDense(value.getType()) ||
        !taken.insert(root).second) {
      value = copy(value);
    }
    operand.set(value);
  }
  return success();
}

Value FunctionLowering::get(Value value) {
  if (!value) {
    return nullptr;
  }
  auto found = values_.find(value);
  if (found != values_.end()) {
    return found->second;
  }
  if (bert::CastOp cast = lazy_.lookup(value)) {
    Value made = cpu::UnaryOp::create(builder_, cast.getLoc(), value.getType(),
                                      cpu::UnaryKind::Cast, get(cast.getX()),
                                      cast.getScopeAttr(), nullptr);
    set(value, made);
    return made;
  }
  // Only now does somebody need the broadcast itself.
  Value source = broadcasts_.at(value);
  auto type = RankedTensorType::get(typeOf(value).getShape(),
                                    typeOf(value).getElementType());
  Value made;
  auto constant = source.getDefiningOp<cpu::ConstantOp>();
  if (constant && typeOf(source).getNumElements() == 1) {
    auto elements = cast<DenseElementsAttr>(constant.getValue());
    double number = isa<FloatType>(type.getElementType())
                        ? elements.getSplatValue<APFloat>().convertToDouble()
                        : elements.getSplatValue<APInt>().getSExtValue();
    if (type.getElementType().isInteger(1)) {
      number = elements.getSplatValue<APInt>().getBoolValue();
    }
    made =
        cpu::FillOp::create(builder_, loc_, type,
                            builder_.getF64FloatAttr(number), scope_, nullptr);
  } else {
    made = repeat(source, type);
  }
  set(value, made);
  return made;
}

Value FunctionLowering::repeat(Value source, RankedTensorType type) {
  // The kernels' results are exactly as large as their operands broadcast
  // together, so a tensor of the full size has to take part.
  auto ones = cpu::FillOp::create(
      builder_, loc_, type, builder_.getF64FloatAttr(1.0), scope_, nullptr);
  if (!type.getElementType().isInteger(1)) {
    return cpu::BinaryOp::create(builder_, loc_, type, cpu::BinaryKind::Mul,
                                 ones, source, scope_, nullptr);
  }
  Value no = scalar(builder_.getBoolAttr(false), type.getElementType());
  return cpu::SelectOp::create(builder_, loc_, type, source, ones, no, scope_,
                               nullptr);
}

SmallVector<Value> FunctionLowering::getBroadcast(ArrayRef<Value> values,
                                                  ArrayRef<int64_t> shape) {
  SmallVector<Value> lowered;
  for (Value value : values) {
    lowered.push_back(getSource(value));
  }
  // Enlarge operands until together they have the whole shape.
  auto covered = [&] {
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      bool found = shape[axis] == 1;
      bool reached = false;
      for (Value value : lowered) {
        ArrayRef<int64_t> own = typeOf(value).getShape();
        if (own.size() + axis >= shape.size()) {
          reached = true;
          found |= own[own.size() + axis - shape.size()] == shape[axis];
        }
      }
      if (!found || !reached) {
        return false;
      }
    }
    return true;
  };
  for (size_t i = 0; i < values.size() && !covered(); ++i) {
    lowered[i] = get(values[i]);
  }
  return lowered;
}

Value FunctionLowering::getContiguous(Value value) {
  Value lowered = get(value);
  if (!lowered || cpu::isContiguous(typeOf(lowered))) {
    return lowered;
  }
  Value &copied = copies_[lowered];
  if (!copied) {
    copied = copy(lowered);
  }
  return copied;
}

Value FunctionLowering::getFloats(Value value) {
  auto cast = value.getDefiningOp<bert::CastOp>();
  bool widened = cast && typeOf(cast.getX()).getElementType().isBF16() &&
                 typeOf(value).getElementType().isF32();
  return getContiguous(widened ? cast.getX() : value);
}

/// The cast that is the only use of `value` and makes bf16 of it.
static bert::CastOp narrowingUse(Value value) {
  auto cast = value.hasOneUse()
                  ? dyn_cast<bert::CastOp>(*value.getUsers().begin())
                  : bert::CastOp();
  bool narrows = cast && typeOf(value).getElementType().isF32() &&
                 typeOf(cast.getY()).getElementType().isBF16();
  return narrows ? cast : bert::CastOp();
}

Type FunctionLowering::storedType(Value result) {
  bert::CastOp cast = narrowingUse(result);
  return cast ? cast.getY().getType() : result.getType();
}

void FunctionLowering::setStored(Value result, Value lowered) {
  if (bert::CastOp cast = narrowingUse(result)) {
    set(cast.getY(), lowered);
    markDone(cast);
    return;
  }
  set(result, lowered);
}

void FunctionLowering::setLazy(bert::CastOp cast) { lazy_[cast.getY()] = cast; }

Value FunctionLowering::getSource(Value value) {
  auto found = broadcasts_.find(value);
  return found != broadcasts_.end() ? found->second : get(value);
}

void FunctionLowering::set(Value value, Value lowered) {
  values_[value] = lowered;
}

void FunctionLowering::setBroadcast(Value value, Value source) {
  broadcasts_[value] = source;
}

void FunctionLowering::setSame(Value alias, Value value) {
  auto broadcast = broadcasts_.find(value);
  if (broadcast != broadcasts_.end()) {
    setBroadcast(alias, broadcast->second);
  } else {
    set(alias, get(value));
  }
}

Value FunctionLowering::view(Value source, const cpu::Window &window) {
  RankedTensorType type = cpu::typeOf(window, typeOf(source).getElementType());
  if (type == source.getType()) {
    return source;
  }
  return cpu::ViewOp::create(builder_, loc_, type, source);
}

Value FunctionLowering::copy(Value source) {
  auto type = RankedTensorType::get(typeOf(source).getShape(),
                                    typeOf(source).getElementType());
  return cpu::UnaryOp::create(builder_, loc_, type, cpu::UnaryKind::Copy,
                              source, scope_, nullptr);
}

Value FunctionLowering::reshape(Value source, ArrayRef<int64_t> shape) {
  cpu::Window window = cpu::windowOf(typeOf(source));
  std::optional<cpu::Window> reshaped = cpu::reshapeWindow(window, shape);
  if (!reshaped) {
    source = copy(source);
    reshaped = cpu::reshapeWindow(cpu::windowOf(typeOf(source)), shape);
  }
  return view(source, *reshaped);
}

Value FunctionLowering::scalar(Attribute value, Type elementType) {
  auto type = RankedTensorType::get({}, elementType);
  return cpu::ConstantOp::create(builder_, loc_, type,
                                 DenseElementsAttr::get(type, value));
}

void FunctionLowering::findWrites() {
  function_.walk([&](bert::AssignOp assign) {
    unsigned position = positions_.at(assign);
    // An update in place happens where the new value is computed.
    Operation *maker = assign.getValue().getDefiningOp();
    if (isa_and_nonnull<bert::AccumulateOp, bert::LambUpdateOp,
                        bert::AdamwUpdateOp>(maker)) {
      position = positions_.at(maker);
    }
    writes_[assign.getVariableAttr().getAttr()].push_back(position);
  });
  auto exchanged = [&](Operation *op, ArrayAttr names) {
    for (Attribute name : names) {
      writes_[cast<FlatSymbolRefAttr>(name).getAttr()].push_back(
          positions_.at(op));
    }
  };
  function_.walk(
      [&](bert::AllReduceOp op) { exchanged(op, op.getVariables()); });
  function_.walk(
      [&](bert::AllReduceSettleOp op) { exchanged(op, op.getVariables()); });
  for (auto &entry : writes_) {
    llvm::sort(entry.second);
  }
}

bool FunctionLowering::needsCopy(bert::ReadOp read) const {
  auto found = writes_.find(read.getVariableAttr().getAttr());
  if (found == writes_.end()) {
    return false;
  }
  unsigned position = positions_.at(read);
  const unsigned *write = llvm::upper_bound(found->second, position);
  if (write == found->second.end()) {
    return false;
  }
  SmallVector<Value> aliases = {read.getValue()};
  while (!aliases.empty()) {
    Value value = aliases.pop_back_val();
    for (Operation *user : value.getUsers()) {
      if (positions_.at(user) > *write) {
        return true;
      }
      if (isAlias(user)) {
        aliases.push_back(user->getResult(0));
      }
    }
  }
  return false;
}

bert::AssignOp FunctionLowering::inPlaceAssign(OpResult result) {
  if (!result.hasOneUse()) {
    return nullptr;
  }
  auto assign = dyn_cast<bert::AssignOp>(*result.getUsers().begin());
  if (!assign) {
    return nullptr;
  }
  // A read in between would see the new value too early.
  for (Operation *op = result.getOwner()->getNextNode(); op != assign;
       op = op->getNextNode()) {
    auto read = dyn_cast<bert::ReadOp>(op);
    auto other = dyn_cast<bert::AssignOp>(op);
    if ((read && read.getVariable() == assign.getVariable()) ||
        (other && other.getVariable() == assign.getVariable())) {
      return nullptr;
    }
  }
  return assign;
}

} // namespace bertc::lower
