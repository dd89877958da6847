// SPDX-License-Identifier: Apache-2.0
//
// The `synapse` dialect: its registration, enumerations and the names of the
// attributes it puts on functions and modules. Operations are in SynapseOps.h.
#pragma once

#include "mlir/IR/Attributes.h"
#include "mlir/IR/Dialect.h"

#include "dialects/synapse/SynapseDialect.h.inc"
#include "dialects/synapse/SynapseEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/synapse/SynapseAttrs.h.inc"

namespace bertc::synapse {

/// On an argument or result of an entry: the row-major type the host knows it
/// by. Without it, the dimensions in reverse.
constexpr llvm::StringLiteral kHostTypeAttr = "synapse.host_type";
/// On an argument of an entry: byte offset in the arena.
constexpr llvm::StringLiteral kOffsetAttr = "synapse.offset";
/// On a function: the name of the entry that this one is without dropout.
constexpr llvm::StringLiteral kDeterministicOfAttr = "synapse.deterministic_of";
/// On a function: bytes of the arena that it uses.
constexpr llvm::StringLiteral kArenaBytesAttr = "synapse.arena_bytes";
/// On a module: "gaudi" or "gaudi2".
constexpr llvm::StringLiteral kDeviceAttr = "synapse.device";
/// On a module: bytes of all variables, and of device memory altogether.
constexpr llvm::StringLiteral kStateBytesAttr = "synapse.state_bytes";
constexpr llvm::StringLiteral kDeviceBytesAttr = "synapse.device_bytes";

} // namespace bertc::synapse
