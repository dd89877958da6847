// SPDX-License-Identifier: Apache-2.0
//
// One entry of a plan bound to the memory of a session: prepared steps and what
// is needed to report on them.
#pragma once

#include "bertc/runtime.h"
#include "runtime/core/PlanFile.h"
#include "runtime/core/StepHandler.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace bertc::rt {

class PackedWeights;

/// Yields the first byte of a tensor's storage: arena, variable or constants.
using StorageBase =
    std::function<std::byte *(plan::Storage storage, uint32_t index)>;

struct ProgramStep {
  std::unique_ptr<PreparedStep> step;
  const char *kind = "";
  plan::Params kindId = plan::Params::NONE;
  std::string scope;
  uint64_t flops = 0;
  uint64_t bytes = 0;
  /// Packed copies of the variables that no later step of the entry writes:
  /// made again right after this one, while the new values are in the caches.
  std::vector<uint32_t> repacks;
};

struct EntryProgram {
  std::vector<ProgramStep> steps;
  /// Largest scratch request.
  size_t scratchBytes = 0;
  /// Updates of which other sessions have a part, which exchange() before the
  /// first step of a run when any session has one.
  std::vector<std::shared_ptr<SplitUpdate>> splits;
  bool exchanges = false;
  /// Packed copies to refresh before a run.
  std::vector<uint32_t> packed;
  /// Bindings of the entry, in its order.
  std::vector<TensorRef> inputs;
  std::vector<TensorRef> outputs;
};

/// Which variables steps of the entry write, by index.
std::vector<bool> writtenVariables(const plan::Plan &plan,
                                   const plan::Entry &entry);

/// Prepares every step. `shards` is null unless the session updates parts of
/// variables only; copies of these are then left to the next run that reads
/// them. Errors name entry, step, kind and scope.
StatusOr<EntryProgram> prepareEntry(const plan::Plan &plan,
                                    const plan::Entry &entry,
                                    const StorageBase &base, int threads,
                                    PackedWeights *packed,
                                    const std::vector<WeightShard> *shards);

/// "step 12 (Gather, bert/embeddings/GatherV2)".
std::string stepName(size_t index, const char *kind, const std::string &scope);

} // namespace bertc::rt
