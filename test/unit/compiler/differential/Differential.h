// SPDX-License-Identifier: Apache-2.0
//
// The differential test of a pass: every function that is there before and
// after it computes the same, on random arguments and variables.
#pragma once

#include "compiler/interpret/Compare.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"

#include <string>
#include <vector>

namespace bertc {

/// A context that knows the dialects and how they are differentiated; all
/// passes are registered.
std::unique_ptr<mlir::MLIRContext> differentialContext();

/// Every pass from the bert dialect to itself, as pass pipeline text, in the
/// order the compiler runs them.
const std::vector<std::string> &graphPasses();

/// Runs the pass on `module`.
Status runPass(mlir::ModuleOp module, const std::string &pass);

/// Runs the pass on `module` and compares it with what it was. Without rounding
/// the tolerance is that of constants folded in f32.
Status runAndCompare(mlir::ModuleOp module, const std::string &pass,
                     uint64_t seed,
                     interpret::Rounding rounding = interpret::Rounding::None,
                     interpret::Tolerance tolerance = {1e-6, 1e-6});

} // namespace bertc
