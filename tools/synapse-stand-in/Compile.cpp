// SPDX-License-Identifier: Apache-2.0
//
// synGraphCompile: checks the graph, orders its nodes, places its tensors.
#include "tools/synapse-stand-in/GraphChecks.h"
#include "tools/synapse-stand-in/Library.h"
#include "tools/synapse-stand-in/Workspace.h"

#include <algorithm>

using namespace bertc::standin;

namespace bertc::standin {

using namespace rt::syn;

namespace {

class RecipeBuilder {
public:
  RecipeBuilder(const SynGraphObject &graph, const std::vector<uint32_t> &order)
      : graph_(graph), order_(order) {}

  std::shared_ptr<Recipe> build(const char *name) {
    recipe_->name = name;
    recipe_->device = graph_.device;
    addPersistentTensors();
    for (uint32_t step = 0; step < order_.size(); step++) {
      addNode(graph_.nodes[order_[step]], step);
    }
    placeInWorkspace();
    return recipe_;
  }

private:
  // The persistent tensors first, in the order of their names.
  void addPersistentTensors() {
    for (const auto &[name, tensor] : graph_.tensors) {
      if (tensor->frozen && tensor->persistent()) {
        indexOf(tensor.get());
      }
    }
    recipe_->numPersistent = uint32_t(recipe_->tensors.size());
  }

  uint32_t indexOf(const SynTensorObject *tensor) {
    auto [found, isNew] =
        indices_.emplace(tensor, uint32_t(recipe_->tensors.size()));
    if (isNew) {
      addTensor(*tensor);
    }
    return found->second;
  }

  void addTensor(const SynTensorObject &tensor) {
    RecipeTensor added;
    added.name = tensor.name;
    added.type = tensor.type;
    added.dtype = tensor.dtype;
    added.dims = tensor.dims;
    std::copy_n(tensor.sizes.begin(), tensor.dims, added.sizes.begin());
    added.bytes = tensor.bytes();
    added.isInput = tensor.producer < 0;
    added.isWritten = tensor.producer >= 0;
    added.external = tensor.external;
    if (tensor.persistent()) {
      placeInSection(tensor, &added);
    } else if (tensor.isConst) {
      placeInConstants(tensor, &added);
    }
    recipe_->tensors.push_back(added);
  }

  void placeInSection(const SynTensorObject &tensor, RecipeTensor *added) {
    auto [found, isNew] = sections_.emplace(tensor.section.get(),
                                            uint32_t(recipe_->sections.size()));
    if (isNew) {
      recipe_->sections.push_back({0, tensor.section->isConst, {}});
    }
    RecipeSection &section = recipe_->sections[found->second];
    section.bytes = std::max(section.bytes, tensor.offset + added->bytes);
    added->place = Place::Section;
    added->section = found->second;
    added->offset = tensor.offset;
    if (tensor.isConst) {
      section.data.resize(section.bytes);
      std::copy_n(constant(tensor), added->bytes,
                  section.data.begin() + int64_t(tensor.offset));
    }
  }

  void placeInConstants(const SynTensorObject &tensor, RecipeTensor *added) {
    uint64_t start = (recipe_->constants.size() + deviceAlignment - 1) /
                     deviceAlignment * deviceAlignment;
    added->place = Place::Constant;
    added->offset = start;
    recipe_->constants.resize(start);
    recipe_->constants.insert(recipe_->constants.end(), constant(tensor),
                              constant(tensor) + added->bytes);
  }

  static const uint8_t *constant(const SynTensorObject &tensor) {
    return tensor.constPointer ? tensor.constPointer : tensor.constCopy.data();
  }

  void addNode(const SynGraphObject::Node &node, uint32_t step) {
    RecipeNode added;
    added.guid = node.guid;
    added.name = node.name;
    added.params = node.params;
    for (const auto &tensor : node.inputs) {
      added.inputs.push_back(use(tensor.get(), step));
    }
    for (const auto &tensor : node.outputs) {
      added.outputs.push_back(use(tensor.get(), step));
    }
    recipe_->nodes.push_back(std::move(added));
  }

  uint32_t use(const SynTensorObject *tensor, uint32_t step) {
    if (!tensor) {
      return absent;
    }
    uint32_t index = indexOf(tensor);
    RecipeTensor &added = recipe_->tensors[index];
    if (added.place == Place::Workspace) {
      // Tensors of one section that is not persistent stay together, so they
      // have one life.
      auto [found, isNew] = lives_.emplace(lifeKey(*tensor), lifetimes_.size());
      if (isNew) {
        lifetimes_.push_back({0, step, step});
      }
      Lifetime &life = lifetimes_[found->second];
      life.last = step;
      life.bytes = std::max(life.bytes, added.bytes + tensor->offset);
      inWorkspace_[index] = {found->second, tensor->offset};
    }
    return index;
  }

  static const void *lifeKey(const SynTensorObject &tensor) {
    return tensor.section ? static_cast<const void *>(tensor.section.get())
                          : &tensor;
  }

  void placeInWorkspace() {
    recipe_->workspaceBytes = planWorkspace(lifetimes_);
    for (const auto &[index, place] : inWorkspace_) {
      recipe_->tensors[index].offset =
          lifetimes_[place.first].offset + place.second;
    }
  }

  const SynGraphObject &graph_;
  const std::vector<uint32_t> &order_;
  std::shared_ptr<Recipe> recipe_ = std::make_shared<Recipe>();
  std::map<const SynTensorObject *, uint32_t> indices_;
  std::map<const SynSectionObject *, uint32_t> sections_;
  std::map<const void *, size_t> lives_;
  std::vector<Lifetime> lifetimes_;
  /// Tensor index -> its lifetime and its offset from that one's start.
  std::map<uint32_t, std::pair<size_t, uint64_t>> inWorkspace_;
};

Outcome compile(Library &library, SynGraphObject &graph, const char *name,
                synRecipeHandle *recipe) {
  if (graph.compiled) {
    return refuse(synFail, "the graph is compiled already");
  }
  Order order(graph);
  std::vector<uint32_t> schedule = order.schedule(library.faults.lastOrder);
  if (schedule.size() != graph.nodes.size()) {
    return refuse(synFail, "the nodes' edges run in a circle");
  }
  Outcome outcome = checkNodes(graph);
  if (outcome.ok()) {
    outcome = checkInputs(graph);
  }
  if (outcome.ok()) {
    outcome = checkSections(graph, order);
  }
  if (!outcome.ok()) {
    return outcome;
  }
  graph.compiled = true;
  auto made = std::make_shared<SynRecipeObject>();
  made->recipe = RecipeBuilder(graph, schedule).build(name);
  *recipe = library.recipes.add(std::move(made));
  return fine();
}

} // namespace
} // namespace bertc::standin

namespace bertc::rt::syn {

// The build log is a file for messages of the compiler; it has none.
extern "C" synStatus synGraphCompile(synRecipeHandle *recipe,
                                     synGraphHandle graph, const char *name,
                                     const char *) {
  return call("synGraphCompile", Need::Library, [&](Library &library) {
    auto object = library.graphs.find(graph);
    if (!object) {
      return noSuch("graph");
    }
    if (!recipe || !name || !*name) {
      return nullArgument("the recipe or its name");
    }
    return compile(library, *object, name, recipe);
  });
}

} // namespace bertc::rt::syn
