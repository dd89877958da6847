// SPDX-License-Identifier: Apache-2.0
//
// Reading safetensors: the header is distrusted until every rule of the format
// has been checked, because files come from anywhere.
#include "io/SafeTensors.h"
#include "io/PlainNames.h"
#include "support/Json.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <tuple>

namespace bertc {
namespace {

constexpr uint64_t kMostHeaderBytes = 100000000;
constexpr size_t kPrefixBytes = 8;

/// A header entry: the tensor and its byte range in the buffer.
struct Entry {
  TensorInfo info;
  uint64_t begin = 0;
  uint64_t end = 0;
};

bool dataTypeFromName(const std::string &name, DataType *type) {
  for (DataType candidate :
       {DataType::F64, DataType::F32, DataType::F16, DataType::BF16,
        DataType::I64, DataType::I32, DataType::I16, DataType::I8, DataType::U8,
        DataType::Bool}) {
    if (name == dataTypeName(candidate)) {
      *type = candidate;
      return true;
    }
  }
  return false;
}

Status badTensor(const std::string &name, const std::string &what) {
  return corrupt("tensor '" + quotable(name) + "': " + what);
}

/// Whole numbers of a JSON array; false when it is anything else.
bool readNumbers(const Json &array, std::vector<int64_t> *out) {
  if (!array.is_array()) {
    return false;
  }
  for (const Json &item : array) {
    if (!item.is_number_unsigned() || item.get<uint64_t>() > INT64_MAX) {
      return false;
    }
    out->push_back(item.get<int64_t>());
  }
  return true;
}

StatusOr<Entry> parseEntry(const std::string &name, const Json &value) {
  Entry entry;
  entry.info.name = name;
  std::vector<int64_t> range;
  if (!value.is_object() || value.size() != 3 || !value.contains("dtype") ||
      !value.contains("shape") || !value.contains("data_offsets") ||
      !value["dtype"].is_string()) {
    return badTensor(name, "expected dtype, shape and data_offsets");
  }
  const std::string dtype = value["dtype"].get<std::string>();
  if (!dataTypeFromName(dtype, &entry.info.dtype)) {
    return badTensor(name, "unknown dtype '" + quotable(dtype) + "'");
  }
  if (!readNumbers(value["shape"], &entry.info.shape)) {
    return badTensor(name, "the shape is not a list of whole numbers");
  }
  if (!readNumbers(value["data_offsets"], &range) || range.size() != 2 ||
      range[0] > range[1]) {
    return badTensor(name, "data_offsets is not [begin, end]");
  }
  entry.begin = static_cast<uint64_t>(range[0]);
  entry.end = static_cast<uint64_t>(range[1]);
  StatusOr<uint64_t> bytes = byteSize(entry.info.dtype, entry.info.shape);
  if (!bytes.ok()) {
    return badTensor(name, bytes.status().message());
  }
  if (*bytes != entry.end - entry.begin) {
    return badTensor(name, dtype + shapeToString(entry.info.shape) + " needs " +
                               std::to_string(*bytes) +
                               " bytes, its data_offsets span " +
                               std::to_string(entry.end - entry.begin));
  }
  return entry;
}

/// Entries sorted by place; an error unless they tile the buffer exactly.
Status checkLayout(std::vector<Entry> *entries, uint64_t bufferBytes) {
  std::sort(entries->begin(), entries->end(),
            [](const Entry &a, const Entry &b) {
              return std::tie(a.begin, a.end, a.info.name) <
                     std::tie(b.begin, b.end, b.info.name);
            });
  uint64_t at = 0;
  for (const Entry &entry : *entries) {
    if (entry.begin != at) {
      return badTensor(entry.info.name,
                       "begins at " + std::to_string(entry.begin) +
                           ", expected " + std::to_string(at) +
                           (entry.begin > at ? " (a hole)" : " (an overlap)"));
    }
    at = entry.end;
    if (at > bufferBytes) {
      return badTensor(entry.info.name,
                       "ends at " + std::to_string(at) + ", but the file has " +
                           std::to_string(bufferBytes) + " bytes of data");
    }
  }
  if (at != bufferBytes) {
    return corrupt("the tensors cover " + std::to_string(at) + " of " +
                   std::to_string(bufferBytes) + " bytes of data");
  }
  return Status();
}

/// The JSON text between prefix and data.
StatusOr<std::string_view> headerOf(const MappedFile &file) {
  uint64_t length = 0;
  if (file.size() < kPrefixBytes) {
    return corrupt("has " + std::to_string(file.size()) +
                   " bytes, too few for a safetensors header");
  }
  std::memcpy(&length, file.data(), kPrefixBytes);
  if (length > kMostHeaderBytes) {
    return corrupt("a header of " + std::to_string(length) +
                   " bytes, expected at most 100000000");
  }
  if (length > file.size() - kPrefixBytes) {
    return corrupt("truncated: a header of " + std::to_string(length) +
                   " bytes, but " + std::to_string(file.size() - kPrefixBytes) +
                   " bytes are left");
  }
  std::string_view header = file.view().substr(kPrefixBytes, length);
  if (header.empty() || header.front() != '{') {
    return corrupt("the header does not begin with '{'");
  }
  return header;
}

Status parseMetadata(const Json &value,
                     std::map<std::string, std::string> *metadata) {
  if (!value.is_object()) {
    return corrupt("__metadata__ is not an object");
  }
  for (const auto &[key, text] : value.items()) {
    if (!text.is_string()) {
      return corrupt("__metadata__ holds something else than strings");
    }
    (*metadata)[key] = text.get<std::string>();
  }
  return Status();
}

} // namespace

Status SafeTensorsFile::addTensor(TensorView tensor, const std::string &path) {
  const std::string &name = tensor.info.name;
  if (const TensorView *earlier = find(name)) {
    return corrupt("tensor '" + quotable(name) + "' is in two shards, '" +
                   fileOf(*earlier) + "' and '" + path + "'");
  }
  byName_.emplace(name, tensors_.size());
  tensors_.push_back(std::move(tensor));
  return Status();
}

Status SafeTensorsFile::addFile(const std::string &path) {
  BERTC_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  const std::string context = "'" + path + "'";
  StatusOr<std::string_view> header = headerOf(file);
  if (!header.ok()) {
    return header.status().annotate(context);
  }
  BERTC_ASSIGN_OR_RETURN(Json root, parseJson(*header, path));
  std::vector<Entry> entries;
  for (const auto &[name, value] : root.items()) {
    if (name == "__metadata__") {
      std::map<std::string, std::string> metadata;
      BERTC_RETURN_IF_ERROR(parseMetadata(value, &metadata).annotate(context));
      if (maps_.empty()) {
        metadata_ = std::move(metadata);
      }
      continue;
    }
    StatusOr<Entry> entry = parseEntry(name, value);
    if (!entry.ok()) {
      return entry.status().annotate(context);
    }
    entries.push_back(*std::move(entry));
  }
  const uint64_t dataStart = kPrefixBytes + header->size();
  BERTC_RETURN_IF_ERROR(
      checkLayout(&entries, file.size() - dataStart).annotate(context));
  for (Entry &entry : entries) {
    BERTC_RETURN_IF_ERROR(
        addTensor({std::move(entry.info), file.data() + dataStart + entry.begin,
                   entry.end - entry.begin},
                  path));
  }
  maps_.push_back(std::move(file));
  return Status();
}

StatusOr<SafeTensorsFile> SafeTensorsFile::open(const std::string &path) {
  const std::string suffix = ".index.json";
  SafeTensorsFile file;
  file.path_ = path;
  const bool isIndex =
      path.size() > suffix.size() &&
      path.compare(path.size() - suffix.size(), suffix.size(), suffix) == 0;
  BERTC_RETURN_IF_ERROR(isIndex ? file.addShards(path) : file.addFile(path));
  return file;
}

/// The path of the shard that a tensor lies in.
const std::string &SafeTensorsFile::fileOf(const TensorView &tensor) const {
  for (const MappedFile &file : maps_) {
    if (tensor.data > file.data() && tensor.data <= file.data() + file.size()) {
      return file.path();
    }
  }
  return path_;
}

/// Opens the shards that a model.safetensors.index.json names and checks that
/// each holds what is said of it.
Status SafeTensorsFile::addShards(const std::string &indexFile) {
  BERTC_ASSIGN_OR_RETURN(std::string text, readFile(indexFile));
  BERTC_ASSIGN_OR_RETURN(Json root, parseJson(text, indexFile));
  const std::string context = "'" + indexFile + "'";
  if (!root.is_object() || !root.contains("weight_map") ||
      !root["weight_map"].is_object()) {
    return corrupt(context + ": expected an object 'weight_map'");
  }
  std::set<std::string> shards;
  for (const auto &[name, shard] : root["weight_map"].items()) {
    if (!shard.is_string() || !isPlainFileName(shard.get<std::string>())) {
      return corrupt(context + ": tensor '" + quotable(name) +
                     "' is not mapped to a file name without folder");
    }
    shards.insert(shard.get<std::string>());
  }
  const std::string folder = parentDirectory(indexFile);
  for (const std::string &shard : shards) {
    const std::string path = joinPath(folder, shard);
    if (!fileExists(path)) {
      return notFound(context + ": its shard '" + quotable(shard) +
                      "' is missing, expected it in the same folder");
    }
    BERTC_RETURN_IF_ERROR(addFile(path).annotate(context));
  }
  for (const auto &[name, shard] : root["weight_map"].items()) {
    const std::string named = shard.get<std::string>();
    const TensorView *tensor = find(name);
    if (tensor == nullptr || fileOf(*tensor) != joinPath(folder, named)) {
      return corrupt(context + ": tensor '" + quotable(name) + "' is not in '" +
                     quotable(named) + "', the shard named for it" +
                     (tensor ? ", but in '" + fileOf(*tensor) + "'" : ""));
    }
  }
  return Status();
}

StatusOr<SafeTensorsFile>
SafeTensorsFile::openFolder(const std::string &folder) {
  SafeTensorsFile file;
  file.path_ = folder;
  const std::string single = joinPath(folder, "model.safetensors");
  const std::string index = joinPath(folder, "model.safetensors.index.json");
  if (fileExists(single)) {
    BERTC_RETURN_IF_ERROR(file.addFile(single));
  } else if (fileExists(index)) {
    BERTC_RETURN_IF_ERROR(file.addShards(index));
  } else if (fileExists(joinPath(folder, "pytorch_model.bin"))) {
    return notFound("folder '" + folder +
                    "' has its weights in pytorch_model.bin, which is not "
                    "read; save the model as safetensors");
  } else {
    return notFound("folder '" + folder +
                    "' has neither model.safetensors nor "
                    "model.safetensors.index.json");
  }
  return file;
}

const TensorView *SafeTensorsFile::find(const std::string &name) const {
  auto found = byName_.find(name);
  return found == byName_.end() ? nullptr : &tensors_[found->second];
}

} // namespace bertc
