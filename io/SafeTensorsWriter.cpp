// SPDX-License-Identifier: Apache-2.0
//
// Writing safetensors: the layout is fixed from names and shapes alone, so the
// same content is the same bytes and tensors can be written as they come.

#include "io/SafeTensors.h"
#include "support/Json.h"

#include <algorithm>

namespace bertc {
namespace {

/// Largest elements first, so that each tensor is aligned to its elements.
bool laidOutBefore(const TensorInfo &a, const TensorInfo &b) {
  size_t sizeA = dataTypeSize(a.dtype), sizeB = dataTypeSize(b.dtype);
  return sizeA != sizeB ? sizeA > sizeB : a.name < b.name;
}

/// Length and JSON, padded with spaces to a multiple of eight bytes.
std::string framedHeader(const Json &header) {
  std::string text =
      header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const uint64_t length = text.size();
  return std::string(reinterpret_cast<const char *>(&length), 8) + text;
}

} // namespace

StatusOr<SafeTensorsWriter>
SafeTensorsWriter::create(const std::string &path,
                          std::vector<TensorInfo> tensors,
                          const std::map<std::string, std::string> &metadata) {
  std::sort(tensors.begin(), tensors.end(), laidOutBefore);
  Json header = Json::object();
  if (!metadata.empty()) {
    header["__metadata__"] = metadata;
  }
  std::unordered_map<std::string, Slot> slots;
  uint64_t offset = 0;
  for (const TensorInfo &info : tensors) {
    StatusOr<uint64_t> bytes = byteSize(info.dtype, info.shape);
    if (!bytes.ok()) {
      return invalidArgument("cannot write tensor '" + info.name + "' to '" +
                             path + "': " + bytes.status().message());
    }
    if (info.name == "__metadata__" ||
        !slots.emplace(info.name, Slot{offset, *bytes, *bytes == 0}).second) {
      return invalidArgument("cannot write '" + path + "': tensor name '" +
                             info.name + "' is reserved or used twice");
    }
    header[info.name] = {{"dtype", dataTypeName(info.dtype)},
                         {"shape", info.shape},
                         {"data_offsets", {offset, offset + *bytes}}};
    offset += *bytes;
  }
  BERTC_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::create(path));
  const std::string framed = framedHeader(header);
  BERTC_RETURN_IF_ERROR(file.append(framed));
  for (auto &[name, slot] : slots) {
    slot.offset += framed.size();
  }
  SafeTensorsWriter writer(std::move(file));
  writer.slots_ = std::move(slots);
  return writer;
}

Status SafeTensorsWriter::write(const std::string &name, const void *data,
                                uint64_t bytes) {
  auto found = slots_.find(name);
  if (found == slots_.end() || found->second.bytes != bytes) {
    return invalidArgument("tensor '" + name + "' of " + std::to_string(bytes) +
                           " bytes was not announced for '" + file_.path() +
                           "'");
  }
  found->second.written = true;
  return file_.writeAt(found->second.offset, data, bytes);
}

Status SafeTensorsWriter::commit() {
  for (const auto &[name, slot] : slots_) {
    if (!slot.written) {
      return internalError("tensor '" + name + "' of '" + file_.path() +
                           "' was not written");
    }
  }
  return file_.commit();
}

Status writeSafeTensors(const std::string &path,
                        const std::vector<TensorSource> &tensors,
                        const std::map<std::string, std::string> &metadata) {
  std::vector<TensorInfo> infos;
  for (const TensorSource &tensor : tensors) {
    infos.push_back(tensor.info);
  }
  BERTC_ASSIGN_OR_RETURN(SafeTensorsWriter writer,
                         SafeTensorsWriter::create(path, infos, metadata));
  for (const TensorSource &tensor : tensors) {
    BERTC_ASSIGN_OR_RETURN(uint64_t bytes,
                           byteSize(tensor.info.dtype, tensor.info.shape));
    BERTC_RETURN_IF_ERROR(writer.write(tensor.info.name, tensor.data, bytes));
  }
  return writer.commit();
}

} // namespace bertc
