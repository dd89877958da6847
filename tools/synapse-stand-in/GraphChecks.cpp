// SPDX-License-Identifier: Apache-2.0
#include "tools/synapse-stand-in/GraphChecks.h"
#include "tools/synapse-stand-in/ops/Ops.h"

#include <algorithm>

namespace bertc::standin {

using namespace rt::syn;

namespace {

using Node = SynGraphObject::Node;
using TensorPtr = std::shared_ptr<SynTensorObject>;

std::string label(const Node &node) {
  return "node " + node.name + " " + node.guid + ": ";
}

/// TPC kernels are those with a data type in their name; a program of theirs
/// addresses at most eight tensors.
bool isKernel(const std::string &guid) {
  for (const char *suffix : {"_f32", "_bf16", "_f16", "_i8", "_u8", "_i16",
                             "_i32", "_i64", "_f8", "_hf8"}) {
    std::string end = suffix;
    if (guid.size() > end.size() &&
        guid.compare(guid.size() - end.size(), end.size(), end) == 0) {
      return true;
    }
  }
  return false;
}
constexpr size_t maxKernelTensors = 8;

OpTensor opTensor(const TensorPtr &tensor) {
  OpTensor result;
  if (!tensor) {
    return result;
  }
  result.dtype = tensor->dtype;
  result.rank = int(tensor->dims);
  std::copy_n(tensor->sizes.begin(), tensor->dims, result.sizes);
  return result;
}

/// The ranks that each kernel takes are checkOp's; here what it can be asked.
Outcome checkTensors(const Node &node) {
  size_t count = 0;
  for (const auto *list : {&node.inputs, &node.outputs}) {
    for (const TensorPtr &tensor : *list) {
      if (!tensor) {
        continue;
      }
      count++;
      if (tensor->dims > SYN_GAUDI_MAX_TENSOR_DIM) {
        return refuse(synInvalidTensorDimensions,
                      label(node) + "tensor " + tensor->name + " has rank " +
                          std::to_string(tensor->dims) + ", at most 8");
      }
    }
  }
  if (isKernel(node.guid) && count > maxKernelTensors) {
    return refuse(synFail, label(node) + std::to_string(count) +
                               " tensors, a kernel takes at most 8");
  }
  return fine();
}

Outcome checkNode(const Node &node, synDeviceType device) {
  if (!knowsGuid(node.guid.c_str())) {
    return refuse(synFail, label(node) + "no kernel of this name");
  }
  if (Outcome outcome = checkTensors(node); !outcome.ok()) {
    return outcome;
  }
  OpCall op;
  op.guid = node.guid.c_str();
  for (const TensorPtr &tensor : node.inputs) {
    op.in.push_back(opTensor(tensor));
  }
  for (const TensorPtr &tensor : node.outputs) {
    op.out.push_back(opTensor(tensor));
  }
  op.params = node.params.empty() ? nullptr : node.params.data();
  op.paramsSize = unsigned(node.params.size());
  std::string problem = checkOp(op, device);
  return problem.empty()
             ? fine()
             : refuse(synFail, "node " + node.name + ": " + problem);
}

/// Who writes a tensor and who reads it.
struct Uses {
  TensorPtr tensor;
  std::vector<uint32_t> nodes;
};

/// Whether every use of `first` ends before `second` is written.
bool endsBefore(const Uses &first, const Uses &second, const Order &order) {
  uint32_t writer = uint32_t(second.tensor->producer);
  std::vector<bool> before = order.before(writer);
  return std::all_of(first.nodes.begin(), first.nodes.end(),
                     [&](uint32_t n) { return n == writer || before[n]; });
}

bool overlap(const SynTensorObject &a, const SynTensorObject &b) {
  return a.offset < b.offset + b.bytes() && b.offset < a.offset + a.bytes();
}

Outcome checkPair(const Uses &a, const Uses &b, const Order &order) {
  bool aWritten = a.tensor->producer >= 0, bWritten = b.tensor->producer >= 0;
  bool ordered = (!aWritten && !bWritten) ||
                 (bWritten && endsBefore(a, b, order)) ||
                 (aWritten && endsBefore(b, a, order));
  if (ordered) {
    return fine();
  }
  return refuse(synFail, "tensors " + a.tensor->name + " and " +
                             b.tensor->name +
                             " share bytes of a section without an order "
                             "between their nodes: add control edges");
}

} // namespace

Outcome checkNodes(const SynGraphObject &graph) {
  if (graph.nodes.empty()) {
    return refuse(synFail, "the graph has no nodes");
  }
  for (const Node &node : graph.nodes) {
    if (Outcome outcome = checkNode(node, graph.device); !outcome.ok()) {
      return outcome;
    }
  }
  return fine();
}

Outcome checkInputs(const SynGraphObject &graph) {
  for (const auto &[name, tensor] : graph.tensors) {
    if (!tensor->frozen) {
      continue;
    }
    if (tensor->external && !tensor->persistent()) {
      return refuse(synFail,
                    "tensor " + name + " is external and not persistent");
    }
    bool fromOutside =
        tensor->persistent() || tensor->isConst ||
        (tensor->type != DATA_TENSOR && tensor->type != DATA_TENSOR_DYNAMIC);
    if (tensor->producer < 0 && !fromOutside) {
      return refuse(synFail, "tensor " + name +
                                 " is read, but no node makes it and it is "
                                 "neither persistent nor constant");
    }
    if (tensor->isConst && tensor->constBytes != tensor->bytes()) {
      return refuse(
          synInvalidTensorProperties,
          "tensor " + name + " has " + std::to_string(tensor->bytes()) +
              " bytes, its constant " + std::to_string(tensor->constBytes));
    }
    if (tensor->isConst && tensor->section && !tensor->section->isConst) {
      return refuse(synInvalidSectionsDefinition,
                    "tensor " + name +
                        " is constant and lies in a section that is not");
    }
  }
  return fine();
}

Outcome checkSections(const SynGraphObject &graph, const Order &order) {
  std::map<const SynTensorObject *, Uses> uses;
  for (uint32_t i = 0; i < graph.nodes.size(); i++) {
    for (const auto *list : {&graph.nodes[i].inputs, &graph.nodes[i].outputs}) {
      for (const TensorPtr &tensor : *list) {
        if (tensor && tensor->section) {
          Uses &use = uses[tensor.get()];
          use.tensor = tensor;
          use.nodes.push_back(i);
        }
      }
    }
  }
  std::map<const SynSectionObject *, std::vector<const Uses *>> sections;
  for (const auto &[tensor, use] : uses) {
    sections[tensor->section.get()].push_back(&use);
  }
  for (const auto &[section, members] : sections) {
    for (size_t i = 0; i < members.size(); i++) {
      for (size_t j = i + 1; j < members.size(); j++) {
        if (overlap(*members[i]->tensor, *members[j]->tensor)) {
          if (Outcome outcome = checkPair(*members[i], *members[j], order);
              !outcome.ok()) {
            return outcome;
          }
        }
      }
    }
  }
  return fine();
}

} // namespace bertc::standin
