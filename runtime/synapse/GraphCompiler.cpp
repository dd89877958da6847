// SPDX-License-Identifier: Apache-2.0
//
// A graph of a plan, handed to SynapseAI piece by piece: sections, tensors,
// nodes, control edges; then compiled. Every (storage, index, offset) is one
// persistent section, which holds one tensor or the two of an in-place update;
// a tensor of the workspace has none.

#include "runtime/synapse/Recipe.h"

#include <cstdlib>
#include <map>
#include <tuple>

namespace bertc::rt::syn {
namespace {

class GraphCompiler {
public:
  GraphCompiler(LibraryPtr library, const plan::Graph &graph)
      : library_(std::move(library)), graph_(graph) {}
  // A graph takes its tensors along; sections outlive it.
  ~GraphCompiler() {
    if (handle_ != nullptr) {
      BERTC_SYN_GIVE(*library_, synGraphDestroy, handle_);
    }
    for (const auto &[key, section] : sections_) {
      if (section != nullptr) {
        BERTC_SYN_GIVE(*library_, synSectionDestroy, section);
      }
    }
  }

  StatusOr<Recipe> run(synDeviceType type) {
    BERTC_SYN(*library_, synGraphCreate, &handle_, type);
    for (const plan::GraphTensor *tensor : *graph_.tensors()) {
      BERTC_RETURN_IF_ERROR(addTensor(*tensor).annotate(
          "tensor '" + tensor->name()->str() + "'"));
    }
    for (const plan::GraphNode *node : *graph_.nodes()) {
      BERTC_RETURN_IF_ERROR(addNode(*node).annotate(
          "node '" + node->name()->str() + "' (" + node->guid()->str() + ")"));
    }
    synRecipeHandle recipe = nullptr;
    BERTC_SYN(*library_, synGraphCompile, &recipe, handle_,
              graph_.name()->c_str(), nullptr);
    return Recipe(library_, recipe);
  }

private:
  // New sections are persistent.
  StatusOr<synSectionHandle> sectionOf(const plan::GraphTensor &tensor) {
    auto key =
        std::make_tuple(tensor.storage(), tensor.index(), tensor.offset());
    synSectionHandle &section = sections_[key];
    if (section == nullptr) {
      BERTC_SYN(*library_, synSectionCreate, &section, 0, handle_);
    }
    return section;
  }

  Status addTensor(const plan::GraphTensor &tensor) {
    synTensor handle = nullptr;
    BERTC_SYN(*library_, synTensorHandleCreate, &handle, handle_, DATA_TENSOR,
              tensor.name()->c_str());
    tensors_.push_back(handle);
    synTensorGeometry geometry = {};
    geometry.dims = tensor.sizes()->size();
    std::copy(tensor.sizes()->begin(), tensor.sizes()->end(), geometry.sizes);
    BERTC_SYN(*library_, synTensorSetGeometry, handle, &geometry,
              synGeometryMaxSizes);
    BERTC_SYN(*library_, synTensorSetDeviceDataType, handle,
              dataTypeOf(tensor.dtype()));
    if (tensor.storage() == plan::GraphStorage::Workspace) {
      return Status();
    }
    BERTC_ASSIGN_OR_RETURN(synSectionHandle section, sectionOf(tensor));
    return BERTC_SYN_STATUS(*library_, synTensorAssignToSection, handle,
                            section, 0);
  }

  std::vector<synTensor>
  handlesOf(const flatbuffers::Vector<uint32_t> &operands) const {
    std::vector<synTensor> handles;
    for (uint32_t operand : operands) {
      handles.push_back(operand < tensors_.size() ? tensors_[operand]
                                                  : nullptr);
    }
    return handles;
  }

  Status addNode(const plan::GraphNode &node) {
    std::vector<synTensor> inputs = handlesOf(*node.inputs());
    std::vector<synTensor> outputs = handlesOf(*node.outputs());
    const auto &params = *node.params();
    synNodeId id = 0;
    BERTC_SYN(*library_, synNodeCreateWithId, handle_, inputs.data(),
              outputs.data(), static_cast<uint32_t>(inputs.size()),
              static_cast<uint32_t>(outputs.size()),
              params.size() == 0 ? nullptr : params.data(), params.size(),
              node.guid()->c_str(), node.name()->c_str(), &id, nullptr,
              nullptr);
    nodes_.push_back(id);
    if (node.after() == nullptr || node.after()->size() == 0) {
      return Status();
    }
    std::vector<synNodeId> first;
    for (uint32_t index : *node.after()) {
      first.push_back(nodes_[index]);
    }
    return BERTC_SYN_STATUS(*library_, synNodeDependencySet, handle_,
                            first.data(), &id,
                            static_cast<uint32_t>(first.size()), 1);
  }

  LibraryPtr library_;
  const plan::Graph &graph_;
  synGraphHandle handle_ = nullptr;
  std::map<std::tuple<plan::GraphStorage, uint32_t, uint64_t>, synSectionHandle>
      sections_;
  std::vector<synTensor> tensors_;
  std::vector<synNodeId> nodes_;
};

} // namespace

StatusOr<Recipe> Recipe::compile(const LibraryPtr &library,
                                 const plan::Graph &graph, synDeviceType type) {
  StatusOr<Recipe> recipe = GraphCompiler(library, graph).run(type);
  if (!recipe.ok()) {
    // The usual reason on a new machine, of which no status speaks.
    const char *kernels = std::getenv("GC_KERNEL_PATH");
    bool named = (kernels != nullptr && *kernels != 0) ||
                 recipe.status().message().rfind("synGraphCompile", 0) != 0;
    return recipe.status().annotate(
        "cannot compile graph '" + graph.name()->str() + "'" +
        (named ? ""
               : " (GC_KERNEL_PATH, which names the kernels, is not set)"));
  }
  return recipe;
}

} // namespace bertc::rt::syn
