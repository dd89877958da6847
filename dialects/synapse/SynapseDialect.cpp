// SPDX-License-Identifier: Apache-2.0

#include "dialects/synapse/SynapseDialect.h"

#include "dialects/synapse/SynapseOps.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "dialects/synapse/SynapseDialect.cpp.inc"
#include "dialects/synapse/SynapseEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/synapse/SynapseAttrs.cpp.inc"

namespace bertc::synapse {

void SynapseDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/synapse/SynapseAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/synapse/SynapseOps.cpp.inc"
      >();
}

} // namespace bertc::synapse
