// SPDX-License-Identifier: Apache-2.0

#include "runtime/synapse/InputRows.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace bertc::rt::syn {
namespace {

constexpr char kGather[] = "gather_fwd_";

// Input by tensor of one graph: those on the input's bytes, and other shapes.
using Followed = std::map<uint32_t, size_t>;

Followed inputsOf(const plan::Graph &graph,
                  const std::map<uint64_t, size_t> &byOffset) {
  Followed followed;
  for (uint32_t i = 0; i < graph.tensors()->size(); ++i) {
    const plan::GraphTensor &tensor = *graph.tensors()->Get(i);
    auto input = byOffset.find(tensor.offset());
    if (tensor.storage() == plan::GraphStorage::Arena &&
        tensor.dtype() == plan::GraphDType::I32 && input != byOffset.end()) {
      followed[i] = input->second;
    }
  }
  // What a graph writes there is not the input any more.
  for (const plan::GraphNode *node : *graph.nodes()) {
    for (uint32_t output : *node->outputs()) {
      followed.erase(output);
    }
  }
  return followed;
}

// Rows of the table of a gather, whose parameters begin with the axis.
int64_t rowsOf(const plan::Graph &graph, const plan::GraphNode &node) {
  int32_t axis = 0;
  uint32_t table = node.inputs()->Get(0);
  if (node.params()->size() < sizeof axis || table >= graph.tensors()->size()) {
    return INT64_MAX;
  }
  std::memcpy(&axis, node.params()->data(), sizeof axis);
  const auto &sizes = *graph.tensors()->Get(table)->sizes();
  return axis < 0 || uint32_t(axis) >= sizes.size()
             ? INT64_MAX
             : static_cast<int64_t>(sizes.Get(uint32_t(axis)));
}

void collect(const plan::Graph &graph, Followed followed,
             std::map<size_t, int64_t> *rows) {
  for (const plan::GraphNode *node : *graph.nodes()) {
    const auto &inputs = *node->inputs();
    std::string guid = node->guid()->str();
    if ((guid == "reshape" || guid == "identity") && inputs.size() == 1 &&
        node->outputs()->size() == 1 && followed.count(inputs.Get(0)) != 0) {
      followed[node->outputs()->Get(0)] = followed.at(inputs.Get(0));
    } else if (guid.compare(0, sizeof kGather - 1, kGather) == 0 &&
               inputs.size() == 2 && followed.count(inputs.Get(1)) != 0) {
      size_t input = followed.at(inputs.Get(1));
      int64_t most = rows->count(input) != 0 ? rows->at(input) : INT64_MAX;
      (*rows)[input] = std::min(most, rowsOf(graph, *node));
    }
  }
}

} // namespace

std::vector<InputRows> inputRows(const plan::Entry &entry,
                                 const EntryInfo &info) {
  std::map<uint64_t, size_t> byOffset;
  for (uint32_t i = 0; i < info.inputs.size(); ++i) {
    uint32_t tensor = entry.inputs()->Get(i)->tensor();
    if (info.inputs[i].dtype == DType::I32) {
      byOffset[entry.tensors()->Get(tensor)->offset()] = i;
    }
  }
  std::map<size_t, int64_t> rows;
  // Those of later graphs may lie where the input was.
  if (entry.graphs() != nullptr && entry.graphs()->size() != 0) {
    const plan::Graph &graph = *entry.graphs()->Get(0);
    collect(graph, inputsOf(graph, byOffset), &rows);
  }
  std::vector<InputRows> found;
  for (const auto &[input, count] : rows) {
    found.push_back({input, count});
  }
  return found;
}

Status checkRows(const int32_t *numbers, size_t count, int64_t rows,
                 const std::string &input) {
  for (size_t i = 0; i < count; ++i) {
    if (numbers[i] < 0 || numbers[i] >= rows) {
      return invalidArgument("input '" + input + "': index " +
                             std::to_string(numbers[i]) + " at position " +
                             std::to_string(i) + " is outside the table of " +
                             std::to_string(rows) + " rows");
    }
  }
  return Status();
}

} // namespace bertc::rt::syn
