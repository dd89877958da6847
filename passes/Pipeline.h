// SPDX-License-Identifier: Apache-2.0
//
// The phases a model goes through, in order, and the passes of each. `bertc
// compile` runs them all; `--compile-to` stops after one and prints the IR.
#pragma once

#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>

namespace bertc {

enum class Phase {
  /// The forward graph and the loss as models/ builds them.
  Import,
  /// What nobody looks at is left out: the last layer has no more rows than
  /// heads read, and the attention mask of packed sequences is ranges of keys
  /// for the CPU; for the others it keeps its form until they lower it.
  Mask,
  /// @gradients exists beside @loss.
  Gradients,
  /// Slots, @train_step and @apply_gradients exist; @loss is gone.
  Optimizer,
  /// Every value has the element type it will be computed in.
  Precision,
  /// Operations that one kernel can do together are one operation; on gaudi
  /// and gaudi2 the graph compiler's work, which gets folded operations only.
  Fuse,
  /// Plans for several workers have the twin of @train_step in which these add
  /// up their gradients.
  Distribute,
  /// The target's dialect, one operation per step of the plan.
  Lower,
  /// Every tensor has its place in the arena or the state block; nodes of
  /// gaudi and gaudi2 have their order.
  Memory,
  /// The plan file itself.
  Plan,
};

/// Lower-case name of a phase, as `--compile-to` takes it.
llvm::StringRef phaseName(Phase phase);

/// The phase of that name, if there is one.
std::optional<Phase> parsePhase(llvm::StringRef name);

/// "import, mask, ...", for help and messages.
std::string allPhaseNames();

/// How workers of a data-parallel run add up their gradients.
struct ExchangeOptions {
  /// How many are planned for; below 2 nothing is.
  int64_t workers = 1;
  /// After every micro-batch, not once an update.
  bool microBatches = false;
  /// As bf16 on their way.
  bool bf16 = false;
  /// From which on a bucket is full.
  int64_t bucketBytes = 25 << 20;
};

/// What the passes of the phases depend on.
struct PipelineOptions {
  /// cpu, gaudi or gaudi2.
  std::string target = "cpu";
  /// On gaudi and gaudi2: most nodes of a graph, 0 for no limit.
  unsigned maxGraphNodes = 0;
  /// lamb or adamw.
  std::string optimizer = "lamb";
  /// Whether operations become bf16, and the file that says which; empty for
  /// the built-in lists.
  bool bf16 = false;
  std::string bf16Config;
  ExchangeOptions exchange;
};

/// Whether the target takes graphs of SynapseAI: gaudi or gaudi2.
bool isGraphTarget(llvm::StringRef target);

/// Adds the passes of one phase, which may be none (Import and Plan have none).
void buildPhase(Phase phase, const PipelineOptions &options,
                mlir::OpPassManager &manager);

} // namespace bertc
