// SPDX-License-Identifier: Apache-2.0
//
// The graphs of one entry of a plan, compiled and bound to addresses of the
// device: what a run launches, in order.
#pragma once

#include "runtime/core/PlanFile.h"
#include "runtime/synapse/Device.h"
#include "runtime/synapse/RecipeCache.h"

#include <functional>
#include <string>
#include <vector>

namespace bertc::rt::syn {

/// Address on the device where a tensor of the plan begins: variable, constant
/// or arena. Derived tensors have one for each launch.
using TensorAddress = std::function<uint64_t(const plan::GraphTensor &)>;

struct PreparedGraph {
  const plan::Graph *graph = nullptr;
  Recipe recipe;
  RecipeCache::Source source = RecipeCache::Source::Compiled;
  uint64_t workspaceBytes = 0;
  std::vector<synLaunchTensorInfo> tensors;

  /// A tensor whose address depends on where the derived values of this
  /// launch are: position in `tensors`, index into Entry.derived.
  struct Derived {
    size_t tensor;
    uint32_t index;
  };
  std::vector<Derived> derived;
};

struct EntryGraphs {
  std::vector<PreparedGraph> graphs;
  /// Largest of all graphs.
  uint64_t workspaceBytes = 0;
  /// Of Plan.variables: those the graphs touch, and those they write.
  std::vector<uint32_t> variables, written;
};

/// The graphs an entry has, or those without dropout when `deterministic` and
/// there are such.
const flatbuffers::Vector<flatbuffers::Offset<plan::Graph>> *
graphsOf(const plan::Entry &entry, bool deterministic);

/// Compiles, or takes from the cache, every graph of the entry.
StatusOr<EntryGraphs> prepareGraphs(const LibraryPtr &library,
                                    synDeviceType type, RecipeCache &cache,
                                    const plan::Entry &entry,
                                    bool deterministic,
                                    const TensorAddress &address);

/// ResourceExhausted, with the sum, when the plan needs more memory than the
/// device has free: said before the library finds out piece by piece.
Status checkDeviceMemory(const Device &device, const Plan &plan,
                         bool deterministic);

} // namespace bertc::rt::syn
