// SPDX-License-Identifier: Apache-2.0
//
// Nodes and control edges of a graph that is being built. Whether a node makes
// sense is looked at when the graph is compiled.
#include "tools/synapse-stand-in/Library.h"

#include <cstring>

using namespace bertc::standin;

namespace bertc::standin {

using namespace rt::syn;

namespace {

/// The library's own limit on the length of a GUID.
constexpr size_t maxGuid = 64;

struct NodeArguments {
  const synTensor *inputs, *outputs;
  uint32_t numInputs, numOutputs;
  const void *params;
  unsigned paramsSize;
  const char *guid, *name;
};

/// Turns handles into tensors of the graph; a null handle is an absent operand.
Outcome operands(Library &library, SynGraphObject *graph,
                 const synTensor *handles, uint32_t count,
                 std::vector<std::shared_ptr<SynTensorObject>> *tensors) {
  if (count && !handles) {
    return nullArgument("the list of tensors");
  }
  for (uint32_t i = 0; i < count; i++) {
    if (!handles[i]) {
      tensors->push_back(nullptr);
      continue;
    }
    auto tensor = library.tensors.find(handles[i]);
    if (!tensor) {
      return noSuch("tensor");
    }
    if (tensor->graph != graph) {
      return refuse(synInvalidArgument,
                    "tensor " + tensor->name + " is of another graph");
    }
    if (!tensor->hasGeometry || tensor->dtype == syn_type_na) {
      return refuse(synInvalidTensorProperties,
                    "tensor " + tensor->name + " has no sizes or no data type");
    }
    tensors->push_back(std::move(tensor));
  }
  return fine();
}

Outcome claimOutputs(SynGraphObject::Node &node, int64_t number) {
  for (auto &tensor : node.outputs) {
    if (!tensor) {
      continue;
    }
    if (tensor->producer >= 0) {
      return refuse(synInvalidArgument,
                    "tensor " + tensor->name + " is made by another node");
    }
    if (tensor->isConst) {
      return refuse(synInvalidArgument,
                    "tensor " + tensor->name + " is constant");
    }
  }
  for (auto &tensor : node.outputs) {
    if (tensor) {
      tensor->producer = number;
    }
  }
  return fine();
}

Outcome addNode(Library &library, synGraphHandle handle,
                const NodeArguments &arguments, synNodeId *id) {
  auto graph = library.graphs.find(handle);
  if (!graph) {
    return noSuch("graph");
  }
  if (graph->compiled) {
    return refuse(synFail, "the graph is compiled");
  }
  if (!arguments.guid || !*arguments.guid) {
    return nullArgument("the GUID");
  }
  if (std::strlen(arguments.guid) >= maxGuid) {
    return refuse(synInvalidArgument, std::string("the GUID ") +
                                          arguments.guid +
                                          " has 64 characters or more");
  }
  if (arguments.paramsSize && !arguments.params) {
    return nullArgument("the parameters");
  }
  SynGraphObject::Node node;
  node.guid = arguments.guid;
  node.name = arguments.name ? arguments.name : "";
  const auto *params = static_cast<const uint8_t *>(arguments.params);
  if (params) {
    node.params.assign(params, params + arguments.paramsSize);
  }
  Outcome outcome = operands(library, handle, arguments.inputs,
                             arguments.numInputs, &node.inputs);
  if (outcome.ok()) {
    outcome = operands(library, handle, arguments.outputs, arguments.numOutputs,
                       &node.outputs);
  }
  if (outcome.ok()) {
    outcome = claimOutputs(node, int64_t(graph->nodes.size()));
  }
  if (!outcome.ok()) {
    outcome.why = "node " + node.name + " " + node.guid + ": " + outcome.why;
    return outcome;
  }
  for (auto *list : {&node.inputs, &node.outputs}) {
    for (auto &tensor : *list) {
      if (tensor) {
        tensor->frozen = true;
      }
    }
  }
  if (id) {
    *id = graph->nodes.size();
  }
  graph->nodes.push_back(std::move(node));
  return fine();
}

/// Runs `body` on a node of a graph that is not compiled yet.
template <class Body>
synStatus onNode(const char *name, synGraphHandle graph, synNodeId id,
                 Body &&body) {
  return call(name, Need::Library, [&](Library &library) {
    auto object = library.graphs.find(graph);
    if (!object) {
      return noSuch("graph");
    }
    if (id >= object->nodes.size()) {
      return refuse(synInvalidArgument,
                    "the graph has no node " + std::to_string(id));
    }
    return body(object->nodes[id]);
  });
}

} // namespace
} // namespace bertc::standin

namespace bertc::rt::syn {

extern "C" synStatus
synNodeCreate(synGraphHandle graph, const synTensor *inputs,
              const synTensor *outputs, uint32_t numInputs, uint32_t numOutputs,
              const void *params, unsigned paramsSize, const char *guid,
              const char *name, const char **, const char **) {
  return call("synNodeCreate", Need::Library, [&](Library &library) {
    return addNode(library, graph,
                   {inputs, outputs, numInputs, numOutputs, params, paramsSize,
                    guid, name},
                   nullptr);
  });
}

extern "C" synStatus
synNodeCreateWithId(synGraphHandle graph, const synTensor *inputs,
                    const synTensor *outputs, uint32_t numInputs,
                    uint32_t numOutputs, const void *params,
                    unsigned paramsSize, const char *guid, const char *name,
                    synNodeId *id, const char **, const char **) {
  return call("synNodeCreateWithId", Need::Library, [&](Library &library) {
    if (!id) {
      return nullArgument("the node id");
    }
    return addNode(library, graph,
                   {inputs, outputs, numInputs, numOutputs, params, paramsSize,
                    guid, name},
                   id);
  });
}

extern "C" synStatus synNodeDependencySet(synGraphHandle graph,
                                          const synNodeId *blocking,
                                          const synNodeId *blocked,
                                          uint32_t numBlocking,
                                          uint32_t numBlocked) {
  return call("synNodeDependencySet", Need::Library, [&](Library &library) {
    auto object = library.graphs.find(graph);
    if (!object) {
      return noSuch("graph");
    }
    if (object->compiled) {
      return refuse(synFail, "the graph is compiled");
    }
    if (!blocking || !blocked || !numBlocking || !numBlocked) {
      return nullArgument("a list of nodes");
    }
    for (uint32_t i = 0; i < numBlocking; i++) {
      for (uint32_t j = 0; j < numBlocked; j++) {
        if (blocking[i] >= object->nodes.size() ||
            blocked[j] >= object->nodes.size() || blocking[i] == blocked[j]) {
          return refuse(synInvalidArgument,
                        "no edge from node " + std::to_string(blocking[i]) +
                            " to node " + std::to_string(blocked[j]));
        }
        object->nodes[blocked[j]].after.insert(blocking[i]);
      }
    }
    return fine();
  });
}

extern "C" synStatus synNodeSetDeterministic(synGraphHandle graph, synNodeId id,
                                             bool deterministic) {
  return onNode("synNodeSetDeterministic", graph, id,
                [&](SynGraphObject::Node &node) {
                  node.deterministic = deterministic;
                  return fine();
                });
}

extern "C" synStatus synNodeSetRoundingMode(synGraphHandle graph, synNodeId id,
                                            synRoundingMode mode) {
  return onNode(
      "synNodeSetRoundingMode", graph, id, [&](SynGraphObject::Node &node) {
        if (mode > synStochasticRoundingAndNearest) {
          return refuse(synInvalidArgument,
                        "rounding mode " + std::to_string(unsigned(mode)));
        }
        node.rounding = mode;
        return fine();
      });
}

extern "C" synStatus synNodeTypeSetPrecision(synGraphHandle graph,
                                             const char *guid, synDataType) {
  return call("synNodeTypeSetPrecision", Need::Library, [&](Library &library) {
    if (!library.graphs.find(graph)) {
      return noSuch("graph");
    }
    return guid ? fine() : nullArgument("the GUID");
  });
}

} // namespace bertc::rt::syn
