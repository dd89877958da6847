// SPDX-License-Identifier: Apache-2.0
//
// A compiled graph: nodes in the order they run in, tensors with their place,
// sections, and the size of the workspace. Holds no address of a device.
#pragma once

#include "runtime/synapse/Abi.h"
#include "tools/synapse-stand-in/Outcome.h"
#include "tools/synapse-stand-in/ops/Ops.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace bertc::standin {

/// Where a tensor's bytes are during a launch.
enum class Place : uint8_t {
  /// At `offset` of the workspace.
  Workspace = 0,
  /// At `offset` of the section `section`, whose address each launch gives.
  Section = 1,
  /// In the recipe's constants, at `offset`.
  Constant = 2,
};

struct RecipeTensor {
  std::string name;
  rt::syn::synTensorType type = rt::syn::DATA_TENSOR;
  rt::syn::synDataType dtype = rt::syn::syn_type_na;
  uint32_t dims = 0;
  std::array<uint64_t, 8> sizes{};
  uint64_t bytes = 0;
  Place place = Place::Workspace;
  uint32_t section = 0;
  uint64_t offset = 0;
  /// No node makes it.
  bool isInput = false;
  bool isWritten = false;
  bool external = false;
};

struct RecipeNode {
  std::string guid, name;
  /// Indices of tensors; absent for an operand left out.
  std::vector<uint32_t> inputs, outputs;
  std::vector<uint8_t> params;
};
constexpr uint32_t absent = 0xffffffff;

struct RecipeSection {
  uint64_t bytes = 0;
  bool isConst = false;
  /// Of a constant section; emptied by synRecipeSectionHostBuffersClear.
  std::vector<uint8_t> data;
};

struct Recipe {
  std::string name;
  rt::syn::synDeviceType device = rt::syn::synDeviceTypeInvalid;
  uint64_t workspaceBytes = 0;
  /// The persistent ones come first: a tensor's index is its id.
  std::vector<RecipeTensor> tensors;
  uint32_t numPersistent = 0;
  std::vector<RecipeNode> nodes;
  std::vector<RecipeSection> sections;
  std::vector<uint8_t> constants;
};

/// The bytes of synRecipeSerialize: a header of version, device type, size and
/// checksum, then the fields above.
std::vector<uint8_t> encodeRecipe(const Recipe &recipe);

/// Reads them; synWrongParamsFile for anything that encodeRecipe did not write.
Outcome decodeRecipe(const std::vector<uint8_t> &bytes, Recipe *recipe);

/// Judges a recipe that was read: indices, places, nodes.
Outcome verifyRecipe(const Recipe &recipe);

/// A node's call, without data.
OpCall opCall(const Recipe &recipe, const RecipeNode &node);

/// The index of a persistent tensor, or absent.
uint32_t persistentIndex(const Recipe &recipe, const std::string &name);

} // namespace bertc::standin
