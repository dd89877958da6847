// SPDX-License-Identifier: Apache-2.0
//
// TensorFlow V2 checkpoints. `PREFIX.index` is a LevelDB table from variable
// name to shape, type, place and crc32c; `PREFIX.data-00000-of-00001` holds
// the bytes; the text file `checkpoint` in the folder names the newest prefix.
// TensorFlow opens what we write and we open what it writes.
//
//   BERTC_ASSIGN_OR_RETURN(std::string prefix,
//                          saveCheckpoint("out", 1000, tensors, {}));
//   BERTC_ASSIGN_OR_RETURN(std::string newest, latestCheckpoint("out"));
//   BERTC_ASSIGN_OR_RETURN(auto reader, CheckpointReader::open(newest));
//   BERTC_RETURN_IF_ERROR(reader.read("global_step", &step, sizeof(step)));
#pragma once

#include "bertc/status.h"
#include "io/Files.h"
#include "io/TensorInfo.h"

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace bertc {

/// Where a checkpoint's tensor lies.
struct CheckpointEntry {
  TensorInfo info;
  /// TensorFlow's number of the element type, for messages.
  int32_t tfType = 0;
  int32_t shard = 0;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  /// crc32c of the bytes, masked as in the file.
  uint32_t maskedCrc = 0;
  /// A partitioned variable: listed, but its parts are not put together.
  bool partitioned = false;
};

/// A checkpoint open for reading. open() checks the whole index and that every
/// entry lies inside its data file; read() checks the tensor's crc32c.
class CheckpointReader {
public:
  /// `prefix` as in "out/model.ckpt-1000"; a trailing ".index" is dropped.
  static StatusOr<CheckpointReader> open(const std::string &prefix);

  /// Sorted by name.
  const std::vector<CheckpointEntry> &entries() const { return entries_; }
  const CheckpointEntry *find(const std::string &name) const;
  const std::string &prefix() const { return prefix_; }

  /// Copies a tensor of exactly `bytes` bytes; Corrupt, naming tensor and
  /// file, when its checksum fails.
  Status read(const std::string &name, void *target, uint64_t bytes) const;

  /// A tensor's bytes in the mapped file, after checking its checksum. Not for
  /// String tensors. Valid while the reader lives.
  StatusOr<const uint8_t *> view(const std::string &name) const;

  /// The same without the checksum, for callers that check it on the way.
  const uint8_t *unverifiedBytes(const CheckpointEntry &entry) const;

  /// The error for an entry whose bytes do not have its checksum.
  Status checksumError(const CheckpointEntry &entry) const;

  /// The whole of a (small) tensor.
  StatusOr<std::string> readBytes(const std::string &name) const;

  /// Elements of a String tensor.
  StatusOr<std::vector<std::string>> readStrings(const std::string &name) const;

  /// Checks every tensor's checksum.
  Status verifyAll() const;

private:
  Status loadIndex();
  Status openShards(int32_t count);
  Status addEntry(const std::string &name, const std::string &value);
  StatusOr<const CheckpointEntry *> require(const std::string &name) const;
  Status checkEntry(const CheckpointEntry &entry) const;
  StatusOr<std::vector<std::string>>
  decodeStrings(const CheckpointEntry &entry) const;

  std::string prefix_;
  std::vector<MappedFile> shards_;
  std::vector<CheckpointEntry> entries_;
  std::unordered_map<std::string, size_t> byName_;
};

/// Path of a data file, "PREFIX.data-00000-of-00001".
std::string checkpointDataPath(const std::string &prefix, int shard = 0,
                               int shardCount = 1);

/// Writes one checkpoint tensor by tensor, so that no more than one need be in
/// memory. The index appears last, in one rename: until then the checkpoint
/// does not exist, or, when there was one of that name, is the old one. (The
/// new data then go to a pair of files `-of-00002`, the second one empty, so
/// that the old index keeps its data.) Does not touch the file `checkpoint`.
class CheckpointWriter {
public:
  /// Copies bytes [offset, offset + bytes) of a tensor.
  using Fetch = std::function<Status(const TensorInfo &tensor, uint64_t offset,
                                     uint64_t bytes, void *target)>;

  static StatusOr<CheckpointWriter> create(const std::string &prefix);

  /// Adds a tensor; names must come in ascending byte order.
  Status add(const TensorInfo &info, const void *data);

  /// The same for a tensor that is not in memory: `fetch` is called for a few
  /// megabytes after the other.
  Status add(const TensorInfo &info, const Fetch &fetch);

  /// Makes the checkpoint durable and visible.
  Status finish();

private:
  CheckpointWriter(std::string prefix, int shardCount, AtomicFile data)
      : prefix_(std::move(prefix)), shardCount_(shardCount),
        data_(std::move(data)) {}
  Status publish(AtomicFile *index);
  Status checkName(const std::string &name) const;

  std::string prefix_;
  int shardCount_;
  AtomicFile data_;
  std::vector<std::pair<std::string, std::string>> rows_;
};

/// All of the above for tensors in any order. Those without data are fetched.
Status writeCheckpoint(const std::string &prefix,
                       const std::vector<TensorSource> &tensors,
                       const CheckpointWriter::Fetch &fetch = {});

/// Removes a checkpoint's files, index first.
Status removeCheckpoint(const std::string &prefix);

/// Removes what a killed process left of a checkpoint it was writing: hidden
/// files named ".BASE...tmp-PID-N" whose process is gone. Every save does this;
/// a run that has nothing left to save may do it by itself.
void removeStaleCheckpointFiles(const std::string &directory,
                                const std::string &base = "model.ckpt");

struct SaveOptions {
  /// Checkpoints to keep in the folder, this one included; 0 keeps all.
  int keepMax = 2;
  /// Read the new files back and check them before older ones are removed.
  bool verify = true;
  /// File name before the step number.
  std::string baseName = "model.ckpt";
  /// Of tensors without data.
  CheckpointWriter::Fetch fetch = nullptr;
};

/// Writes DIRECTORY/BASE-STEP, verifies it, points the file `checkpoint` at
/// it, and only then removes checkpoints beyond keepMax. A crash at any
/// instant leaves the previous one usable. Returns the prefix.
StatusOr<std::string> saveCheckpoint(const std::string &directory, int64_t step,
                                     const std::vector<TensorSource> &tensors,
                                     const SaveOptions &options);

/// Prefix of the newest usable checkpoint: the one the file `checkpoint` names
/// when it verifies, else the newest by step number that does. NotFound when
/// the folder has none at all, Corrupt when all that it has are damaged.
/// `rejected`, when given, receives one line for each that was passed over.
StatusOr<std::string>
latestCheckpoint(const std::string &directory,
                 std::vector<std::string> *rejected = nullptr);

/// Content of the text file `checkpoint`: names of checkpoints in that folder.
/// A name that leads anywhere else is an error.
struct CheckpointState {
  std::string latest;
  std::vector<std::string> all;
};
StatusOr<CheckpointState> readCheckpointState(const std::string &directory);
Status writeCheckpointState(const std::string &directory,
                            const CheckpointState &state);

} // namespace bertc
