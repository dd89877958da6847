// SPDX-License-Identifier: Apache-2.0
//
// Reading TensorFlow V2 checkpoints. Nothing an index says is used before it
// has been checked against the files themselves.
#include "io/Checkpoint.h"
#include "io/Crc32c.h"
#include "io/IndexTable.h"
#include "io/PlainNames.h"
#include "io/TensorTypes.h"
#include "io/proto/checkpoint.pb.h"

#include <cstdio>
#include <cstring>
#include <google/protobuf/stubs/logging.h>

namespace bertc {
namespace {

constexpr size_t kMostDimensions = 254; // TensorFlow's own limit
constexpr const char *kIndexSuffix = ".index";

/// What this reader implements of the format.
constexpr int kBundleVersion = 1;

bool endsWith(const std::string &text, const std::string &suffix) {
  return text.size() >= suffix.size() &&
         text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

template <typename Message>
bool parseMessage(const std::string &bytes, Message *message) {
  google::protobuf::LogSilencer silencer;
  return message->ParseFromString(bytes);
}

StatusOr<int32_t> parseHeader(const std::string &value) {
  proto::BundleHeader header;
  if (!parseMessage(value, &header)) {
    return corrupt("the header entry is malformed");
  }
  if (header.endianness() != proto::BundleHeader::LITTLE) {
    return corrupt("the tensors are big-endian, expected little-endian");
  }
  if (header.version().min_consumer() > kBundleVersion) {
    return corrupt("needs a reader of format version " +
                   std::to_string(header.version().min_consumer()) +
                   ", this one is of version " +
                   std::to_string(kBundleVersion));
  }
  if (header.num_shards() < 1) {
    return corrupt("names " + std::to_string(header.num_shards()) +
                   " data files, expected at least 1");
  }
  return header.num_shards();
}

/// Fills everything of *entry but the name from the stored message.
Status parseEntry(const std::string &value, CheckpointEntry *entry) {
  proto::BundleEntry stored;
  if (!parseMessage(value, &stored)) {
    return corrupt("the entry is malformed");
  }
  if (stored.shape().unknown_rank() ||
      static_cast<size_t>(stored.shape().dim_size()) > kMostDimensions) {
    return corrupt("the shape is unknown or has too many dimensions");
  }
  for (const auto &dim : stored.shape().dim()) {
    entry->info.shape.push_back(dim.size());
  }
  if (stored.offset() < 0 || stored.size() < 0) {
    return corrupt("a negative offset or size");
  }
  entry->info.dtype = dataTypeFromTensorFlow(stored.dtype());
  entry->tfType = stored.dtype();
  entry->shard = stored.shard_id();
  entry->offset = static_cast<uint64_t>(stored.offset());
  entry->bytes = static_cast<uint64_t>(stored.size());
  entry->maskedCrc = stored.crc32c();
  entry->partitioned = stored.slices_size() > 0;
  BERTC_ASSIGN_OR_RETURN(int64_t count, elementCount(entry->info.shape));
  if (entry->partitioned || dataTypeSize(entry->info.dtype) == 0) {
    return Status();
  }
  BERTC_ASSIGN_OR_RETURN(uint64_t expected,
                         byteSize(entry->info.dtype, entry->info.shape));
  if (expected != entry->bytes) {
    return corrupt(std::string(dataTypeName(entry->info.dtype)) +
                   shapeToString(entry->info.shape) + " of " +
                   std::to_string(count) + " elements needs " +
                   std::to_string(expected) + " bytes, the entry says " +
                   std::to_string(entry->bytes));
  }
  return Status();
}

bool takeVarint(const uint8_t **p, const uint8_t *end, uint64_t *value) {
  *value = 0;
  for (int shift = 0; shift < 64 && *p < end; shift += 7) {
    const uint8_t byte = *(*p)++;
    *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      return true;
    }
  }
  return false;
}

} // namespace

std::string checkpointDataPath(const std::string &prefix, int shard,
                               int shardCount) {
  char suffix[64];
  std::snprintf(suffix, sizeof(suffix), ".data-%05d-of-%05d", shard,
                shardCount);
  return prefix + suffix;
}

StatusOr<CheckpointReader> CheckpointReader::open(const std::string &prefix) {
  CheckpointReader reader;
  reader.prefix_ = endsWith(prefix, kIndexSuffix)
                       ? prefix.substr(0, prefix.size() - 6)
                       : prefix;
  BERTC_RETURN_IF_ERROR(reader.loadIndex());
  return reader;
}

Status CheckpointReader::loadIndex() {
  const std::string path = prefix_ + kIndexSuffix;
  BERTC_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  const std::string context = "'" + path + "'";
  StatusOr<TableRows> rows = readTable(file.view());
  if (!rows.ok()) {
    return rows.status().annotate(context);
  }
  if (rows->empty() || !rows->front().first.empty()) {
    return corrupt(context + ": the header entry is missing");
  }
  StatusOr<int32_t> shards = parseHeader(rows->front().second);
  if (!shards.ok()) {
    return shards.status().annotate(context);
  }
  BERTC_RETURN_IF_ERROR(openShards(*shards));
  for (size_t i = 1; i < rows->size(); ++i) {
    const auto &[name, value] = (*rows)[i];
    BERTC_RETURN_IF_ERROR(
        addEntry(name, value)
            .annotate(context + ": tensor '" + quotable(name) + "'"));
  }
  return Status();
}

Status CheckpointReader::openShards(int32_t count) {
  for (int32_t shard = 0; shard < count; ++shard) {
    BERTC_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(checkpointDataPath(
                                                prefix_, shard, count)));
    shards_.push_back(std::move(file));
  }
  return Status();
}

Status CheckpointReader::addEntry(const std::string &name,
                                  const std::string &value) {
  // Parts of a partitioned variable are stored under binary keys that begin
  // with a zero byte; they are no variables.
  if (name.front() == '\0') {
    return Status();
  }
  CheckpointEntry entry;
  entry.info.name = name;
  BERTC_RETURN_IF_ERROR(parseEntry(value, &entry));
  if (entry.shard < 0 || static_cast<size_t>(entry.shard) >= shards_.size()) {
    return corrupt("is in data file " + std::to_string(entry.shard) + " of " +
                   std::to_string(shards_.size()));
  }
  const MappedFile &shard = shards_[static_cast<size_t>(entry.shard)];
  if (entry.offset > shard.size() ||
      entry.bytes > shard.size() - entry.offset) {
    return corrupt("its " + std::to_string(entry.bytes) + " bytes at offset " +
                   std::to_string(entry.offset) + " reach beyond '" +
                   shard.path() + "', which has " +
                   std::to_string(shard.size()) + " bytes");
  }
  byName_.emplace(name, entries_.size());
  entries_.push_back(std::move(entry));
  return Status();
}

const CheckpointEntry *CheckpointReader::find(const std::string &name) const {
  auto found = byName_.find(name);
  return found == byName_.end() ? nullptr : &entries_[found->second];
}

/// The entry, if its tensor can be read.
StatusOr<const CheckpointEntry *>
CheckpointReader::require(const std::string &name) const {
  const CheckpointEntry *entry = find(name);
  if (entry == nullptr) {
    return notFound("checkpoint '" + prefix_ + "' has no tensor '" +
                    quotable(name) + "'");
  }
  if (entry->partitioned) {
    return failedPrecondition("tensor '" + quotable(name) + "' of '" + prefix_ +
                              "' is stored in parts, expected it in one piece");
  }
  return entry;
}

const uint8_t *
CheckpointReader::unverifiedBytes(const CheckpointEntry &entry) const {
  return shards_[static_cast<size_t>(entry.shard)].data() + entry.offset;
}

Status CheckpointReader::checksumError(const CheckpointEntry &entry) const {
  return corrupt("tensor '" + quotable(entry.info.name) + "' in '" +
                 shards_[static_cast<size_t>(entry.shard)].path() +
                 "': the checksum of its data is wrong");
}

Status CheckpointReader::checkEntry(const CheckpointEntry &entry) const {
  const uint32_t crc = crc32cParallel(unverifiedBytes(entry), entry.bytes);
  return maskCrc32c(crc) == entry.maskedCrc ? Status() : checksumError(entry);
}

StatusOr<const uint8_t *>
CheckpointReader::view(const std::string &name) const {
  BERTC_ASSIGN_OR_RETURN(const CheckpointEntry *entry, require(name));
  if (entry->info.dtype == DataType::String) {
    return invalidArgument("tensor '" + quotable(name) + "' of '" + prefix_ +
                           "' holds strings, expected numbers");
  }
  BERTC_RETURN_IF_ERROR(checkEntry(*entry));
  return unverifiedBytes(*entry);
}

Status CheckpointReader::read(const std::string &name, void *target,
                              uint64_t bytes) const {
  BERTC_ASSIGN_OR_RETURN(const uint8_t *data, view(name));
  const CheckpointEntry &entry = *find(name);
  if (entry.bytes != bytes) {
    return invalidArgument("tensor '" + quotable(name) + "' of '" + prefix_ +
                           "' has " + std::to_string(entry.bytes) +
                           " bytes, expected " + std::to_string(bytes));
  }
  if (bytes > 0) {
    std::memcpy(target, data, bytes);
  }
  return Status();
}

StatusOr<std::string>
CheckpointReader::readBytes(const std::string &name) const {
  BERTC_ASSIGN_OR_RETURN(const uint8_t *data, view(name));
  return std::string(reinterpret_cast<const char *>(data), find(name)->bytes);
}

StatusOr<std::vector<std::string>>
CheckpointReader::readStrings(const std::string &name) const {
  BERTC_ASSIGN_OR_RETURN(const CheckpointEntry *entry, require(name));
  if (entry->info.dtype != DataType::String) {
    return invalidArgument("tensor '" + quotable(name) + "' of '" + prefix_ +
                           "' does not hold strings");
  }
  return decodeStrings(*entry);
}

/// Varint lengths, masked crc32c of the lengths, then the strings. The
/// checksum takes each length as four bytes, or eight when it needs them.
StatusOr<std::vector<std::string>>
CheckpointReader::decodeStrings(const CheckpointEntry &entry) const {
  const uint8_t *p = unverifiedBytes(entry), *end = p + entry.bytes;
  BERTC_ASSIGN_OR_RETURN(int64_t count, elementCount(entry.info.shape));
  if (static_cast<uint64_t>(count) > entry.bytes) {
    return checksumError(entry); // each string has a length of a byte or more
  }
  std::vector<uint64_t> lengths(static_cast<size_t>(count));
  uint32_t crc = 0;
  for (uint64_t &length : lengths) {
    if (!takeVarint(&p, end, &length)) {
      return checksumError(entry);
    }
    crc = extendCrc32c(crc, &length, length <= UINT32_MAX ? 4 : 8);
  }
  uint32_t storedCrc = 0;
  if (end - p < 4) {
    return checksumError(entry);
  }
  std::memcpy(&storedCrc, p, 4);
  if (storedCrc != maskCrc32c(crc)) {
    return checksumError(entry);
  }
  crc = extendCrc32c(crc, p, static_cast<size_t>(end - p));
  p += 4;
  if (maskCrc32c(crc) != entry.maskedCrc) {
    return checksumError(entry);
  }
  std::vector<std::string> strings;
  for (uint64_t length : lengths) {
    if (length > static_cast<uint64_t>(end - p)) {
      return checksumError(entry);
    }
    strings.emplace_back(reinterpret_cast<const char *>(p), length);
    p += length;
  }
  return strings;
}

Status CheckpointReader::verifyAll() const {
  for (const CheckpointEntry &entry : entries_) {
    if (entry.partitioned) {
      continue;
    }
    if (entry.info.dtype == DataType::String) {
      BERTC_RETURN_IF_ERROR(decodeStrings(entry).status());
    } else if (hasPlainBytes(entry.tfType)) {
      BERTC_RETURN_IF_ERROR(checkEntry(entry));
    }
  }
  return Status();
}

} // namespace bertc
