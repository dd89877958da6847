// SPDX-License-Identifier: Apache-2.0

#include "runtime/synapse/Recipe.h"

#include <algorithm>
#include <cstring>

namespace bertc::rt::syn {
namespace {

// One struct for the library to fill, with room behind it that it must leave
// alone: a library whose struct is longer than ours is found out here.
struct GuardedInfo {
  static constexpr unsigned char kGuard = 0xa5;

  synRetrievedLaunchTensorInfo info;
  unsigned char guard[1024];

  explicit GuardedInfo(uint64_t id) {
    std::memset(static_cast<void *>(this), 0, sizeof *this);
    std::memset(guard, kGuard, sizeof guard);
    info.tensorId = id;
  }
  bool intact() const {
    return std::all_of(std::begin(guard), std::end(guard),
                       [](unsigned char c) { return c == kGuard; });
  }
};

std::string sizesText(const uint64_t *sizes, uint64_t count) {
  std::string text = "[";
  for (uint64_t i = 0; i < count; ++i) {
    text += (i == 0 ? "" : ",") + std::to_string(sizes[i]);
  }
  return text + "]";
}

// Holds what the recipe tells of a tensor against the graph.
Status compareTensor(const synRetrievedLaunchTensorInfo &found,
                     const plan::GraphTensor &expected) {
  std::string name(found.tensorName,
                   strnlen(found.tensorName, sizeof found.tensorName));
  std::string want = expected.name()->str();
  const auto &sizes = *expected.sizes();
  bool sameSizes = found.tensorDims == sizes.size() &&
                   std::equal(sizes.begin(), sizes.end(), found.tensorMaxSize);
  if (name == want && found.tensorType == DATA_TENSOR &&
      found.tensorDataType == dataTypeOf(expected.dtype()) && sameSizes) {
    return Status();
  }
  return failedPrecondition(
      "the recipe says '" + name + "', data type " +
      std::to_string(found.tensorDataType) + ", sizes " +
      sizesText(found.tensorMaxSize,
                std::min<uint32_t>(found.tensorDims, HABANA_DIM_MAX)) +
      " of tensor '" + want + "', data type " +
      std::to_string(dataTypeOf(expected.dtype())) + ", sizes " +
      sizesText(sizes.data(), sizes.size()) +
      ": it is of another graph, or of a SynapseAI release that bertc does not "
      "know");
}

Status compareRecipe(const Recipe &recipe,
                     const std::vector<const plan::GraphTensor *> &tensors,
                     const std::vector<uint64_t> &ids) {
  const Library &library = *recipe.library();
  uint32_t amount = 0;
  BERTC_SYN(library, synTensorRetrievePersistentAmount, recipe.get(), &amount);
  if (amount != tensors.size()) {
    return failedPrecondition("the recipe has " + std::to_string(amount) +
                              " persistent tensors, the graph " +
                              std::to_string(tensors.size()) +
                              ": it is of another graph");
  }
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (ids[i] == TENSOR_INVALID_ID) {
      return failedPrecondition("the recipe has no tensor '" +
                                tensors[i]->name()->str() +
                                "': it is of another graph");
    }
    GuardedInfo guarded(ids[i]);
    BERTC_SYN(library, synTensorRetrieveLaunchInfoById, recipe.get(), 1,
              &guarded.info);
    if (!guarded.intact()) {
      return failedPrecondition("synTensorRetrieveLaunchInfoById writes more "
                                "than its struct has: the library is of a "
                                "SynapseAI release that bertc does not know");
    }
    BERTC_RETURN_IF_ERROR(compareTensor(guarded.info, *tensors[i]));
  }
  return Status();
}

} // namespace

Recipe::~Recipe() {
  if (handle_ != nullptr) {
    BERTC_SYN_GIVE(*library_, synRecipeDestroy, handle_);
  }
}

StatusOr<uint64_t> Recipe::workspaceBytes() const {
  uint64_t bytes = 0;
  BERTC_SYN(*library_, synWorkspaceGetSize, &bytes, handle_);
  return bytes;
}

Status Recipe::write(const std::string &path) const {
  return BERTC_SYN_STATUS(*library_, synRecipeSerialize, handle_, path.c_str());
}

StatusOr<Recipe> Recipe::read(const LibraryPtr &library,
                              const std::string &path) {
  synRecipeHandle handle = nullptr;
  BERTC_SYN(*library, synRecipeDeSerialize, &handle, path.c_str());
  return Recipe(library, handle);
}

StatusOr<std::vector<uint64_t>> launchIds(const Recipe &recipe,
                                          const plan::Graph &graph) {
  std::vector<const plan::GraphTensor *> tensors;
  std::vector<const char *> names;
  for (const plan::GraphTensor *tensor : *graph.tensors()) {
    if (tensor->storage() != plan::GraphStorage::Workspace) {
      tensors.push_back(tensor);
      names.push_back(tensor->name()->c_str());
    }
  }
  std::vector<uint64_t> ids(tensors.size(), TENSOR_INVALID_ID);
  BERTC_SYN(*recipe.library(), synTensorRetrieveIds, recipe.get(), names.data(),
            ids.data(), static_cast<uint32_t>(names.size()));
  BERTC_RETURN_IF_ERROR(compareRecipe(recipe, tensors, ids)
                            .annotate("graph '" + graph.name()->str() + "'"));
  return ids;
}

synDataType dataTypeOf(plan::GraphDType dtype) {
  switch (dtype) {
  case plan::GraphDType::F32:
    return syn_type_float;
  case plan::GraphDType::BF16:
    return syn_type_bf16;
  case plan::GraphDType::I32:
    return syn_type_int32;
  case plan::GraphDType::I8:
    return syn_type_int8;
  }
  return syn_type_na;
}

uint64_t tensorBytes(const plan::GraphTensor &tensor) {
  constexpr uint64_t kBytes[] = {4, 2, 4, 1};
  uint64_t bytes = kBytes[static_cast<size_t>(tensor.dtype())];
  for (uint64_t size : *tensor.sizes()) {
    bytes *= size;
  }
  return bytes;
}

} // namespace bertc::rt::syn
