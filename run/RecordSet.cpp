// SPDX-License-Identifier: Apache-2.0
#include "run/RecordSet.h"

#include "io/Crc32c.h"
#include "io/Manifest.h"
#include "io/TfRecord.h"
#include "runtime/core/Sha256.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace bertc {

namespace {

constexpr uint64_t headerBytes = 12;
constexpr uint64_t footerBytes = 4;

/// Checks manifests of the folders and files that were named, where there are
/// any: a set that lost a shard must not train silently.
Status checkManifests(const std::vector<std::string> &inputs) {
  for (const std::string &input : inputs) {
    if (!fileExists(input) && !directoryExists(input)) {
      continue; // a pattern, or several names; expandInputs judges those
    }
    Status status = verifyManifest(input, ManifestCheck::Sizes);
    if (!status.ok() && status.code() != StatusCode::NotFound) {
      return status;
    }
  }
  return Status::okStatus();
}

template <typename T> T load(const char *bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

} // namespace

StatusOr<std::unique_ptr<RecordSet>>
RecordSet::open(const std::vector<std::string> &inputs,
                const Options &options) {
  BERTC_RETURN_IF_ERROR(checkManifests(inputs));
  BERTC_ASSIGN_OR_RETURN(std::vector<std::string> paths, expandInputs(inputs));
  auto set = std::make_unique<RecordSet>();
  Sha256 hash;
  for (const std::string &path : paths) {
    BERTC_RETURN_IF_ERROR(set->addFile(path, options));
    const File &file = set->files_.back();
    set->identity_.bytes += file.file.size();
    std::string line = fmt::format("{} {} {}\n", baseName(path),
                                   file.file.size(), file.offsets.size());
    hash.update(line.data(), line.size());
  }
  set->identity_.records = set->size();
  set->identity_.digest = toHex(hash.finish());
  if (set->size() == 0) {
    return corrupt(fmt::format("{}: no record in {} file{}",
                               fmt::join(inputs, ", "), paths.size(),
                               paths.size() == 1 ? "" : "s"));
  }
  return set;
}

Status RecordSet::addFile(const std::string &path, const Options &options) {
  File file;
  BERTC_ASSIGN_OR_RETURN(file.file, InputFile::open(path));
  if (options.skipCorrupt > 0) {
    BERTC_RETURN_IF_ERROR(scanSkipping(path, options, &file));
  } else {
    BERTC_ASSIGN_OR_RETURN(file.offsets, recordOffsets(path));
  }
  starts_.push_back(starts_.back() + file.offsets.size());
  files_.push_back(std::move(file));
  return Status::okStatus();
}

Status RecordSet::scanSkipping(const std::string &path, const Options &options,
                               File *file) {
  TfRecordReader::Options readerOptions;
  readerOptions.skipCorrupt = options.skipCorrupt - skipped_;
  BERTC_ASSIGN_OR_RETURN(auto reader,
                         TfRecordReader::open(path, readerOptions));
  std::string_view record;
  for (;;) {
    BERTC_ASSIGN_OR_RETURN(bool more, reader.next(&record));
    if (!more) {
      break;
    }
    file->offsets.push_back(reader.offset() - footerBytes - record.size() -
                            headerBytes);
    file->sizes.push_back(static_cast<uint32_t>(record.size()));
  }
  skipped_ += reader.skippedCount();
  return Status::okStatus();
}

const std::string &RecordSet::filePath(size_t file) const {
  return files_[file].file.path();
}

size_t RecordSet::fileOf(uint64_t index) const {
  auto after = std::upper_bound(starts_.begin(), starts_.end(), index);
  return static_cast<size_t>(after - starts_.begin()) - 1;
}

uint64_t RecordSet::payloadBytes(const File &file, uint64_t local) const {
  if (!file.sizes.empty()) {
    return file.sizes[local];
  }
  uint64_t end = local + 1 < file.offsets.size() ? file.offsets[local + 1]
                                                 : file.file.size();
  return end - file.offsets[local] - headerBytes - footerBytes;
}

std::string RecordSet::describe(uint64_t index) const {
  size_t file = fileOf(index);
  return fmt::format("{}, record at offset {}", files_[file].file.path(),
                     files_[file].offsets[index - starts_[file]]);
}

Status RecordSet::read(uint64_t index, std::string *buffer,
                       std::string_view *record) const {
  size_t fileIndex = fileOf(index);
  const File &file = files_[fileIndex];
  uint64_t local = index - starts_[fileIndex];
  uint64_t length = payloadBytes(file, local);
  buffer->resize(headerBytes + length + footerBytes);
  BERTC_ASSIGN_OR_RETURN(
      size_t got,
      file.file.readAt(file.offsets[local], buffer->data(), buffer->size()));
  auto damaged = [&](const std::string &what) {
    return corrupt(
        fmt::format("{}: {}; bert-data inspect --verify checks the whole file, "
                    "--skip-corrupt N leaves such records out",
                    describe(index), what));
  };
  const char *bytes = buffer->data();
  if (got != buffer->size() || load<uint64_t>(bytes) != length) {
    return damaged("the file changed while it was in use");
  }
  if (load<uint32_t>(bytes + 8) != maskCrc32c(crc32c(bytes, 8))) {
    return damaged("checksum of the record's length does not match");
  }
  if (load<uint32_t>(bytes + headerBytes + length) !=
      maskCrc32c(crc32c(bytes + headerBytes, length))) {
    return damaged("checksum of the record's bytes does not match");
  }
  *record = std::string_view(bytes + headerBytes, length);
  return Status::okStatus();
}

} // namespace bertc
