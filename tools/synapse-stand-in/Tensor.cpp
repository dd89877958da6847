// SPDX-License-Identifier: Apache-2.0
//
// Tensors of a graph that is being built. Everything about a tensor can be set
// until a node uses it; then it is frozen.
#include "tools/synapse-stand-in/StatusText.h"

#include <cstring>

using namespace bertc::standin;

namespace bertc::standin {

using namespace rt::syn;

uint64_t bytesPerElement(synDataType type) {
  switch (type) {
  case syn_type_int8:
  case syn_type_uint8:
    return 1;
  case syn_type_bf16:
  case syn_type_fp16:
  case syn_type_int16:
  case syn_type_uint16:
    return 2;
  case syn_type_float:
  case syn_type_int32:
  case syn_type_uint32:
    return 4;
  case syn_type_int64:
  case syn_type_uint64:
    return 8;
  default:
    return 0;
  }
}

namespace {

/// Constants outside a constant section, in bytes.
constexpr uint64_t maxConstBytes = uint64_t(1) << 20;

template <class Body>
synStatus onTensor(const char *name, synTensor handle, Body &&body) {
  return call(name, Need::Library, [&](Library &library) {
    auto tensor = library.tensors.find(handle);
    if (!tensor) {
      return noSuch("tensor");
    }
    Outcome outcome = body(library, *tensor);
    if (!outcome.ok()) {
      outcome.why = "tensor " + tensor->name + ": " + outcome.why;
    }
    return outcome;
  });
}

/// The same for a setter, which a frozen tensor refuses.
template <class Body>
synStatus setOnTensor(const char *name, synTensor handle, Body &&body) {
  return onTensor(name, handle, [&](Library &library, SynTensorObject &tensor) {
    if (tensor.frozen) {
      return refuse(synObjectAlreadyInitialized,
                    "a node uses it, so it can no longer change");
    }
    return body(library, tensor);
  });
}

Outcome setGeometry(SynTensorObject &tensor, const synTensorGeometry &geometry,
                    synGeometryType type) {
  if (type == synGeometryDims) {
    return refuse(synUnsupported, "sizes are not inferred here: set them");
  }
  if (geometry.dims < 1 || geometry.dims > HABANA_DIM_MAX) {
    return refuse(synInvalidTensorDimensions,
                  "rank " + std::to_string(geometry.dims) + ", 1 to 25 exist");
  }
  for (uint32_t i = 0; i < geometry.dims; i++) {
    if (geometry.sizes[i] == 0) {
      return refuse(synInvalidTensorDimensions,
                    "size 0 in dimension " + std::to_string(i));
    }
    if (type == synGeometryMinSizes && tensor.hasGeometry &&
        geometry.sizes[i] != tensor.sizes[i]) {
      return refuse(synUnsupported, "dynamic shapes are not simulated");
    }
  }
  tensor.hasGeometry = true;
  tensor.dims = geometry.dims;
  std::copy(geometry.sizes, geometry.sizes + geometry.dims,
            tensor.sizes.begin());
  return fine();
}

Outcome setType(SynTensorObject &tensor, synDataType type) {
  if (!bytesPerElement(type)) {
    return refuse(synUnsupported, "data type " +
                                      std::to_string(unsigned(type)) +
                                      " is not simulated");
  }
  tensor.dtype = type;
  return fine();
}

Outcome setConstant(SynTensorObject &tensor, const uint8_t *data,
                    uint64_t bytes, synDataType type, bool copy) {
  if (!data || bytes == 0) {
    return nullArgument("the constant");
  }
  bool inConstSection = tensor.section && tensor.section->isConst;
  if (!inConstSection && bytes > maxConstBytes) {
    return refuse(synInvalidArgument,
                  "a constant of " + std::to_string(bytes) +
                      " bytes needs a constant section; outside at most 1 MiB");
  }
  if (tensor.dtype != syn_type_na && type != tensor.dtype) {
    return refuse(synUnsupported, "the constant has another data type");
  }
  tensor.isConst = true;
  tensor.dtype = type;
  tensor.constBytes = bytes;
  tensor.constPointer = copy ? nullptr : data;
  tensor.constCopy.assign(data, copy ? data + bytes : data);
  return fine();
}

} // namespace
} // namespace bertc::standin

namespace bertc::rt::syn {

uint64_t SynTensorObject::bytes() const {
  uint64_t total = bytesPerElement(dtype);
  for (uint32_t i = 0; i < dims; i++) {
    if (__builtin_mul_overflow(total, sizes[i], &total)) {
      return ~uint64_t(0);
    }
  }
  return total;
}

extern "C" synStatus synTensorHandleCreate(synTensor *tensor,
                                           synGraphHandle graph,
                                           synTensorType type,
                                           const char *name) {
  return call("synTensorHandleCreate", Need::Library, [&](Library &library) {
    if (!tensor) {
      return nullArgument("the tensor");
    }
    auto owner = library.graphs.find(graph);
    if (!owner) {
      return noSuch("graph");
    }
    if (owner->compiled) {
      return refuse(synFail, "the graph is compiled");
    }
    if (type >= TENSOR_TYPE_INVALID) {
      return refuse(synInvalidArgument,
                    "tensor type " + std::to_string(unsigned(type)));
    }
    std::string own = name ? name : "";
    while (own.empty() || (!name && owner->tensors.count(own))) {
      own = "tensor_" + std::to_string(owner->unnamed++);
    }
    if (own.size() >= ENQUEUE_TENSOR_NAME_MAX_SIZE) {
      return refuse(synInvalidArgument, "the name is too long");
    }
    if (owner->tensors.count(own)) {
      return refuse(synNameIsAlreadyUsed, "the graph has a tensor " + own);
    }
    auto made = std::make_shared<SynTensorObject>();
    made->name = own;
    made->graph = graph;
    made->type = type;
    owner->tensors[own] = made;
    *tensor = library.tensors.add(std::move(made));
    return fine();
  });
}

extern "C" synStatus synTensorSetGeometry(synTensor tensor,
                                          const synTensorGeometry *geometry,
                                          synGeometryType type) {
  return setOnTensor("synTensorSetGeometry", tensor,
                     [&](Library &, SynTensorObject &object) {
                       return geometry ? setGeometry(object, *geometry, type)
                                       : nullArgument("the geometry");
                     });
}

extern "C" synStatus synTensorSetDeviceDataType(synTensor tensor,
                                                synDataType type) {
  return setOnTensor("synTensorSetDeviceDataType", tensor,
                     [&](Library &, SynTensorObject &object) {
                       return setType(object, type);
                     });
}

extern "C" synStatus
synTensorSetDeviceFullLayout(synTensor tensor,
                             const synTensorDeviceFullLayout *layout) {
  return setOnTensor("synTensorSetDeviceFullLayout", tensor,
                     [&](Library &, SynTensorObject &object) {
                       if (!layout) {
                         return nullArgument("the layout");
                       }
                       for (uint32_t stride : layout->strides) {
                         if (stride != 0) {
                           return refuse(synInvalidArgument,
                                         "tensors are dense: strides are 0");
                         }
                       }
                       return setType(object, layout->deviceDataType);
                     });
}

extern "C" synStatus synTensorAssignToSection(synTensor tensor,
                                              synSectionHandle section,
                                              uint64_t byteOffset) {
  return setOnTensor("synTensorAssignToSection", tensor,
                     [&](Library &library, SynTensorObject &object) {
                       auto found = library.sections.find(section);
                       if (!found) {
                         return noSuch("section");
                       }
                       if (found->graph != object.graph) {
                         return refuse(synInvalidArgument,
                                       "the section is of another graph");
                       }
                       if (object.section && object.section != found) {
                         return refuse(synObjectAlreadyInitialized,
                                       "it lies in another section");
                       }
                       found->used = true;
                       object.section = found;
                       object.offset = byteOffset;
                       return fine();
                     });
}

extern "C" synStatus synTensorSetSectionOffset(synTensor tensor,
                                               uint64_t byteOffset) {
  return setOnTensor("synTensorSetSectionOffset", tensor,
                     [&](Library &, SynTensorObject &object) {
                       if (!object.section) {
                         return refuse(synInvalidArgument,
                                       "it lies in no section");
                       }
                       object.offset = byteOffset;
                       return fine();
                     });
}

extern "C" synStatus synTensorSetHostPtr(synTensor tensor, void *data,
                                         uint64_t bytes, synDataType type,
                                         bool copy) {
  return setOnTensor(
      "synTensorSetHostPtr", tensor, [&](Library &, SynTensorObject &object) {
        return setConstant(object, static_cast<const uint8_t *>(data), bytes,
                           type, copy);
      });
}

extern "C" synStatus
synTensorSetPermutation(synTensor tensor,
                        const synTensorPermutation *permutation) {
  return setOnTensor(
      "synTensorSetPermutation", tensor, [&](Library &, SynTensorObject &) {
        if (!permutation || permutation->dims > HABANA_DIM_MAX) {
          return nullArgument("the permutation");
        }
        for (uint8_t i = 0; i < permutation->dims; i++) {
          if (permutation->permutation[i] != i) {
            return refuse(synUnsupported, "permuted tensors are not simulated");
          }
        }
        return fine();
      });
}

extern "C" synStatus synTensorSetAllowPermutation(synTensor tensor, int8_t) {
  return setOnTensor("synTensorSetAllowPermutation", tensor,
                     [&](Library &, SynTensorObject &) { return fine(); });
}

extern "C" synStatus synTensorSetExternal(synTensor tensor, bool external) {
  return setOnTensor("synTensorSetExternal", tensor,
                     [&](Library &, SynTensorObject &object) {
                       object.external = external;
                       return fine();
                     });
}

extern "C" synStatus synTensorGetName(synTensor tensor, uint64_t size,
                                      char *name) {
  return onTensor(
      "synTensorGetName", tensor, [&](Library &, SynTensorObject &object) {
        if (!name) {
          return nullArgument("the name");
        }
        return copyText(object.name, name, size)
                   ? fine()
                   : refuse(synInvalidArgument, "the buffer is too short");
      });
}

extern "C" synStatus synTensorDestroy(synTensor tensor) {
  return call("synTensorDestroy", Need::Library, [&](Library &library) {
    auto object = library.tensors.take(tensor);
    if (!object) {
      return noSuch("tensor");
    }
    // A tensor that no node uses leaves its graph; the others stay in it.
    if (!object->frozen) {
      if (auto graph = library.graphs.find(object->graph)) {
        graph->tensors.erase(object->name);
      }
    }
    return fine();
  });
}

} // namespace bertc::rt::syn
