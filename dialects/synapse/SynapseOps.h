// SPDX-License-Identifier: Apache-2.0
//
// Operations of the `synapse` dialect.
#pragma once

#include "dialects/synapse/SynapseDialect.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <optional>

namespace bertc::synapse {
class YieldOp;
} // namespace bertc::synapse

#define GET_OP_CLASSES
#include "dialects/synapse/SynapseOps.h.inc"
