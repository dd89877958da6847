// SPDX-License-Identifier: Apache-2.0
//
// A set of TFRecord files opened for random access by record number, so that a
// shuffled order needs neither a buffer nor a position other than one number.
// Only record headers are read at open(); a record's own checksums are
// verified when it is read.
//
//   BERTC_ASSIGN_OR_RETURN(auto records, RecordSet::open({"data/train"}, {}));
//   BERTC_RETURN_IF_ERROR(records->read(17, &buffer, &record));
#pragma once

#include "bertc/status.h"
#include "io/Files.h"
#include "run/RunState.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bertc {

/// Records of several files under one numbering: file by file in the order of
/// their names, record by record. Reading is safe from any thread.
class RecordSet {
public:
  struct Options {
    /// Corrupt records to leave out before giving up. When not 0, every record
    /// is verified at open(), so that the numbering holds good ones only.
    uint64_t skipCorrupt = 0;
  };

  /// Opens files, folders or glob patterns (io/Files.h expandInputs). Checks a
  /// folder's manifest when there is one. Corruption names file and offset; a
  /// set without any record is an error.
  static StatusOr<std::unique_ptr<RecordSet>>
  open(const std::vector<std::string> &inputs, const Options &options);

  /// Number of records.
  uint64_t size() const { return starts_.back(); }
  /// Records left out as corrupt.
  uint64_t skipped() const { return skipped_; }
  /// What the set is, for resuming: independent of the folder it lies in.
  const DataIdentity &identity() const { return identity_; }

  size_t numFiles() const { return files_.size(); }
  const std::string &filePath(size_t file) const;
  /// Number of the first record of a file.
  uint64_t firstRecordOf(size_t file) const { return starts_[file]; }

  /// Reads record `index` into *buffer; *record is its payload inside it.
  Status read(uint64_t index, std::string *buffer,
              std::string_view *record) const;

  /// "FILE, record at offset N", for messages about a record's content.
  std::string describe(uint64_t index) const;

private:
  struct File {
    InputFile file;
    /// Offset of each record's header.
    std::vector<uint64_t> offsets;
    /// Payload bytes of each record; only kept when corrupt stretches may lie
    /// between records, else the next offset tells.
    std::vector<uint32_t> sizes;
  };

  Status addFile(const std::string &path, const Options &options);
  Status scanSkipping(const std::string &path, const Options &options,
                      File *file);
  size_t fileOf(uint64_t index) const;
  uint64_t payloadBytes(const File &file, uint64_t local) const;

  std::vector<File> files_;
  /// starts_[i] is the number of records in files before i; one more at the
  /// end.
  std::vector<uint64_t> starts_ = {0};
  uint64_t skipped_ = 0;
  DataIdentity identity_;
};

} // namespace bertc
