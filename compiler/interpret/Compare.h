// SPDX-License-Identifier: Apache-2.0
//
// Differential testing: the same function of two modules, one of them usually
// what a pass made of the other, on the same random arguments and variables.
#pragma once

#include "compiler/interpret/Interpreter.h"

namespace bertc::interpret {

/// Elements a and b agree when |a - b| <= atol + rtol |b|, or both are NaN, or
/// they are the same infinity.
struct Tolerance {
  double atol = 0;
  double rtol = 0;
};

/// Ok when `found` agrees with `expected`, which also means the same element
/// type and shape; else an error that begins with `what` and names the worst
/// element.
Status compareTensors(const std::string &what, const Tensor &found,
                      const Tensor &expected, Tolerance tolerance);

/// Arguments that the function can run on: integers inside the tables they
/// index (seen through reshapes and calls), 0 or 1 where they index nothing;
/// floats normal, but positive where the argument's name ends in weights, scale
/// or rate.
std::vector<Tensor> randomArguments(mlir::func::FuncOp func, uint64_t seed);

/// Sets every variable: near its initial value, second moments positive.
Status randomVariables(Interpreter &interpreter, mlir::ModuleOp module,
                       uint64_t seed);

/// Runs `function` of both modules on the same random arguments and variables;
/// an error names the first result or variable that differs. A variable that
/// only one of the modules has is not compared.
Status compareModules(mlir::ModuleOp found, mlir::ModuleOp expected,
                      llvm::StringRef function, uint64_t seed,
                      Tolerance tolerance,
                      Rounding rounding = Rounding::AsTyped);

} // namespace bertc::interpret
