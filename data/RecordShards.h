// SPDX-License-Identifier: Apache-2.0
//
// Pre-training records: tf.train.Example of one instance with its features
// padded to fixed shapes, and a set of shard files that appears whole.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bertc/status.h"
#include "data/PretrainInstance.h"
#include "io/Example.h"
#include "io/Manifest.h"
#include "io/TfRecord.h"

namespace bertc {

/// Turns instances into records; one a thread. Features: input_ids, input_mask,
/// segment_ids [S], masked_lm_positions, masked_lm_ids [P] int64,
/// masked_lm_weights [P] float (1 for a prediction, 0 for padding),
/// next_sentence_labels [1] int64.
class PretrainEncoder {
public:
  PretrainEncoder(const InstanceOptions &options, int32_t padId);

  /// Appends the serialised Example to *out.
  void encode(const PretrainInstance &instance, std::string *out);

private:
  ExampleBuilder builder_;
  int32_t padId_;
  std::vector<int32_t> ids_, mask_, segments_, positions_, labels_;
  std::vector<float> weights_;
};

/// Where the records of one split go.
struct ShardTarget {
  /// A folder that appears when all shards are complete; or
  std::string folder;
  int shards = 1;
  /// files named one by one.
  std::vector<std::string> files;
};

/// Writes `total` records in order, as evenly as possible over the shards, each
/// holding a contiguous range.
class ShardWriter {
public:
  static StatusOr<ShardWriter> create(const ShardTarget &target,
                                      uint64_t total);

  /// The checks of create() without creating anything, to be made before hours
  /// of work: FailedPrecondition when the folder holds something.
  static Status check(const ShardTarget &target);

  ShardWriter(ShardWriter &&) = default;
  ShardWriter &operator=(ShardWriter &&) = delete;
  /// Removes what was written unless publish() came first.
  ~ShardWriter();

  /// Appends framed records; `ends` holds where each ends in `framed`.
  Status append(std::string_view framed, const std::vector<size_t> &ends);

  /// Completes the last shard; nothing is visible under its name yet.
  Status finish();

  /// Makes the records visible, then their manifests. To be called after all
  /// splits have finished.
  Status publish(const std::map<std::string, std::string> &attributes);

  uint64_t recordCount() const { return written_; }
  uint64_t byteCount() const { return bytes_; }
  size_t shardCount() const { return paths_.size(); }

private:
  ShardWriter() = default;
  uint64_t shardEnd(size_t shard) const {
    return total_ / paths_.size() * (shard + 1) +
           std::min<uint64_t>(total_ % paths_.size(), shard + 1);
  }
  Status openNext();
  Status closeCurrent();

  ShardTarget target_;
  uint64_t total_ = 0;
  uint64_t written_ = 0;
  uint64_t bytes_ = 0;
  /// Shards under their temporary names (folder) or final ones (files).
  std::vector<std::string> paths_;
  std::string partialFolder_;
  size_t current_ = 0;
  std::vector<TfRecordWriter> open_;
  /// Complete but unpublished files (only when files are named one by one).
  std::vector<TfRecordWriter> held_;
  std::vector<RecordFileInfo> finished_;
};

} // namespace bertc
