// SPDX-License-Identifier: Apache-2.0
//
// What a program asks of a compiled graph, and recipes on disk.
#include "tools/synapse-stand-in/Library.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

using namespace bertc::standin;

namespace bertc::standin {

using namespace rt::syn;

namespace {

template <class Body>
synStatus onRecipe(const char *name, synRecipeHandle handle, Body &&body) {
  return call(name, Need::Library, [&](Library &library) {
    auto object = library.recipes.find(handle);
    return object ? body(*object->recipe) : noSuch("recipe");
  });
}

Outcome writeFile(const char *path, const std::vector<uint8_t> &bytes) {
  std::FILE *file = std::fopen(path, "wb");
  if (!file) {
    return refuse(synFail, std::string("cannot write ") + path);
  }
  bool written =
      std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  written = std::fclose(file) == 0 && written;
  return written ? fine()
                 : refuse(synFail, std::string("cannot write ") + path);
}

Outcome readFile(const char *path, std::vector<uint8_t> *bytes) {
  std::FILE *file = std::fopen(path, "rb");
  if (!file) {
    return refuse(synWrongParamsFile, std::string("cannot read ") + path);
  }
  uint8_t piece[1 << 14];
  for (size_t n; (n = std::fread(piece, 1, sizeof(piece), file)) > 0;) {
    bytes->insert(bytes->end(), piece, piece + n);
  }
  std::fclose(file);
  return fine();
}

uint64_t sectionBytes(const Recipe &recipe, bool onlyConst) {
  uint64_t total = 0;
  for (const RecipeSection &section : recipe.sections) {
    total += !onlyConst || section.isConst ? section.bytes : 0;
  }
  return total;
}

Outcome attribute(const Recipe &recipe, synRecipeAttribute attribute,
                  uint64_t *value) {
  switch (attribute) {
  case RECIPE_ATTRIBUTE_WORKSPACE_SIZE:
    *value = recipe.workspaceBytes;
    return fine();
  case RECIPE_ATTRIBUTE_NUM_PERSISTENT_TENSORS:
    *value = recipe.numPersistent;
    return fine();
  case RECIPE_ATTRIBUTE_HOST_MEM_SIZE:
    *value = encodeRecipe(recipe).size();
    return fine();
  case RECIPE_ATTRIBUTE_NUM_EXTERNAL_TENSORS:
    *value =
        uint64_t(std::count_if(recipe.tensors.begin(), recipe.tensors.end(),
                               [](auto &t) { return t.external; }));
    return fine();
  case RECIPE_ATTRIBUTE_PERSISTENT_TENSORS_SIZE:
    *value = sectionBytes(recipe, false);
    return fine();
  case RECIPE_ATTRIBUTE_CONST_SECTIONS_SIZE:
    *value = sectionBytes(recipe, true);
    return fine();
  case RECIPE_ATTRIBUTE_DEVICE_MEMORY_SIZE:
    *value = recipe.constants.size();
    return fine();
  }
  return refuse(synInvalidArgument,
                "recipe attribute " + std::to_string(unsigned(attribute)));
}

void describe(const Recipe &recipe, uint32_t index,
              synRetrievedLaunchTensorInfo *info) {
  const RecipeTensor &tensor = recipe.tensors[index];
  uint64_t id = info->tensorId;
  *info = synRetrievedLaunchTensorInfo{};
  std::strncpy(info->tensorName, tensor.name.c_str(),
               sizeof(info->tensorName) - 1);
  info->tensorId = id;
  info->tensorType = tensor.type;
  info->tensorDataType = tensor.dtype;
  info->tensorDims = tensor.dims;
  for (uint32_t i = 0; i < tensor.dims; i++) {
    info->tensorMaxSize[i] = info->tensorMinSize[i] = tensor.sizes[i];
  }
  for (uint32_t i = 0; i < HABANA_DIM_MAX; i++) {
    info->tensorPermutation[i] = uint8_t(i);
  }
  info->tensorSectionId = tensor.section;
  info->tensorOffsetInSection = tensor.offset;
  info->isInput = tensor.isInput;
}

} // namespace
} // namespace bertc::standin

namespace bertc::rt::syn {

extern "C" synStatus synWorkspaceGetSize(uint64_t *bytes,
                                         synRecipeHandle recipe) {
  return onRecipe("synWorkspaceGetSize", recipe, [&](const Recipe &object) {
    if (!bytes) {
      return nullArgument("the size");
    }
    *bytes = object.workspaceBytes;
    return fine();
  });
}

extern "C" synStatus synRecipeSerialize(synRecipeHandle recipe,
                                        const char *file) {
  return onRecipe("synRecipeSerialize", recipe, [&](const Recipe &object) {
    return file ? writeFile(file, encodeRecipe(object))
                : nullArgument("the file");
  });
}

extern "C" synStatus synRecipeDeSerialize(synRecipeHandle *recipe,
                                          const char *file) {
  return call("synRecipeDeSerialize", Need::Library, [&](Library &library) {
    if (!recipe || !file) {
      return nullArgument("the recipe or the file");
    }
    std::vector<uint8_t> bytes;
    auto made = std::make_shared<SynRecipeObject>();
    made->recipe = std::make_shared<Recipe>();
    Outcome outcome = readFile(file, &bytes);
    if (outcome.ok()) {
      outcome = decodeRecipe(bytes, made->recipe.get());
    }
    if (outcome.ok()) {
      outcome = verifyRecipe(*made->recipe);
    }
    if (!outcome.ok()) {
      return outcome;
    }
    if (library.device && library.device->type != made->recipe->device) {
      return refuse(synDeviceTypeMismatch,
                    "the recipe is for another type of device");
    }
    *recipe = library.recipes.add(std::move(made));
    return fine();
  });
}

extern "C" synStatus synRecipeDestroy(synRecipeHandle recipe) {
  return call("synRecipeDestroy", Need::Library, [&](Library &library) {
    return library.recipes.take(recipe) ? fine() : noSuch("recipe");
  });
}

extern "C" synStatus synRecipeGetAttribute(uint64_t *values,
                                           const synRecipeAttribute *attributes,
                                           unsigned count,
                                           synRecipeHandle recipe) {
  return onRecipe("synRecipeGetAttribute", recipe, [&](const Recipe &object) {
    if (!values || !attributes) {
      return nullArgument("the values or the attributes");
    }
    for (unsigned i = 0; i < count; i++) {
      if (Outcome outcome = attribute(object, attributes[i], &values[i]);
          !outcome.ok()) {
        return outcome;
      }
    }
    return fine();
  });
}

extern "C" synStatus synRecipeSectionGetProp(synRecipeHandle recipe,
                                             synSectionId section,
                                             synSectionProp prop,
                                             uint64_t *value) {
  return onRecipe("synRecipeSectionGetProp", recipe, [&](const Recipe &object) {
    if (section >= object.sections.size()) {
      return refuse(synInvalidArgument,
                    "the recipe has no section " + std::to_string(section));
    }
    if (!value) {
      return nullArgument("the value");
    }
    const RecipeSection &found = object.sections[section];
    if (prop == SECTION_SIZE) {
      *value = found.bytes;
    } else if (prop == IS_CONST) {
      *value = found.isConst;
    } else if (prop == SECTION_DATA && !found.data.empty()) {
      *value = reinterpret_cast<uint64_t>(found.data.data());
    } else {
      return refuse(synInvalidArgument, "the section has no such property");
    }
    return fine();
  });
}

extern "C" synStatus
synRecipeSectionHostBuffersClear(synRecipeHandle recipe,
                                 const synSectionId *sections, size_t count) {
  return onRecipe(
      "synRecipeSectionHostBuffersClear", recipe, [&](Recipe &object) {
        if (count && !sections) {
          return nullArgument("the sections");
        }
        for (size_t i = 0; i < count; i++) {
          if (sections[i] >= object.sections.size()) {
            return refuse(synInvalidArgument, "the recipe has no section " +
                                                  std::to_string(sections[i]));
          }
          object.sections[sections[i]].data = {};
        }
        return fine();
      });
}

extern "C" synStatus synTensorRetrieveIds(synRecipeHandle recipe,
                                          const char **names, uint64_t *ids,
                                          uint32_t count) {
  return onRecipe("synTensorRetrieveIds", recipe, [&](const Recipe &object) {
    if (!names || !ids) {
      return nullArgument("the names or the ids");
    }
    for (uint32_t i = 0; i < count; i++) {
      uint32_t index = names[i] ? persistentIndex(object, names[i]) : absent;
      if (index == absent) {
        return refuse(synInvalidArgument,
                      std::string("the recipe has no persistent tensor ") +
                          (names[i] ? names[i] : "(null)"));
      }
      ids[i] = tensorId(index, object.tensors[index].type);
    }
    return fine();
  });
}

extern "C" synStatus synTensorRetrieveLaunchAmount(synRecipeHandle recipe,
                                                   uint32_t *count) {
  return onRecipe("synTensorRetrieveLaunchAmount", recipe,
                  [&](const Recipe &object) {
                    if (!count) {
                      return nullArgument("the count");
                    }
                    *count = object.numPersistent;
                    return fine();
                  });
}

extern "C" synStatus synTensorRetrieveLaunchIds(synRecipeHandle recipe,
                                                uint64_t *ids, uint32_t count) {
  return onRecipe("synTensorRetrieveLaunchIds", recipe,
                  [&](const Recipe &object) {
                    if (!ids) {
                      return nullArgument("the ids");
                    }
                    if (count > object.numPersistent) {
                      return refuse(synInvalidArgument,
                                    "the recipe has " +
                                        std::to_string(object.numPersistent) +
                                        " persistent tensors");
                    }
                    for (uint32_t i = 0; i < count; i++) {
                      ids[i] = tensorId(i, object.tensors[i].type);
                    }
                    return fine();
                  });
}

extern "C" synStatus
synTensorRetrieveLaunchInfoById(synRecipeHandle recipe, uint32_t count,
                                synRetrievedLaunchTensorInfo *infos) {
  return onRecipe("synTensorRetrieveLaunchInfoById", recipe,
                  [&](const Recipe &object) {
                    if (!infos) {
                      return nullArgument("the infos");
                    }
                    for (uint32_t i = 0; i < count; i++) {
                      // An id that is not of the recipe is answered as invalid.
                      uint64_t index = infos[i].tensorId & (~uint64_t(0) >> 8);
                      if (infos[i].tensorId == TENSOR_INVALID_ID ||
                          index >= object.numPersistent) {
                        infos[i].tensorType = TENSOR_TYPE_INVALID;
                      } else {
                        describe(object, uint32_t(index), &infos[i]);
                      }
                    }
                    return fine();
                  });
}

extern "C" synStatus synTensorRetrievePersistentAmount(synRecipeHandle recipe,
                                                       uint32_t *count) {
  return onRecipe("synTensorRetrievePersistentAmount", recipe,
                  [&](const Recipe &object) {
                    if (!count) {
                      return nullArgument("the count");
                    }
                    *count = object.numPersistent;
                    return fine();
                  });
}

} // namespace bertc::rt::syn
