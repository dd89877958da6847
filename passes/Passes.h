// SPDX-License-Identifier: Apache-2.0
//
// Constructors and registration of all passes; passes/Passes.td documents them.
#pragma once

#include "dialects/bert/BertDialect.h"
#include "dialects/cpu/CpuDialect.h"
#include "dialects/synapse/SynapseDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace bertc {

#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

/// Makes every pass known to pass pipelines given as text (bertc-opt).
inline void registerAllPasses() { registerBertcPasses(); }

} // namespace bertc
