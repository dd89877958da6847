// SPDX-License-Identifier: Apache-2.0
//
// Graphs: creating and destroying them. A graph takes its tensors with it; its
// sections live on until their own handles are destroyed.
#include "tools/synapse-stand-in/DeviceRelease.h"

using namespace bertc::standin;

namespace bertc::standin {

using namespace rt::syn;

namespace {

Outcome makeGraph(Library &library, synDeviceType type, bool eager,
                  synGraphHandle *graph) {
  if (!graph) {
    return nullArgument("the graph");
  }
  if (!deviceFacts(type)) {
    return refuse(synInvalidArgument, "device type " +
                                          std::to_string(unsigned(type)) +
                                          " is not simulated");
  }
  if (eager && type == synDeviceGaudi) {
    return refuse(synUnsupported, "Gaudi has no eager graphs");
  }
  auto made = std::make_shared<SynGraphObject>();
  made->device = type;
  made->eager = eager;
  *graph = library.graphs.add(std::move(made));
  return fine();
}

} // namespace
} // namespace bertc::standin

namespace bertc::rt::syn {

extern "C" synStatus synGraphCreate(synGraphHandle *graph, synDeviceType type) {
  return call("synGraphCreate", Need::Library, [&](Library &library) {
    return makeGraph(library, type, false, graph);
  });
}

extern "C" synStatus synGraphCreateEager(synGraphHandle *graph,
                                         synDeviceType type) {
  return call("synGraphCreateEager", Need::Library, [&](Library &library) {
    return makeGraph(library, type, true, graph);
  });
}

extern "C" synStatus synGraphDestroy(synGraphHandle graph) {
  return call("synGraphDestroy", Need::Library, [&](Library &library) {
    auto object = library.graphs.take(graph);
    if (!object) {
      return noSuch("graph");
    }
    for (auto &[name, tensor] : object->tensors) {
      library.tensors.take(tensor.get());
    }
    return fine();
  });
}

extern "C" synStatus synGraphSetAttribute(synGraphHandle graph,
                                          const synGraphAttribute *attributes,
                                          const uint64_t *values,
                                          uint32_t count) {
  return call("synGraphSetAttribute", Need::Library, [&](Library &library) {
    if (!library.graphs.find(graph)) {
      return noSuch("graph");
    }
    if (!attributes || !values) {
      return nullArgument("the attributes or the values");
    }
    for (uint32_t i = 0; i < count; i++) {
      if (attributes[i] > GRAPH_ATTRIBUTE_BACKOFF_FACTOR) {
        return refuse(synInvalidArgument,
                      "graph attribute " +
                          std::to_string(unsigned(attributes[i])));
      }
    }
    return fine();
  });
}

} // namespace bertc::rt::syn
