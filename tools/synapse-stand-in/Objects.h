// SPDX-License-Identifier: Apache-2.0
//
// The objects behind the handles of the C interface. A handle is the address
// of its object, which the library's registry keeps alive; what refers to an
// object from inside (a node to its tensors) shares it, so that a destroyed
// handle leaves nothing dangling.
#pragma once

#include "tools/synapse-stand-in/Recipe.h"
#include "tools/synapse-stand-in/Streams.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace bertc::rt::syn {

struct SynSectionObject {
  /// Only compared, never followed: a section outlives its graph.
  const SynGraphObject *graph = nullptr;
  bool persistent = true, isConst = false, rmw = false;
  uint64_t group = 0;
  /// A tensor lies in it: its properties are frozen.
  bool used = false;
};

struct SynTensorObject {
  std::string name;
  SynGraphObject *graph = nullptr;
  synTensorType type = DATA_TENSOR;
  synDataType dtype = syn_type_na;
  bool hasGeometry = false;
  uint32_t dims = 0;
  std::array<uint64_t, HABANA_DIM_MAX> sizes{};
  std::shared_ptr<SynSectionObject> section;
  uint64_t offset = 0;
  bool external = false;
  /// A node uses it: nothing can be set any more.
  bool frozen = false;
  /// Number of the node that makes it, or -1.
  int64_t producer = -1;
  /// The constant's value: copied, or the caller's memory.
  bool isConst = false;
  std::vector<uint8_t> constCopy;
  const uint8_t *constPointer = nullptr;
  uint64_t constBytes = 0;

  bool persistent() const { return section && section->persistent; }
  /// Of the whole tensor; 0 for an unknown data type.
  uint64_t bytes() const;
};

struct SynGraphObject {
  struct Node {
    std::string guid, name;
    std::vector<std::shared_ptr<SynTensorObject>> inputs, outputs;
    std::vector<uint8_t> params;
    /// Numbers of the nodes that must end first, by control edges.
    std::set<uint64_t> after;
    bool deterministic = false;
    synRoundingMode rounding = synRoundToNearest;
  };
  synDeviceType device = synDeviceTypeInvalid;
  bool eager = false;
  bool compiled = false;
  std::vector<Node> nodes;
  /// By name; the graph keeps tensors whose handle was destroyed.
  std::map<std::string, std::shared_ptr<SynTensorObject>> tensors;
  uint64_t unnamed = 0;
};

struct SynRecipeObject {
  std::shared_ptr<standin::Recipe> recipe;
};

struct SynStreamObject {
  std::unique_ptr<standin::Stream> stream;
};

struct SynEventObject {
  uint32_t flags = 0;
  std::shared_ptr<standin::Mark> mark;
  /// The external tensor that closes it, and the recipe it is of.
  int64_t tensor = -1;
  const standin::Recipe *recipe = nullptr;
};

} // namespace bertc::rt::syn

namespace bertc::standin {

/// Bytes of one element, 0 for types that tensors here cannot have.
uint64_t bytesPerElement(rt::syn::synDataType type);

} // namespace bertc::standin
