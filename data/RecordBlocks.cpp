// SPDX-License-Identifier: Apache-2.0
#include "data/RecordBlocks.h"

#include <algorithm>

#include <fmt/format.h>

#include "io/Files.h"

namespace bertc {
namespace {

constexpr size_t blockBytes = 1U << 20;

} // namespace

StatusOr<std::vector<std::string>>
expandRecordFiles(const std::vector<std::string> &inputs) {
  BERTC_ASSIGN_OR_RETURN(std::vector<std::string> files, expandInputs(inputs));
  const std::string json = ".json";
  files.erase(std::remove_if(files.begin(), files.end(),
                             [&](const std::string &path) {
                               return path.size() > json.size() &&
                                      path.compare(path.size() - json.size(),
                                                   json.size(), json) == 0;
                             }),
              files.end());
  if (files.empty()) {
    return notFound("no record files among the inputs; name files, or a folder "
                    "that holds them itself");
  }
  return files;
}

Status RecordBlock::annotate(size_t index, const Status &status) const {
  return status.ok()
             ? status
             : status.annotate(fmt::format("'{}': record at offset {}", path,
                                           records[index].offset));
}

StatusOr<std::optional<RecordBlock>> RecordBlockReader::next() {
  auto result = ahead_.valid() ? ahead_.get() : read();
  if (result.ok() && *result) {
    ahead_ = std::async(std::launch::async, [this] { return read(); });
  }
  return result;
}

StatusOr<std::optional<RecordBlock>> RecordBlockReader::read() {
  RecordBlock block;
  block.bytes.reserve(blockBytes + blockBytes / 8);
  while (block.bytes.size() < blockBytes) {
    if (!reader_) {
      if (nextPath_ == paths_.size()) {
        break;
      }
      TfRecordReader::Options options;
      options.direct = true;
      BERTC_ASSIGN_OR_RETURN(
          reader_, TfRecordReader::open(paths_[nextPath_++], options));
      block.path = reader_->path();
    }
    uint64_t offset = reader_->offset();
    std::string_view record;
    BERTC_ASSIGN_OR_RETURN(bool more, reader_->next(&record));
    if (!more) {
      reader_.reset();
      if (!block.records.empty()) {
        break;
      }
      continue;
    }
    block.path = reader_->path();
    block.records.push_back({offset, block.bytes.size(), record.size()});
    block.bytes.append(record);
  }
  if (block.records.empty()) {
    return std::optional<RecordBlock>();
  }
  return std::optional<RecordBlock>(std::move(block));
}

} // namespace bertc
