// SPDX-License-Identifier: Apache-2.0
//
// Writing one TensorFlow V2 checkpoint.
#include "io/Checkpoint.h"
#include "io/Crc32c.h"
#include "io/IndexTable.h"
#include "io/TensorTypes.h"
#include "io/proto/checkpoint.pb.h"

#include <algorithm>

namespace bertc {
namespace {

std::string headerRow(int shardCount) {
  proto::BundleHeader header;
  header.set_num_shards(shardCount);
  header.mutable_version()->set_producer(1);
  return header.SerializeAsString();
}

std::string entryRow(const TensorInfo &info, uint64_t offset, uint64_t bytes,
                     uint32_t maskedCrc) {
  proto::BundleEntry entry;
  entry.set_dtype(dataTypeToTensorFlow(info.dtype));
  // TensorFlow expects the shape to be present for a scalar too.
  entry.mutable_shape();
  for (int64_t size : info.shape) {
    entry.mutable_shape()->add_dim()->set_size(size);
  }
  entry.set_offset(static_cast<int64_t>(offset));
  entry.set_size(static_cast<int64_t>(bytes));
  entry.set_crc32c(maskedCrc);
  return entry.SerializeAsString();
}

/// How many data files the existing index names; 0 when there is none that can
/// be read.
int existingShardCount(const std::string &prefix) {
  StatusOr<MappedFile> file = MappedFile::open(prefix + ".index");
  if (!file.ok()) {
    return 0;
  }
  StatusOr<TableRows> rows = readTable(file->view());
  proto::BundleHeader header;
  bool good = rows.ok() && !rows->empty() &&
              header.ParseFromString(rows->front().second);
  return good ? header.num_shards() : 0;
}

/// Names of the data files of `prefix`, of any shard count.
StatusOr<std::vector<std::string>> dataFiles(const std::string &prefix) {
  const std::string folder = parentDirectory(prefix);
  const std::string stem = baseName(prefix) + ".data-";
  BERTC_ASSIGN_OR_RETURN(std::vector<std::string> names, listFiles(folder));
  std::vector<std::string> paths;
  for (const std::string &name : names) {
    if (name.compare(0, stem.size(), stem) == 0) {
      paths.push_back(joinPath(folder, name));
    }
  }
  return paths;
}

} // namespace

StatusOr<CheckpointWriter> CheckpointWriter::create(const std::string &prefix) {
  const int shardCount = existingShardCount(prefix) == 1 ? 2 : 1;
  BERTC_ASSIGN_OR_RETURN(AtomicFile data, AtomicFile::create(checkpointDataPath(
                                              prefix, 0, shardCount)));
  CheckpointWriter writer(prefix, shardCount, std::move(data));
  writer.rows_.emplace_back("", headerRow(shardCount));
  return writer;
}

Status CheckpointWriter::checkName(const std::string &name) const {
  if (name <= rows_.back().first || name.front() == '\0') {
    return invalidArgument("tensor name '" + name +
                           "' is empty, used twice or out of order");
  }
  return Status();
}

Status CheckpointWriter::add(const TensorInfo &info, const Fetch &fetch) {
  constexpr uint64_t most = 4 << 20;
  BERTC_ASSIGN_OR_RETURN(uint64_t bytes, byteSize(info.dtype, info.shape));
  BERTC_RETURN_IF_ERROR(checkName(info.name));
  const uint64_t begin = data_.size();
  std::vector<char> piece(std::min(bytes, most));
  uint32_t crc = 0;
  for (uint64_t at = 0; at < bytes; at += most) {
    const uint64_t count = std::min(bytes - at, most);
    BERTC_RETURN_IF_ERROR(fetch(info, at, count, piece.data()));
    crc = extendCrc32c(crc, piece.data(), count);
    BERTC_RETURN_IF_ERROR(data_.append(piece.data(), count));
  }
  rows_.emplace_back(info.name, entryRow(info, begin, bytes, maskCrc32c(crc)));
  return Status();
}

Status CheckpointWriter::add(const TensorInfo &info, const void *data) {
  BERTC_ASSIGN_OR_RETURN(uint64_t bytes, byteSize(info.dtype, info.shape));
  BERTC_RETURN_IF_ERROR(checkName(info.name));
  const uint32_t crc = maskCrc32c(crc32cParallel(data, bytes));
  rows_.emplace_back(info.name, entryRow(info, data_.size(), bytes, crc));
  return data_.append(data, bytes);
}

/// Renames everything into place, the index last.
Status CheckpointWriter::publish(AtomicFile *index) {
  BERTC_RETURN_IF_ERROR(data_.publish());
  if (shardCount_ == 2) {
    BERTC_RETURN_IF_ERROR(
        writeFileAtomically(checkpointDataPath(prefix_, 1, 2), ""));
  }
  BERTC_RETURN_IF_ERROR(index->publish());
  BERTC_ASSIGN_OR_RETURN(std::vector<std::string> files, dataFiles(prefix_));
  for (const std::string &path : files) {
    bool ours = false;
    for (int shard = 0; shard < shardCount_; ++shard) {
      ours |= path == checkpointDataPath(prefix_, shard, shardCount_);
    }
    if (!ours) { // data of the checkpoint that was replaced
      BERTC_RETURN_IF_ERROR(removeFile(path));
    }
  }
  return Status();
}

Status CheckpointWriter::finish() {
  BERTC_ASSIGN_OR_RETURN(AtomicFile index,
                         AtomicFile::create(prefix_ + ".index"));
  BERTC_RETURN_IF_ERROR(appendTable(rows_, &index));
  BERTC_RETURN_IF_ERROR(data_.sync());
  BERTC_RETURN_IF_ERROR(index.sync());
  return publish(&index).annotate("cannot save checkpoint '" + prefix_ + "'");
}

Status writeCheckpoint(const std::string &prefix,
                       const std::vector<TensorSource> &tensors,
                       const CheckpointWriter::Fetch &fetch) {
  std::vector<const TensorSource *> sorted;
  for (const TensorSource &tensor : tensors) {
    sorted.push_back(&tensor);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const TensorSource *a, const TensorSource *b) {
              return a->info.name < b->info.name;
            });
  BERTC_ASSIGN_OR_RETURN(CheckpointWriter writer,
                         CheckpointWriter::create(prefix));
  for (const TensorSource *tensor : sorted) {
    BERTC_RETURN_IF_ERROR(tensor->data || !fetch
                              ? writer.add(tensor->info, tensor->data)
                              : writer.add(tensor->info, fetch));
  }
  return writer.finish();
}

Status removeCheckpoint(const std::string &prefix) {
  BERTC_RETURN_IF_ERROR(removeFile(prefix + ".index"));
  BERTC_ASSIGN_OR_RETURN(std::vector<std::string> files, dataFiles(prefix));
  for (const std::string &path : files) {
    BERTC_RETURN_IF_ERROR(removeFile(path));
  }
  return Status();
}

} // namespace bertc
