// SPDX-License-Identifier: Apache-2.0

#include "compiler/inspect/GraphStatistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace bertc {

namespace {

constexpr uint32_t kNoOperand = 0xffffffff;

synapse::TensorSignature tensorOf(const plan::Graph &graph, uint32_t index) {
  const plan::GraphTensor &tensor = *graph.tensors()->Get(index);
  // Numbered alike.
  return {static_cast<synapse::ElementType>(tensor.dtype()),
          synapse::Sizes(tensor.sizes()->begin(), tensor.sizes()->end())};
}

struct NodeTime {
  double seconds = 0, productSeconds = 0;
};

NodeTime timeOf(const plan::GraphNode &node,
                const synapse::NodeSignature &signature,
                const synapse::DeviceLimits &limits) {
  NodeTime time;
  synapse::KernelOf found = synapse::findKernel(signature.guid);
  if (found.kernel && found.kernel->engine == synapse::Engine::Matrix) {
    bool bf16 = signature.operands[0]->type == synapse::ElementType::BF16;
    time.productSeconds = static_cast<double>(node.flops()) /
                          (bf16 ? limits.bf16Peak : limits.f32Peak);
  }
  double moved = static_cast<double>(synapse::bytesOf(signature));
  time.seconds = std::max(time.productSeconds, moved / limits.bandwidth);
  return time;
}

/// Calls `visit` with each node of the entry's graphs.
template <typename Visit> void eachNode(const plan::Entry &entry, Visit visit) {
  if (entry.graphs() == nullptr) {
    return;
  }
  for (const plan::Graph *graph : *entry.graphs()) {
    for (const plan::GraphNode *node : *graph->nodes()) {
      visit(*graph, *node);
    }
  }
}

} // namespace

bool hasGraphs(const plan::Plan &plan) {
  return synapse::limitsOf(plan.target()->string_view()).has_value();
}

synapse::NodeSignature signatureOf(const plan::Graph &graph,
                                   const plan::GraphNode &node) {
  synapse::NodeSignature signature;
  signature.guid = node.guid()->string_view();
  for (uint32_t index : *node.inputs()) {
    signature.operands.push_back(index == kNoOperand
                                     ? std::nullopt
                                     : std::optional(tensorOf(graph, index)));
  }
  for (uint32_t index : *node.outputs()) {
    signature.results.push_back(tensorOf(graph, index));
  }
  return signature;
}

std::vector<FamilyStatistics>
familyStatistics(const plan::Entry &entry,
                 const synapse::DeviceLimits &limits) {
  std::map<std::string, FamilyStatistics> families;
  eachNode(entry, [&](const plan::Graph &graph, const plan::GraphNode &node) {
    synapse::NodeSignature signature = signatureOf(graph, node);
    synapse::KernelOf found = synapse::findKernel(signature.guid);
    FamilyStatistics &family = families[std::string(
        found.kernel ? found.kernel->name : signature.guid)];
    family.nodes += 1;
    family.flops += node.flops();
    family.bytes += synapse::bytesOf(signature);
    family.seconds += timeOf(node, signature, limits).seconds;
  });
  std::vector<FamilyStatistics> sorted;
  for (auto &[name, family] : families) {
    family.family = name;
    sorted.push_back(family);
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const FamilyStatistics &a, const FamilyStatistics &b) {
                     return a.seconds > b.seconds;
                   });
  return sorted;
}

EstimatedTime estimatedTime(const plan::Entry &entry,
                            const synapse::DeviceLimits &limits) {
  EstimatedTime sum;
  eachNode(entry, [&](const plan::Graph &graph, const plan::GraphNode &node) {
    NodeTime time = timeOf(node, signatureOf(graph, node), limits);
    sum.seconds += time.seconds;
    sum.productSeconds += time.productSeconds;
  });
  return sum;
}

uint64_t numNodes(const plan::Entry &entry) {
  uint64_t count = 0;
  eachNode(entry,
           [&](const plan::Graph &, const plan::GraphNode &) { ++count; });
  return count;
}

uint64_t largestWorkspace(const plan::Plan &plan) {
  uint64_t most = 0;
  for (const plan::Entry *entry : *plan.entries()) {
    for (const auto *graphs :
         {entry->graphs(), entry->deterministic_graphs()}) {
      if (graphs == nullptr) {
        continue;
      }
      for (const plan::Graph *graph : *graphs) {
        most = std::max(most, graph->workspace_bytes());
      }
    }
  }
  return most;
}

std::string paramsText(const plan::GraphNode &node) {
  std::vector<uint8_t> bytes(node.params()->begin(), node.params()->end());
  synapse::KernelOf found = synapse::findKernel(node.guid()->string_view());
  if (found.kernel) {
    if (auto params = synapse::decodeParams(found, bytes)) {
      return synapse::paramsText(*params);
    }
  }
  std::string text;
  for (uint8_t byte : bytes) {
    text += fmt::format("{:02x}", byte);
  }
  return text;
}

} // namespace bertc
