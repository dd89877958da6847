// SPDX-License-Identifier: Apache-2.0
//
// Modules from IR text and tensors from safetensors files, for the programs
// and tests that run the interpreter.
#pragma once

#include "compiler/interpret/Interpreter.h"

#include "mlir/IR/OwningOpRef.h"

namespace bertc::interpret {

/// Reads and verifies a module of bert and func operations. `context` has to
/// outlive it. Diagnostics become the error's message.
StatusOr<mlir::OwningOpRef<mlir::ModuleOp>>
readModule(mlir::MLIRContext &context, const std::string &path);

/// The same from text.
StatusOr<mlir::OwningOpRef<mlir::ModuleOp>>
parseModule(mlir::MLIRContext &context, llvm::StringRef text);

/// All tensors of a safetensors file.
StatusOr<TensorMap> readTensors(const std::string &path);

/// Writes tensors; floats as f64 when `wide`, else in their own type.
Status writeTensors(const std::string &path, const TensorMap &tensors,
                    bool wide);

} // namespace bertc::interpret
