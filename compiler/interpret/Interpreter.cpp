// SPDX-License-Identifier: Apache-2.0
//
// Walks functions operation by operation; the mathematics is in Eval*.cpp.
#include "compiler/interpret/Interpreter.h"

#include "compiler/interpret/Evaluator.h"
#include "dialects/bert/BertOps.h"

#include "llvm/ADT/Hashing.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

#include <cmath>
#include <random>

using namespace mlir;

namespace bertc::interpret {

static std::string text(Type type) {
  std::string result;
  llvm::raw_string_ostream(result) << type;
  return result;
}

Interpreter::Interpreter(ModuleOp module, Rounding rounding)
    : module_(module), rounding_(rounding) {
  module.walk([&](bert::VariableOp variable) {
    if (variable.getInit() != bert::Init::Constant) {
      return;
    }
    Tensor value = Tensor::zeros(variable.getTensorType());
    value.values.assign(value.size(), variable.getInitValue().convertToFloat());
    variables_[variable.getSymName().str()] = std::move(value);
  });
}

void Interpreter::initialiseVariables(uint64_t seed) {
  module_.walk([&](bert::VariableOp variable) {
    if (variable.getInit() != bert::Init::TruncatedNormal) {
      return;
    }
    std::mt19937_64 generator(seed ^ llvm::xxh3_64bits(variable.getSymName()));
    std::normal_distribution<double> normal;
    double sigma = variable.getInitValue().convertToFloat();
    Tensor value = Tensor::zeros(variable.getTensorType());
    for (double &element : value.values) {
      double draw = normal(generator);
      while (std::abs(draw) > 2) {
        draw = normal(generator);
      }
      element = sigma * draw;
    }
    roundResult(value);
    variables_[variable.getSymName().str()] = std::move(value);
  });
}

void Interpreter::roundResult(Tensor &tensor) const {
  if (rounding_ == Rounding::AsTyped) {
    tensor.round();
  }
}

StatusOr<Tensor> Interpreter::fit(Tensor value, RankedTensorType type,
                                  const std::string &what) const {
  DataType dtype = dataTypeOf(type.getElementType());
  bool sameKind =
      value.dtype == dtype || (isFloat(value.dtype) && isFloat(dtype));
  if (ArrayRef<int64_t>(value.shape) != type.getShape() || !sameKind ||
      value.size() != type.getNumElements()) {
    return invalidArgument(what + " is " + dataTypeName(value.dtype) +
                           shapeToString(value.shape) + ", expected " +
                           text(type));
  }
  value.dtype = dtype;
  roundResult(value);
  return value;
}

Status Interpreter::setVariable(StringRef name, Tensor value) {
  auto variable = module_.lookupSymbol<bert::VariableOp>(name);
  if (!variable) {
    return notFound("the module has no variable '" + name.str() + "'");
  }
  BERTC_ASSIGN_OR_RETURN(variables_[name.str()],
                         fit(std::move(value), variable.getTensorType(),
                             "variable '" + name.str() + "'"));
  return Status::okStatus();
}

const Tensor *Interpreter::variable(StringRef name) const {
  auto it = variables_.find(name.str());
  return it == variables_.end() ? nullptr : &it->second;
}

StatusOr<TensorMap> Interpreter::run(StringRef entry, const TensorMap &inputs) {
  auto func = module_.lookupSymbol<func::FuncOp>(entry);
  if (!func || !func->hasAttr(bert::kEntryAttr)) {
    return notFound("the module has no entry point '" + entry.str() + "'");
  }
  std::vector<Tensor> arguments;
  for (unsigned i = 0; i < func.getNumArguments(); ++i) {
    std::string name =
        func.getArgAttrOfType<StringAttr>(i, bert::kNameAttr).str();
    auto it = inputs.find(name);
    if (it == inputs.end()) {
      return invalidArgument("input '" + name + "' of '" + entry.str() +
                             "' is missing, expected " +
                             text(func.getArgument(i).getType()));
    }
    arguments.push_back(it->second);
  }
  if (inputs.size() != arguments.size()) {
    for (const auto &[name, value] : inputs) {
      bool known = false;
      for (unsigned i = 0; i < func.getNumArguments(); ++i) {
        known |= func.getArgAttrOfType<StringAttr>(i, bert::kNameAttr) == name;
      }
      if (!known) {
        return invalidArgument("'" + entry.str() + "' has no input '" + name +
                               "'");
      }
    }
  }
  BERTC_ASSIGN_OR_RETURN(std::vector<Tensor> results,
                         call(entry, std::move(arguments)));
  TensorMap outputs;
  for (unsigned i = 0; i < results.size(); ++i) {
    auto name = func.getResultAttrOfType<StringAttr>(i, bert::kNameAttr);
    outputs[name.str()] = std::move(results[i]);
  }
  return outputs;
}

StatusOr<std::vector<Tensor>> Interpreter::call(StringRef function,
                                                std::vector<Tensor> arguments) {
  auto func = module_.lookupSymbol<func::FuncOp>(function);
  if (!func || func.isExternal()) {
    return notFound("the module has no function '" + function.str() + "'");
  }
  if (arguments.size() != func.getNumArguments()) {
    return invalidArgument("'" + function.str() + "' takes " +
                           std::to_string(func.getNumArguments()) +
                           " arguments, found " +
                           std::to_string(arguments.size()));
  }
  Frame frame;
  for (unsigned i = 0; i < arguments.size(); ++i) {
    auto type = dyn_cast<RankedTensorType>(func.getArgument(i).getType());
    if (!type) {
      return invalidArgument("argument " + std::to_string(i) + " of '" +
                             function.str() + "' is not a ranked tensor");
    }
    StringAttr name = func.getArgAttrOfType<StringAttr>(i, bert::kNameAttr);
    BERTC_ASSIGN_OR_RETURN(frame[func.getArgument(i)],
                           fit(std::move(arguments[i]), type,
                               name ? "input '" + name.str() + "'"
                                    : "argument " + std::to_string(i)));
  }
  std::vector<Tensor> results;
  BERTC_RETURN_IF_ERROR(runBody(func, frame, results));
  return results;
}

Status Interpreter::runBody(func::FuncOp func, Frame &frame,
                            std::vector<Tensor> &results) {
  // Values are freed after their last use, so that peak memory is that of the
  // live values only.
  llvm::DenseMap<Value, unsigned> usesLeft;
  for (Operation &op : func.getBody().front()) {
    if (auto exit = dyn_cast<func::ReturnOp>(op)) {
      for (Value value : exit.getOperands()) {
        results.push_back(frame[value]);
      }
      return Status::okStatus();
    }
    BERTC_RETURN_IF_ERROR(runOperation(op, frame));
    for (Value operand : op.getOperands()) {
      auto [it, isNew] = usesLeft.try_emplace(operand, 0);
      if (isNew) {
        it->second = std::distance(operand.use_begin(), operand.use_end());
      }
      if (--it->second == 0) {
        frame.erase(operand);
      }
    }
    for (Value result : op.getResults()) {
      if (result.use_empty()) {
        frame.erase(result);
      }
    }
  }
  return internalError("function '" + func.getSymName().str() +
                       "' does not return");
}

Status Interpreter::readOrAssign(Operation &op, Frame &frame, bool &handled) {
  handled = true;
  if (auto read = dyn_cast<bert::ReadOp>(op)) {
    auto it = variables_.find(read.getVariable().str());
    if (it == variables_.end()) {
      return failedPrecondition(
          "variable '" + read.getVariable().str() +
          "' has no value yet; set it, or initialise variables from a seed");
    }
    frame[read.getValue()] = it->second;
  } else if (auto assign = dyn_cast<bert::AssignOp>(op)) {
    variables_[assign.getVariable().str()] = frame[assign.getValue()];
  } else if (auto reduce = dyn_cast<bert::AllReduceOp>(op)) {
    for (Attribute name : reduce.getVariables()) {
      BERTC_RETURN_IF_ERROR(
          sumOverWorkers(cast<FlatSymbolRefAttr>(name).getValue()));
    }
  } else if (isa<bert::AllReduceSettleOp>(op)) {
    BERTC_RETURN_IF_ERROR(settle(op, frame));
  } else {
    handled = false;
  }
  return Status::okStatus();
}

Status Interpreter::sumOverWorkers(StringRef name) {
  auto it = variables_.find(name.str());
  if (it == variables_.end()) {
    return failedPrecondition("variable '" + name.str() +
                              "' has no value yet; set it, or initialise "
                              "variables from a seed");
  }
  for (double &value : it->second.values) {
    value *= workers_;
  }
  roundResult(it->second);
  return Status::okStatus();
}

Status Interpreter::settle(Operation &operation, Frame &frame) {
  auto op = cast<bert::AllReduceSettleOp>(operation);
  double scale = frame[op.getScale()][0];
  if (scale == 1) {
    return Status::okStatus();
  }
  for (auto [name, old, grad] :
       llvm::zip_equal(op.getVariables(), op.getOld(), op.getGrad())) {
    StringRef symbol = cast<FlatSymbolRefAttr>(name).getValue();
    Tensor sum = frame[old];
    const Tensor &gradient = frame[grad];
    for (int64_t i = 0; i < sum.size(); ++i) {
      sum[i] += scale * gradient[i];
    }
    roundResult(sum);
    variables_[symbol.str()] = std::move(sum);
    BERTC_RETURN_IF_ERROR(sumOverWorkers(symbol));
  }
  return Status::okStatus();
}

Status Interpreter::runOperation(Operation &op, Frame &frame) {
  bool handled = false;
  BERTC_RETURN_IF_ERROR(readOrAssign(op, frame, handled));
  if (handled) {
    return Status::okStatus();
  }
  std::vector<Tensor> results;
  if (auto callee = dyn_cast<func::CallOp>(op)) {
    std::vector<Tensor> arguments;
    for (Value operand : op.getOperands()) {
      arguments.push_back(frame[operand]);
    }
    BERTC_ASSIGN_OR_RETURN(results,
                           call(callee.getCallee(), std::move(arguments)));
  } else {
    StringRef name = op.getName().getStringRef();
    const EvaluatorTable::Evaluator *evaluator =
        EvaluatorTable::get().find(name);
    if (!evaluator) {
      return invalidArgument("the interpreter does not know operation '" +
                             name.str() + "'");
    }
    std::vector<const Tensor *> operands;
    for (Value operand : op.getOperands()) {
      operands.push_back(&frame[operand]);
    }
    for (Type type : op.getResultTypes()) {
      results.push_back(Tensor::zeros(cast<RankedTensorType>(type)));
    }
    BERTC_RETURN_IF_ERROR((*evaluator)(&op, operands, results));
    for (Tensor &result : results) {
      roundResult(result);
    }
  }
  for (auto [value, tensor] : llvm::zip_equal(op.getResults(), results)) {
    frame[value] = std::move(tensor);
  }
  return Status::okStatus();
}

} // namespace bertc::interpret
