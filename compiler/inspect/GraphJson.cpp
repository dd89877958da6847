// SPDX-License-Identifier: Apache-2.0
//
// Graphs as JSON. Keys follow plan.fbs.

#include "compiler/inspect/GraphReport.h"

namespace bertc {

namespace {

constexpr uint32_t kNoOperand = 0xffffffff;

Json tensorsJson(const plan::Graph &graph) {
  Json list = Json::array();
  for (const plan::GraphTensor *tensor : *graph.tensors()) {
    Json sizes = Json::array();
    for (uint64_t size : *tensor->sizes()) {
      sizes.push_back(size);
    }
    list.push_back(
        {{"name", tensor->name()->str()},
         {"dtype", std::string(synapse::elementTypeName(
                       static_cast<synapse::ElementType>(tensor->dtype())))},
         {"sizes", std::move(sizes)},
         {"storage", plan::EnumNameGraphStorage(tensor->storage())},
         {"index", tensor->index()},
         {"offset", tensor->offset()}});
  }
  return list;
}

Json operandsJson(const flatbuffers::Vector<uint32_t> &operands) {
  Json list = Json::array();
  for (uint32_t index : operands) {
    list.push_back(index == kNoOperand ? Json(nullptr) : Json(index));
  }
  return list;
}

/// Fields by name; the bytes as they are where the table does not know them.
Json paramsJson(const plan::GraphNode &node) {
  std::vector<uint8_t> bytes(node.params()->begin(), node.params()->end());
  synapse::KernelOf found = synapse::findKernel(node.guid()->string_view());
  auto params = found.kernel ? synapse::decodeParams(found, bytes)
                             : std::optional<synapse::ParamMap>();
  if (!params) {
    return bytes;
  }
  Json fields = Json::object();
  for (const auto &[name, value] : *params) {
    std::visit([&, key = name](const auto &field) { fields[key] = field; },
               value);
  }
  return fields;
}

Json nodesJson(const plan::Graph &graph) {
  Json list = Json::array();
  for (const plan::GraphNode *node : *graph.nodes()) {
    Json after = Json::array();
    if (node->after() != nullptr) {
      after = operandsJson(*node->after());
    }
    list.push_back(
        {{"guid", node->guid()->str()},
         {"name", node->name()->str()},
         {"inputs", operandsJson(*node->inputs())},
         {"outputs", operandsJson(*node->outputs())},
         {"params", paramsJson(*node)},
         {"param_bytes", node->params()->size()},
         {"after", std::move(after)},
         {"scope", node->scope() ? node->scope()->str() : ""},
         {"flops", node->flops()},
         {"precision_reason",
          node->precision_reason() ? node->precision_reason()->str() : ""}});
  }
  return list;
}

Json listJson(
    const flatbuffers::Vector<flatbuffers::Offset<plan::Graph>> *graphs) {
  Json list = Json::array();
  if (graphs == nullptr) {
    return list;
  }
  for (const plan::Graph *graph : *graphs) {
    Json recipe = nullptr;
    if (graph->recipe() != nullptr) {
      recipe = {{"library_version", graph->recipe()->library_version()->str()},
                {"device_type", graph->recipe()->device_type()},
                {"bytes", graph->recipe()->bytes()->size()}};
    }
    list.push_back({{"name", graph->name()->str()},
                    {"workspace_bytes", graph->workspace_bytes()},
                    {"flops", graph->flops()},
                    {"bytes", graph->bytes()},
                    {"recipe", std::move(recipe)},
                    {"tensors", tensorsJson(*graph)},
                    {"nodes", nodesJson(*graph)}});
  }
  return list;
}

Json derivedJson(const plan::Entry &entry) {
  Json list = Json::array();
  if (entry.derived() == nullptr) {
    return list;
  }
  for (const plan::Derived *number : *entry.derived()) {
    list.push_back({{"kind", plan::EnumNameDerivedKind(number->kind())},
                    {"op_id", number->op_id()},
                    {"base", number->base()}});
  }
  return list;
}

} // namespace

Json deviceMemoryJson(const plan::Plan &plan) {
  auto limits = synapse::limitsOf(plan.target()->string_view());
  return {{"state_bytes", plan.state_bytes()},
          {"arena_bytes", plan.arena_bytes()},
          {"workspace_bytes", largestWorkspace(plan)},
          {"constant_bytes",
           plan.constants() == nullptr ? 0 : plan.constants()->size()},
          {"device_bytes", plan.device_bytes()},
          {"device_limit_bytes", limits ? limits->memoryBytes : 0},
          {"peak_bytes", plan.peak_bytes()}};
}

Json graphEntryHeadJson(const plan::Plan &plan, const plan::Entry &entry) {
  auto limits = *synapse::limitsOf(plan.target()->string_view());
  EstimatedTime time = estimatedTime(entry, limits);
  Json families = Json::array();
  uint64_t bytes = 0;
  for (const FamilyStatistics &family : familyStatistics(entry, limits)) {
    bytes += family.bytes;
    families.push_back({{"kernel", family.family},
                        {"nodes", family.nodes},
                        {"flops", family.flops},
                        {"bytes", family.bytes},
                        {"estimated_seconds", family.seconds}});
  }
  return {{"name", entry.name()->str()},
          {"num_graphs", entry.graphs()->size()},
          {"num_nodes", numNodes(entry)},
          {"flops", entry.flops()},
          {"bytes", bytes},
          {"arena_bytes", entry.arena_bytes()},
          {"estimated_seconds", time.seconds},
          {"estimated_product_seconds", time.productSeconds},
          {"nodes_by_kernel", std::move(families)}};
}

Json graphsJson(const plan::Entry &entry) {
  Json buckets = Json::array();
  if (entry.all_reduces() != nullptr) {
    for (uint32_t bucket : *entry.all_reduces()) {
      buckets.push_back(bucket);
    }
  }
  return {{"all_reduces", std::move(buckets)},
          {"graphs", listJson(entry.graphs())},
          {"deterministic_graphs", listJson(entry.deterministic_graphs())},
          {"derived", derivedJson(entry)}};
}

} // namespace bertc
