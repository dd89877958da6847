// SPDX-License-Identifier: Apache-2.0
//
// Writes a module of the `cpu` or `synapse` dialect, after memory planning, as
// a plan file (runtime/schema/plan.fbs). Nothing is decided here, and the same
// module gives the same bytes.
//
//   BERTC_ASSIGN_OR_RETURN(std::string bytes, writePlan(module, options));
//   return writeFileAtomically("base.plan", bytes);
#pragma once

#include "bertc/status.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace bertc {

struct PlanWriterOptions {
  /// avx2, avx512, avx512_bf16 or amx: the least the CPU must have.
  std::string cpuIsa = "avx2";
  /// What made the plan, e.g. "bertc 0.1.0".
  std::string producer = "bertc";
};

/// The bytes of the plan, sealed with their hash and accepted by the runtime's
/// own verifier. Errors: FailedPrecondition when the module has no model
/// description or has not been through memory planning; Internal when the
/// verifier refuses what was written.
StatusOr<std::string> writePlan(mlir::ModuleOp module,
                                const PlanWriterOptions &options);

} // namespace bertc
