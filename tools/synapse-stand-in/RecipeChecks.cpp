// SPDX-License-Identifier: Apache-2.0
//
// A recipe that comes from a file is judged before it is run: indices, places
// and nodes.
#include "tools/synapse-stand-in/Recipe.h"
#include "tools/synapse-stand-in/ops/Ops.h"

#include <algorithm>

namespace bertc::standin {

using namespace rt::syn;

namespace {

OpTensor opTensor(const Recipe &recipe, uint32_t index) {
  OpTensor result;
  if (index == absent) {
    return result;
  }
  const RecipeTensor &tensor = recipe.tensors[index];
  result.dtype = tensor.dtype;
  result.rank = int(tensor.dims);
  std::copy(tensor.sizes.begin(), tensor.sizes.end(), result.sizes);
  return result;
}

bool tensorsFit(const Recipe &recipe) {
  if (recipe.numPersistent > recipe.tensors.size()) {
    return false;
  }
  for (const RecipeTensor &tensor : recipe.tensors) {
    uint64_t room = tensor.place == Place::Workspace  ? recipe.workspaceBytes
                    : tensor.place == Place::Constant ? recipe.constants.size()
                    : tensor.section < recipe.sections.size()
                        ? recipe.sections[tensor.section].bytes
                        : 0;
    if (tensor.dims > tensor.sizes.size() || tensor.offset > room ||
        tensor.bytes > room - tensor.offset) {
      return false;
    }
  }
  return true;
}

bool indicesFit(const Recipe &recipe) {
  for (const RecipeNode &node : recipe.nodes) {
    for (const auto *list : {&node.inputs, &node.outputs}) {
      for (uint32_t index : *list) {
        if (index != absent && index >= recipe.tensors.size()) {
          return false;
        }
      }
    }
  }
  return true;
}

} // namespace

OpCall opCall(const Recipe &recipe, const RecipeNode &node) {
  OpCall op;
  op.guid = node.guid.c_str();
  for (uint32_t index : node.inputs) {
    op.in.push_back(opTensor(recipe, index));
  }
  for (uint32_t index : node.outputs) {
    op.out.push_back(opTensor(recipe, index));
  }
  op.params = node.params.empty() ? nullptr : node.params.data();
  op.paramsSize = unsigned(node.params.size());
  return op;
}

Outcome verifyRecipe(const Recipe &recipe) {
  if (!tensorsFit(recipe) || !indicesFit(recipe)) {
    return refuse(synWrongParamsFile, "the recipe contradicts itself");
  }
  for (const RecipeNode &node : recipe.nodes) {
    if (std::string problem = checkOp(opCall(recipe, node), recipe.device);
        !problem.empty()) {
      return refuse(synWrongParamsFile, "node " + node.name + ": " + problem);
    }
  }
  return fine();
}

uint32_t persistentIndex(const Recipe &recipe, const std::string &name) {
  for (uint32_t i = 0; i < recipe.numPersistent; i++) {
    if (recipe.tensors[i].name == name) {
      return i;
    }
  }
  return absent;
}

} // namespace bertc::standin
