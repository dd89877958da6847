// SPDX-License-Identifier: Apache-2.0
#include "data/RecordShards.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "io/Files.h"

namespace bertc {
namespace {

namespace fs = std::filesystem;

/// Where a folder's shards are until they are published. Hidden, so that
/// nothing mistakes it for data.
std::string partialName(const std::string &folder, long process) {
  return joinPath(parentDirectory(folder),
                  fmt::format(".{}.partial-{}", baseName(folder), process));
}

/// Removes what runs that were killed left behind.
void removeLeftovers(const std::string &folder) {
  std::error_code error;
  std::string prefix = "." + baseName(folder) + ".partial-";
  for (const auto &entry :
       fs::directory_iterator(parentDirectory(folder), error)) {
    std::string name = entry.path().filename().string();
    if (name.rfind(prefix, 0) != 0) {
      continue;
    }
    long process = std::strtol(name.c_str() + prefix.size(), nullptr, 10);
    if (process > 0 && ::kill(static_cast<pid_t>(process), 0) != 0 &&
        errno == ESRCH) {
      std::error_code ignored;
      fs::remove_all(entry.path(), ignored);
    }
  }
}

std::string shardName(size_t shard, size_t count) {
  return fmt::format("part-{:05}-of-{:05}.tfrecord", shard, count);
}

Status prepareFolder(const std::string &folder, std::string *partial) {
  BERTC_RETURN_IF_ERROR(makeDirectories(parentDirectory(folder)));
  removeLeftovers(folder);
  *partial = partialName(folder, ::getpid());
  return makeDirectories(*partial);
}

} // namespace

PretrainEncoder::PretrainEncoder(const InstanceOptions &options, int32_t padId)
    : padId_(padId), ids_(static_cast<size_t>(options.maxSeqLength)),
      mask_(ids_.size()), segments_(ids_.size()),
      positions_(static_cast<size_t>(options.maxPredictionsPerSeq)),
      labels_(positions_.size()), weights_(positions_.size()) {}

void PretrainEncoder::encode(const PretrainInstance &instance,
                             std::string *out) {
  size_t length = std::min(instance.ids.size(), ids_.size());
  size_t masked = std::min(instance.maskedPositions.size(), positions_.size());
  std::fill(ids_.begin(), ids_.end(), padId_);
  std::copy_n(instance.ids.begin(), length, ids_.begin());
  for (size_t i = 0; i < ids_.size(); ++i) {
    mask_[i] = i < length ? 1 : 0;
    segments_[i] = i >= instance.firstSegment && i < length ? 1 : 0;
  }
  for (size_t i = 0; i < positions_.size(); ++i) {
    positions_[i] = i < masked ? instance.maskedPositions[i] : 0;
    labels_[i] = i < masked ? instance.maskedLabels[i] : 0;
    weights_[i] = i < masked ? 1.0F : 0.0F;
  }
  int32_t label = instance.isRandomNext ? 1 : 0;
  builder_.clear();
  builder_.setInt64("input_ids", ids_.data(), ids_.size());
  builder_.setInt64("input_mask", mask_.data(), mask_.size());
  builder_.setInt64("masked_lm_ids", labels_.data(), labels_.size());
  builder_.setInt64("masked_lm_positions", positions_.data(),
                    positions_.size());
  builder_.setFloat("masked_lm_weights", weights_.data(), weights_.size());
  builder_.setInt64("next_sentence_labels", &label, 1);
  builder_.setInt64("segment_ids", segments_.data(), segments_.size());
  builder_.serialize(out);
}

Status ShardWriter::check(const ShardTarget &target) {
  std::error_code error;
  const std::string &folder = target.folder;
  if (target.files.empty() && fs::exists(folder, error) &&
      (!fs::is_directory(folder, error) || !fs::is_empty(folder, error))) {
    return failedPrecondition(
        fmt::format("{}: already there and not an empty folder; remove it or "
                    "name another output folder",
                    folder));
  }
  return Status();
}

StatusOr<ShardWriter> ShardWriter::create(const ShardTarget &target,
                                          uint64_t total) {
  BERTC_RETURN_IF_ERROR(check(target));
  ShardWriter writer;
  writer.target_ = target;
  writer.total_ = total;
  if (!target.files.empty()) {
    writer.paths_ = target.files;
  } else {
    BERTC_RETURN_IF_ERROR(prepareFolder(target.folder, &writer.partialFolder_));
    // No empty shards: a worker that reads one would have nothing to do.
    size_t shards = std::min<uint64_t>(static_cast<uint64_t>(target.shards),
                                       std::max<uint64_t>(total, 1));
    for (size_t i = 0; i < shards; ++i) {
      writer.paths_.push_back(
          joinPath(writer.partialFolder_, shardName(i, shards)));
    }
  }
  BERTC_RETURN_IF_ERROR(writer.openNext());
  return writer;
}

ShardWriter::~ShardWriter() {
  open_.clear();
  held_.clear();
  if (!partialFolder_.empty()) {
    std::error_code ignored;
    fs::remove_all(partialFolder_, ignored);
  }
}

Status ShardWriter::openNext() {
  BERTC_ASSIGN_OR_RETURN(TfRecordWriter shard,
                         TfRecordWriter::create(paths_[current_]));
  open_.push_back(std::move(shard));
  return Status();
}

Status ShardWriter::closeCurrent() {
  bytes_ += open_.back().size();
  if (partialFolder_.empty()) {
    held_.push_back(std::move(open_.back()));
  } else {
    BERTC_ASSIGN_OR_RETURN(RecordFileInfo info, open_.back().finish());
    finished_.push_back(std::move(info));
  }
  open_.clear();
  return Status();
}

Status ShardWriter::append(std::string_view framed,
                           const std::vector<size_t> &ends) {
  size_t from = 0, record = 0;
  while (record < ends.size()) {
    uint64_t room = shardEnd(current_) - written_;
    if (room == 0) {
      if (current_ + 1 == paths_.size()) {
        return internalError("more records than announced");
      }
      BERTC_RETURN_IF_ERROR(closeCurrent());
      ++current_;
      BERTC_RETURN_IF_ERROR(openNext());
      continue;
    }
    size_t count = std::min<uint64_t>(room, ends.size() - record);
    size_t to = ends[record + count - 1];
    BERTC_RETURN_IF_ERROR(
        open_.back().appendFramed(framed.substr(from, to - from), count));
    from = to;
    record += count;
    written_ += count;
  }
  return Status();
}

Status ShardWriter::finish() {
  BERTC_RETURN_IF_ERROR(closeCurrent());
  while (++current_ < paths_.size()) {
    BERTC_RETURN_IF_ERROR(openNext());
    BERTC_RETURN_IF_ERROR(closeCurrent());
  }
  return Status();
}

Status
ShardWriter::publish(const std::map<std::string, std::string> &attributes) {
  for (TfRecordWriter &shard : held_) {
    BERTC_ASSIGN_OR_RETURN(RecordFileInfo info, shard.finish());
    BERTC_RETURN_IF_ERROR(writeManifest(manifestPath(info.path),
                                        makeManifest({info}, attributes)));
  }
  if (partialFolder_.empty()) {
    return Status();
  }
  BERTC_RETURN_IF_ERROR(fsyncDirectory(partialFolder_));
  if (::rename(partialFolder_.c_str(), target_.folder.c_str()) != 0) {
    return ioError(fmt::format("cannot rename {} to {}: {}", partialFolder_,
                               target_.folder, std::strerror(errno)));
  }
  partialFolder_.clear();
  BERTC_RETURN_IF_ERROR(fsyncDirectory(parentDirectory(target_.folder)));
  for (RecordFileInfo &info : finished_) {
    info.path = joinPath(target_.folder, baseName(info.path));
  }
  return writeManifest(manifestPath(target_.folder),
                       makeManifest(finished_, attributes));
}

} // namespace bertc
