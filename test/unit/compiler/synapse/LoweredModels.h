// SPDX-License-Identifier: Apache-2.0
//
// A module of the bert dialect beside what the lowering to SynapseAI makes of
// it: both run every entry on the same random arguments and variables.
#pragma once

#include "test/unit/compiler/synapse/GraphRunner.h"
#include "test/unit/compiler/synapse/NormCompare.h"

#include "mlir/IR/OwningOpRef.h"

#include <string>
#include <vector>

namespace bertc {

/// What to do to a module of a model, and how to compare.
struct LoweringCase {
  /// Pass pipeline text, one pass each: the graph's, before both sides part...
  std::vector<std::string> passes;
  /// ... and those behind, that begin with the lowering.
  std::vector<std::string> lowering = {"bert-to-synapse"};
  std::string device = "gaudi2";
  NormTolerance tolerance;
  uint64_t seed = 1;
};

/// The passes before the lowering, without the conversion to bf16 and with it.
std::vector<std::string> synapsePasses(const std::string &optimizer,
                                       bool bf16 = false);

/// Runs every entry of `module`, without dropout, in the interpreter and on the
/// stand-in's operations; ok when outputs and variables agree.
Status compareLowering(mlir::ModuleOp module, const LoweringCase &options);

} // namespace bertc
