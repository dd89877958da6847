// SPDX-License-Identifier: Apache-2.0

#include "runtime/synapse/EntryGraphs.h"

#include <algorithm>
#include <set>

namespace bertc::rt::syn {
namespace {

StatusOr<PreparedGraph> prepareGraph(const LibraryPtr &library,
                                     synDeviceType type, RecipeCache &cache,
                                     const plan::Graph &graph,
                                     const TensorAddress &address) {
  BERTC_ASSIGN_OR_RETURN(RecipeCache::Result made,
                         cache.get(library, graph, type));
  PreparedGraph prepared;
  prepared.graph = &graph;
  prepared.recipe = std::move(made.recipe);
  prepared.source = made.source;
  BERTC_ASSIGN_OR_RETURN(prepared.workspaceBytes,
                         prepared.recipe.workspaceBytes());
  for (const plan::GraphTensor *tensor : *graph.tensors()) {
    if (tensor->storage() == plan::GraphStorage::Workspace) {
      continue;
    }
    // Sizes stay 0: the tensors are static.
    synLaunchTensorInfo info = {};
    info.tensorName = tensor->name()->c_str();
    info.tensorType = DATA_TENSOR;
    info.tensorId = made.ids[prepared.tensors.size()];
    if (tensor->storage() == plan::GraphStorage::Derived) {
      prepared.derived.push_back({prepared.tensors.size(), tensor->index()});
    } else {
      info.pTensorAddress = address(*tensor);
    }
    prepared.tensors.push_back(info);
  }
  return prepared;
}

// Variables among the tensors of a graph: all of them, and those that nodes
// put out.
void collectVariables(const plan::Graph &graph, std::set<uint32_t> *touched,
                      std::set<uint32_t> *written) {
  auto isVariable = [&](uint32_t tensor) {
    return tensor < graph.tensors()->size() &&
           graph.tensors()->Get(tensor)->storage() ==
               plan::GraphStorage::Variable;
  };
  for (uint32_t i = 0; i < graph.tensors()->size(); ++i) {
    if (isVariable(i)) {
      touched->insert(graph.tensors()->Get(i)->index());
    }
  }
  for (const plan::GraphNode *node : *graph.nodes()) {
    for (uint32_t output : *node->outputs()) {
      if (isVariable(output)) {
        written->insert(graph.tensors()->Get(output)->index());
      }
    }
  }
}

} // namespace

const flatbuffers::Vector<flatbuffers::Offset<plan::Graph>> *
graphsOf(const plan::Entry &entry, bool deterministic) {
  const auto *without = entry.deterministic_graphs();
  bool there = without != nullptr && without->size() != 0;
  return deterministic && there ? without : entry.graphs();
}

StatusOr<EntryGraphs> prepareGraphs(const LibraryPtr &library,
                                    synDeviceType type, RecipeCache &cache,
                                    const plan::Entry &entry,
                                    bool deterministic,
                                    const TensorAddress &address) {
  EntryGraphs result;
  std::set<uint32_t> touched, written;
  const auto *graphs = graphsOf(entry, deterministic);
  for (uint32_t i = 0; graphs != nullptr && i < graphs->size(); ++i) {
    const plan::Graph &graph = *graphs->Get(i);
    StatusOr<PreparedGraph> prepared =
        prepareGraph(library, type, cache, graph, address);
    if (!prepared.ok()) {
      return prepared.status().annotate("entry '" + entry.name()->str() + "'");
    }
    result.workspaceBytes =
        std::max(result.workspaceBytes, prepared->workspaceBytes);
    result.graphs.push_back(*std::move(prepared));
    collectVariables(graph, &touched, &written);
  }
  result.variables.assign(touched.begin(), touched.end());
  result.written.assign(written.begin(), written.end());
  return result;
}

Status checkDeviceMemory(const Device &device, const Plan &plan,
                         bool deterministic) {
  const plan::Plan &root = plan.file().root();
  uint64_t constants =
      root.constants() == nullptr ? 0 : root.constants()->size();
  uint64_t workspace = 0;
  for (const plan::Entry *entry : *root.entries()) {
    const auto *graphs = graphsOf(*entry, deterministic);
    for (uint32_t i = 0; graphs != nullptr && i < graphs->size(); ++i) {
      workspace = std::max(workspace, graphs->Get(i)->workspace_bytes());
    }
  }
  uint64_t needed =
      root.state_bytes() + root.arena_bytes() + constants + workspace;
  BERTC_ASSIGN_OR_RETURN(Device::Memory memory, device.memory());
  if (needed <= memory.free) {
    return Status();
  }
  auto num = [](uint64_t n) { return std::to_string(n); };
  return resourceExhausted(
      "it needs " + num(needed) + " bytes of device memory (variables " +
      num(root.state_bytes()) + ", arena " + num(root.arena_bytes()) +
      ", workspace about " + num(workspace) + ", constants " + num(constants) +
      "), " + device.name() + " has " + num(memory.free) + " of " +
      num(memory.total) + " free; compile it for a smaller batch");
}

} // namespace bertc::rt::syn
