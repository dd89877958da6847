// SPDX-License-Identifier: Apache-2.0
//
// Graphs as tables for people.

#include "compiler/inspect/GraphReport.h"
#include "compiler/inspect/Units.h"

#include <fmt/format.h>

namespace bertc {

namespace {

constexpr uint32_t kNoOperand = 0xffffffff;

std::string typeText(const plan::GraphTensor &tensor) {
  std::string sizes;
  for (uint64_t size : *tensor.sizes()) {
    sizes += (sizes.empty() ? "" : ",") + std::to_string(size);
  }
  return fmt::format("{} [{}]",
                     synapse::elementTypeName(
                         static_cast<synapse::ElementType>(tensor.dtype())),
                     sizes);
}

/// Where a tensor is, in words.
std::string placeText(const plan::Plan &plan, const plan::Entry &entry,
                      const plan::GraphTensor &tensor) {
  switch (tensor.storage()) {
  case plan::GraphStorage::Variable:
    return plan.variables()->Get(tensor.index())->name()->str();
  case plan::GraphStorage::Derived: {
    const plan::Derived &number = *entry.derived()->Get(tensor.index());
    return number.kind() == plan::DerivedKind::DropoutSeed
               ? fmt::format("seed of dropout {}", number.op_id())
               : fmt::format("1 - {}^update_step", number.base());
  }
  default:
    return fmt::format("at {}", tensor.offset());
  }
}

std::string sectionsText(const plan::Plan &plan, const plan::Entry &entry,
                         const plan::Graph &graph) {
  std::string text = fmt::format("    {:<9} {:<24} {:<40} {}\n", "section",
                                 "type", "tensor", "place");
  for (const plan::GraphTensor *tensor : *graph.tensors()) {
    if (tensor->storage() != plan::GraphStorage::Workspace) {
      text += fmt::format("    {:<9} {:<24} {:<40} {}\n",
                          plan::EnumNameGraphStorage(tensor->storage()),
                          typeText(*tensor), tensor->name()->str(),
                          placeText(plan, entry, *tensor));
    }
  }
  return text;
}

std::string operandsText(const plan::Graph &graph,
                         const flatbuffers::Vector<uint32_t> &operands) {
  std::string text;
  for (uint32_t index : operands) {
    text += text.empty() ? "" : ", ";
    if (index == kNoOperand) {
      text += "-";
    } else {
      const plan::GraphTensor &tensor = *graph.tensors()->Get(index);
      text += fmt::format("{} {}", tensor.name()->str(), typeText(tensor));
    }
  }
  return text;
}

std::string nodesText(const plan::Graph &graph) {
  std::string text;
  uint32_t position = 0;
  for (const plan::GraphNode *node : *graph.nodes()) {
    text += fmt::format("    {:>6} {} \"{}\"\n", position++,
                        node->guid()->str(), node->name()->str());
    std::string params = paramsText(*node);
    if (!params.empty()) {
      text += fmt::format("           params {}\n", params);
    }
    text += fmt::format("           in     {}\n           out    {}\n",
                        operandsText(graph, *node->inputs()),
                        operandsText(graph, *node->outputs()));
    if (node->after() != nullptr && node->after()->size() != 0) {
      text += fmt::format("           after  {}\n",
                          fmt::join(*node->after(), ", "));
    }
    if (node->precision_reason() != nullptr &&
        node->precision_reason()->size() != 0) {
      text += fmt::format("           why    {}\n",
                          node->precision_reason()->str());
    }
  }
  return text;
}

} // namespace

std::string deviceMemoryText(const plan::Plan &plan) {
  auto limits = synapse::limitsOf(plan.target()->string_view());
  return fmt::format(
      "memory of the device\n  variables   {}\n  arena       {}\n  workspace   "
      "{}, estimated\n  constants   {}\n  together    {} of {}\n",
      bytesText(plan.state_bytes()), bytesText(plan.arena_bytes()),
      bytesText(largestWorkspace(plan)),
      bytesText(plan.constants() == nullptr ? 0 : plan.constants()->size()),
      bytesText(plan.device_bytes()),
      bytesText(limits ? static_cast<uint64_t>(limits->memoryBytes) : 0));
}

std::string graphEntryHead(const plan::Plan &plan, const plan::Entry &entry) {
  EstimatedTime time =
      estimatedTime(entry, *synapse::limitsOf(plan.target()->string_view()));
  uint32_t graphs = entry.graphs()->size();
  return fmt::format(
      "entry {}: {} nodes in {} graph{}, {}, arena {}\n"
      "  estimated   {:.2f} ms, of that {:.2f} ms for products alone at the "
      "published peak\n",
      entry.name()->str(), numNodes(entry), graphs, graphs == 1 ? "" : "s",
      flopsText(entry.flops()), bytesText(entry.arena_bytes()),
      1e3 * time.seconds, 1e3 * time.productSeconds);
}

std::string familiesText(const plan::Plan &plan, const plan::Entry &entry) {
  std::string text =
      fmt::format("  {:<32} {:>6} {:>14} {:>12} {:>12}\n", "kernel", "nodes",
                  "work", "traffic", "estimated");
  for (const FamilyStatistics &family : familyStatistics(
           entry, *synapse::limitsOf(plan.target()->string_view()))) {
    text += fmt::format("  {:<32} {:>6} {:>14} {:>12} {:>9.3f} ms\n",
                        family.family, family.nodes, flopsText(family.flops),
                        bytesText(family.bytes), 1e3 * family.seconds);
  }
  return text;
}

std::string graphsText(const plan::Plan &plan, const plan::Entry &entry,
                       bool nodes) {
  std::string text;
  if (entry.all_reduces() != nullptr && entry.all_reduces()->size() != 0) {
    text += fmt::format("  all-reduce of buckets {} over the workers\n",
                        fmt::join(*entry.all_reduces(), ", "));
  }
  for (const auto *graphs : {entry.graphs(), entry.deterministic_graphs()}) {
    if (graphs == nullptr) {
      continue;
    }
    for (const plan::Graph *graph : *graphs) {
      text += fmt::format(
          "  graph {}: {} nodes, {} tensors, workspace {}, recipe {}\n",
          graph->name()->str(), graph->nodes()->size(),
          graph->tensors()->size(), bytesText(graph->workspace_bytes()),
          graph->recipe() == nullptr
              ? "none"
              : fmt::format("of library {}, {}",
                            graph->recipe()->library_version()->str(),
                            bytesText(graph->recipe()->bytes()->size())));
      text += sectionsText(plan, entry, *graph);
      text += nodes ? nodesText(*graph) : "";
    }
  }
  return text;
}

} // namespace bertc
