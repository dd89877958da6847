// SPDX-License-Identifier: Apache-2.0
//
// Operations of the `cpu` dialect and the interface of its steps.
#pragma once

#include "dialects/cpu/CpuDialect.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <optional>

namespace bertc::cpu {
/// Elements of the largest tensor a step reads or makes.
uint64_t largestOperand(mlir::Operation *op);
} // namespace bertc::cpu

#include "dialects/cpu/CpuInterfaces.h.inc"

#define GET_OP_CLASSES
#include "dialects/cpu/CpuOps.h.inc"
