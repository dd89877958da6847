// SPDX-License-Identifier: Apache-2.0
//
// The rules of a launch: every persistent tensor is given, its address fits the
// others of its section, lies in live device memory, and is aligned.
#include "tools/synapse-stand-in/Launch.h"

#include <algorithm>
#include <cstring>

namespace bertc::standin {

using namespace rt::syn;

namespace {

constexpr uint64_t unknown = ~uint64_t(0);

/// Which persistent tensor an info means; absent for one to skip.
Outcome identify(const Recipe &recipe, const synLaunchTensorInfo &info,
                 uint32_t flags, uint32_t *index) {
  *index = absent;
  if (flags & SYN_FLAGS_TENSOR_NAME) {
    if (!info.tensorName) {
      return nullArgument("the name of a tensor");
    }
    *index = persistentIndex(recipe, info.tensorName);
    if (*index == absent) {
      return refuse(synInvalidArgument,
                    std::string("the recipe has no persistent tensor ") +
                        info.tensorName);
    }
    // The library tells the id, in the caller's array.
    const_cast<synLaunchTensorInfo &>(info).tensorId =
        tensorId(*index, recipe.tensors[*index].type);
    return fine();
  }
  if (info.tensorId == TENSOR_INVALID_ID) {
    return fine();
  }
  uint64_t number = info.tensorId & (~uint64_t(0) >> 8);
  if (number >= recipe.numPersistent) {
    return refuse(synInvalidArgument,
                  "the recipe has no tensor id " + std::to_string(number));
  }
  *index = uint32_t(number);
  return fine();
}

Outcome checkInfo(const RecipeTensor &tensor, const synLaunchTensorInfo &info) {
  if (info.tensorType != tensor.type) {
    return refuse(synInvalidArgument,
                  "tensor " + tensor.name + " is given another type");
  }
  bool sized = std::any_of(info.tensorSize, info.tensorSize + HABANA_DIM_MAX,
                           [](uint64_t size) { return size != 0; });
  if (sized &&
      !std::equal(tensor.sizes.begin(), tensor.sizes.begin() + tensor.dims,
                  info.tensorSize)) {
    return refuse(synInvalidTensorDimensions,
                  "tensor " + tensor.name + " is given other sizes");
  }
  return fine();
}

/// The address one tensor gives its section.
Outcome placeSection(const RecipeTensor &tensor, uint64_t address,
                     uint64_t *section) {
  if (address == 0) {
    return fine();
  }
  if (address % deviceAlignment) {
    return refuse(synInvalidArgument, "tensor " + tensor.name +
                                          " is not at a multiple of 128 bytes");
  }
  if (address < tensor.offset ||
      (*section != unknown && *section != address - tensor.offset)) {
    return refuse(synFailedSectionValidation,
                  "the address of tensor " + tensor.name +
                      " does not fit its offset in the section and the other "
                      "tensors there");
  }
  *section = address - tensor.offset;
  return fine();
}

/// Reads the infos; `given` tells which tensors were named.
Outcome readInfos(const Recipe &recipe, const LaunchArguments &arguments,
                  std::vector<bool> *given, std::vector<uint64_t> *sections) {
  if (arguments.count && !arguments.infos) {
    return nullArgument("the list of tensors");
  }
  for (uint32_t i = 0; i < arguments.count; i++) {
    const synLaunchTensorInfo &info = arguments.infos[i];
    uint32_t index = absent;
    Outcome outcome = identify(recipe, info, arguments.flags, &index);
    if (outcome.ok() && index != absent) {
      const RecipeTensor &tensor = recipe.tensors[index];
      outcome = checkInfo(tensor, info);
      if (outcome.ok()) {
        outcome = placeSection(tensor, info.pTensorAddress,
                               &(*sections)[tensor.section]);
      }
      (*given)[index] = true;
    }
    if (!outcome.ok()) {
      return outcome;
    }
  }
  return fine();
}

/// A piece of device memory that a launch uses.
struct Piece {
  uint64_t begin, end;
  bool written;
  std::string name;
};

/// Memory that one section writes may be no other's. The real library does not
/// look; on a device the outcome would depend on the order of nodes.
Outcome checkOverlap(std::vector<Piece> pieces) {
  std::sort(pieces.begin(), pieces.end(),
            [](const Piece &a, const Piece &b) { return a.begin < b.begin; });
  for (size_t i = 0; i < pieces.size(); i++) {
    for (size_t j = i + 1; j < pieces.size() && pieces[j].begin < pieces[i].end;
         j++) {
      if (pieces[i].written || pieces[j].written) {
        return refuse(synFailedSectionValidation,
                      "the memory of " + pieces[i].name + " and " +
                          pieces[j].name + " overlaps, and one is written");
      }
    }
  }
  return fine();
}

std::vector<Piece> piecesOf(const Launch &launch) {
  const Recipe &recipe = *launch.recipe;
  std::vector<Piece> pieces(recipe.sections.size());
  for (size_t i = 0; i < pieces.size(); i++) {
    pieces[i] = {unknown, launch.sections[i] + recipe.sections[i].bytes, false,
                 "section " + std::to_string(i)};
  }
  for (uint32_t i = 0; i < recipe.numPersistent; i++) {
    const RecipeTensor &tensor = recipe.tensors[i];
    Piece &piece = pieces[tensor.section];
    piece.begin =
        std::min(piece.begin, launch.sections[tensor.section] + tensor.offset);
    piece.written = piece.written || tensor.isWritten;
    piece.name += " (" + tensor.name + ")";
  }
  if (recipe.workspaceBytes) {
    pieces.push_back({launch.workspace,
                      launch.workspace + recipe.workspaceBytes, true,
                      "the workspace"});
  }
  return pieces;
}

Outcome checkWorkspace(const Launch &launch) {
  uint64_t bytes = launch.recipe->workspaceBytes;
  if (bytes == 0) {
    return fine();
  }
  if (launch.workspace == 0) {
    return refuse(synInvalidArgument, "the recipe needs a workspace of " +
                                          std::to_string(bytes) + " bytes");
  }
  if (launch.workspace % deviceAlignment) {
    return refuse(synInvalidArgument,
                  "the workspace is not at a multiple of 128 bytes");
  }
  if (!launch.memory->at(launch.workspace, bytes)) {
    return refuse(synInvalidArgument,
                  "the workspace is not inside one allocation of the device");
  }
  return fine();
}

Outcome checkPlaces(const Launch &launch) {
  const Recipe &recipe = *launch.recipe;
  for (uint32_t i = 0; i < recipe.numPersistent; i++) {
    const RecipeTensor &tensor = recipe.tensors[i];
    uint64_t section = launch.sections[tensor.section];
    if (section == unknown) {
      return refuse(synFailedSectionValidation, "no tensor of the section of " +
                                                    tensor.name +
                                                    " has an address");
    }
    if (!launch.memory->at(section + tensor.offset, tensor.bytes)) {
      return refuse(synInvalidArgument,
                    "tensor " + tensor.name +
                        " is not inside one allocation of the device");
    }
  }
  return checkOverlap(piecesOf(launch));
}

} // namespace

Outcome placeLaunch(const LaunchArguments &arguments, Launch *launch) {
  const Recipe &recipe = *launch->recipe;
  launch->workspace = arguments.workspace;
  launch->sections.assign(recipe.sections.size(), unknown);
  std::vector<bool> given(recipe.numPersistent);
  Outcome outcome = readInfos(recipe, arguments, &given, &launch->sections);
  if (!outcome.ok()) {
    return outcome;
  }
  for (uint32_t i = 0; i < recipe.numPersistent; i++) {
    if (!given[i]) {
      return refuse(synInvalidArgument, "persistent tensor " +
                                            recipe.tensors[i].name +
                                            " is not given");
    }
  }
  outcome = checkWorkspace(*launch);
  return outcome.ok() ? checkPlaces(*launch) : outcome;
}

} // namespace bertc::standin
