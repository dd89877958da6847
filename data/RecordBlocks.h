// SPDX-License-Identifier: Apache-2.0
//
// Reads record files in blocks of many records, so that blocks can be worked on
// in parallel.
#pragma once

#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bertc/status.h"
#include "io/TfRecord.h"

namespace bertc {

/// Record files among `inputs` (files, folders, glob patterns); manifests and
/// metadata, which stand beside them, are left out. NotFound when none is left.
StatusOr<std::vector<std::string>>
expandRecordFiles(const std::vector<std::string> &inputs);

/// Records that follow each other in one file; their checksums were right.
struct RecordBlock {
  std::string path;
  std::string bytes;
  struct Place {
    /// In the file.
    uint64_t offset;
    size_t begin, size;
  };
  std::vector<Place> records;

  std::string_view operator[](size_t index) const {
    return std::string_view(bytes).substr(records[index].begin,
                                          records[index].size);
  }
  /// What the records take of the file, 16 bytes of framing each included.
  size_t fileBytes() const { return bytes.size() + 16 * records.size(); }
  /// The status of a record, with file and offset when it is an error.
  Status annotate(size_t index, const Status &status) const;
};

/// Reads files one after another, past the page cache. The block after the one
/// returned is read meanwhile.
class RecordBlockReader {
public:
  explicit RecordBlockReader(std::vector<std::string> paths)
      : paths_(std::move(paths)) {}
  RecordBlockReader(const RecordBlockReader &) = delete;
  RecordBlockReader &operator=(const RecordBlockReader &) = delete;

  /// The next block, or nothing after the last file.
  StatusOr<std::optional<RecordBlock>> next();

private:
  StatusOr<std::optional<RecordBlock>> read();

  std::vector<std::string> paths_;
  size_t nextPath_ = 0;
  std::optional<TfRecordReader> reader_;
  /// What next() will return; uses all of the above.
  std::future<StatusOr<std::optional<RecordBlock>>> ahead_;
};

} // namespace bertc
