// SPDX-License-Identifier: Apache-2.0
//
// The reference interpreter of the bert dialect: slow, obvious, and the oracle
// that passes and targets are compared with. Every operation is computed in
// double and its results are then rounded to their element type, so that an
// f32 result is within half a unit in the last place of the formula applied to
// its operands. In f64 mode floats are not rounded at all.
//
//   interpret::Interpreter interpreter(module);
//   BERTC_RETURN_IF_ERROR(interpreter.setVariable("w", weights));
//   BERTC_ASSIGN_OR_RETURN(auto outputs,
//                          interpreter.run("predict", {{"x", input}}));
//
// Variables keep their values from one run to the next.
#pragma once

#include "compiler/interpret/Tensor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"

#include <map>
#include <string>
#include <vector>

namespace bertc::interpret {

/// How floats are rounded between operations.
enum class Rounding {
  /// To the element type of each value.
  AsTyped,
  /// Not at all: every float type is evaluated in f64.
  None,
};

/// Tensors by name.
using TensorMap = std::map<std::string, Tensor>;

class Interpreter {
public:
  /// `module` is verified bert and func operations; it is borrowed. Variables
  /// whose init is constant start with that value, the others are unset.
  explicit Interpreter(mlir::ModuleOp module,
                       Rounding rounding = Rounding::AsTyped);

  /// Runs an entry point on inputs by `bert.name`. Every argument needs an
  /// input of its shape; floats of any width fit a float argument and are
  /// rounded to it, other element types have to be equal. Unknown inputs are
  /// errors, as are indices out of range and reads of unset variables.
  StatusOr<TensorMap> run(llvm::StringRef entry, const TensorMap &inputs);

  /// Runs any function of the module on arguments in order.
  StatusOr<std::vector<Tensor>> call(llvm::StringRef function,
                                     std::vector<Tensor> arguments);

  /// Gives a variable a value of its shape, converted as inputs are.
  Status setVariable(llvm::StringRef name, Tensor value);

  /// Null when the variable does not exist or is unset.
  const Tensor *variable(llvm::StringRef name) const;

  /// All variables that are set.
  const TensorMap &variables() const { return variables_; }

  /// Fills the variables whose init is truncated_normal, by the seed and the
  /// variable's name. (Not the numbers that the runtime draws.)
  void initialiseVariables(uint64_t seed);

  /// How many workers all-reduces add up, all with the inputs and variables of
  /// this one; 1 at first. What travels is not rounded.
  void setWorkers(int64_t workers) { workers_ = static_cast<double>(workers); }

private:
  using Frame = llvm::DenseMap<mlir::Value, Tensor>;

  Status runBody(mlir::func::FuncOp func, Frame &frame,
                 std::vector<Tensor> &results);
  Status runOperation(mlir::Operation &op, Frame &frame);
  Status readOrAssign(mlir::Operation &op, Frame &frame, bool &handled);
  Status sumOverWorkers(llvm::StringRef name);
  Status settle(mlir::Operation &operation, Frame &frame);
  StatusOr<Tensor> fit(Tensor value, mlir::RankedTensorType type,
                       const std::string &what) const;
  void roundResult(Tensor &tensor) const;

  mlir::ModuleOp module_;
  Rounding rounding_;
  double workers_ = 1;
  TensorMap variables_;
};

} // namespace bertc::interpret
