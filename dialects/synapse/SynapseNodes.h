// SPDX-License-Identifier: Apache-2.0
//
// Between nodes of the IR and the table of kernels.
#pragma once

#include "dialects/synapse/GuidTable.h"
#include "dialects/synapse/SynapseOps.h"

namespace bertc::synapse {

/// Element type of a tensor that the device can hold.
ElementType elementTypeOf(mlir::Type type);

/// What the table wants to know of a node. `guid` points into the IR.
NodeSignature signatureOf(NodeOp node);

/// Full GUID of a kernel of the vector cores: guidFor("add_fwd", bf16) is
/// "add_fwd_bf16". `type` is a tensor type or an element type.
std::string guidFor(llvm::StringRef kernel, mlir::Type type);

/// Bytes of the parameter struct of a node that verifies; empty for none.
std::vector<uint8_t> encodeParams(NodeOp node);

} // namespace bertc::synapse
