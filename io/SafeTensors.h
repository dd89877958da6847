// SPDX-License-Identifier: Apache-2.0
//
// safetensors files: an 8-byte header length, a JSON header, and the tensors'
// bytes. Reading maps the file and copies nothing. Everything the format
// promises is checked at open(): header of at most 100 MB that starts with
// '{', no duplicate names, every range inside the buffer and equal to shape x
// dtype, ranges contiguous without holes or overlap, the whole buffer covered.
#pragma once

#include "bertc/status.h"
#include "io/Files.h"
#include "io/TensorInfo.h"

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace bertc {

/// A tensor inside a mapped file. `data` has no alignment guarantee beyond the
/// file's own.
struct TensorView {
  TensorInfo info;
  const uint8_t *data = nullptr;
  uint64_t bytes = 0;
};

/// One file, or a Hugging Face folder of them, open for reading.
class SafeTensorsFile {
public:
  /// Opens one .safetensors file, or all the shards that a file ending in
  /// .index.json names.
  static StatusOr<SafeTensorsFile> open(const std::string &path);

  /// Opens a folder: its model.safetensors, or all the shards that its
  /// model.safetensors.index.json names. Every tensor of the index must be in
  /// the shard it names, and no tensor in two; tensors that the index leaves
  /// out are there all the same.
  static StatusOr<SafeTensorsFile> openFolder(const std::string &folder);

  /// Tensors in the order of their bytes, shard by shard.
  const std::vector<TensorView> &tensors() const { return tensors_; }
  const TensorView *find(const std::string &name) const;

  /// The header's __metadata__ (of the first shard).
  const std::map<std::string, std::string> &metadata() const {
    return metadata_;
  }
  const std::string &path() const { return path_; }

private:
  Status addFile(const std::string &path);
  Status addShards(const std::string &indexFile);
  const std::string &fileOf(const TensorView &tensor) const;
  Status addTensor(TensorView tensor, const std::string &path);

  std::string path_;
  std::vector<MappedFile> maps_;
  std::vector<TensorView> tensors_;
  std::unordered_map<std::string, size_t> byName_;
  std::map<std::string, std::string> metadata_;
};

/// Writes a file tensor by tensor, so that no more than one need be in memory.
class SafeTensorsWriter {
public:
  /// Fixes the content. Tensors are laid out by element size (largest first,
  /// which aligns them all), then by name, whatever the order given here.
  static StatusOr<SafeTensorsWriter>
  create(const std::string &path, std::vector<TensorInfo> tensors,
         const std::map<std::string, std::string> &metadata = {});

  /// Writes the bytes of one of the tensors, in any order.
  Status write(const std::string &name, const void *data, uint64_t bytes);

  /// Makes the file durable and visible; an error if a tensor was not written.
  Status commit();

private:
  struct Slot {
    uint64_t offset = 0;
    uint64_t bytes = 0;
    bool written = false;
  };
  explicit SafeTensorsWriter(AtomicFile file) : file_(std::move(file)) {}

  AtomicFile file_;
  std::unordered_map<std::string, Slot> slots_;
};

/// All of the above for tensors that are in memory.
Status
writeSafeTensors(const std::string &path,
                 const std::vector<TensorSource> &tensors,
                 const std::map<std::string, std::string> &metadata = {});

} // namespace bertc
