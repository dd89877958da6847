// SPDX-License-Identifier: Apache-2.0
//
// TFRecord files, byte-compatible with TensorFlow. Each record is
//
//   u64 length | u32 masked crc32c of the length | bytes | u32 masked crc32c
//
// little-endian. A file cut at a record boundary is a valid file, so shards
// are listed in a manifest (io/Manifest.h) as well.
//
//   BERTC_ASSIGN_OR_RETURN(auto reader, TfRecordReader::open(path));
//   std::string_view record;
//   for (;;) {
//     BERTC_ASSIGN_OR_RETURN(bool more, reader.next(&record));
//     if (!more) break;
//     ...
//   }
#pragma once

#include "bertc/status.h"
#include "io/AlignedBuffer.h"
#include "io/Files.h"
#include "runtime/core/Sha256.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bertc {

/// Streams the records of one file through a buffer of about 1 MiB (more only
/// for a record larger than that). Both checksums are always verified.
class TfRecordReader {
public:
  struct Options {
    /// Corrupt stretches to step over before giving up. A record whose bytes
    /// fail their checksum is dropped; after a bad length the next offset at
    /// which a header and its record check out is searched for.
    uint64_t skipCorrupt = 0;
    /// Read past the page cache where that can be, in larger pieces: for files
    /// that are read once.
    bool direct = false;
  };

  static StatusOr<TfRecordReader> open(const std::string &path,
                                       Options options);
  static StatusOr<TfRecordReader> open(const std::string &path) {
    return open(path, Options());
  }

  /// Sets *record to the next record's bytes (valid until the next call) and
  /// returns true; false at the end of the file. Corruption names the file,
  /// the offset of the record and which checksum failed.
  StatusOr<bool> next(std::string_view *record);

  /// Continues at `offset`, which must be one that offset() returned.
  Status seek(uint64_t offset);

  /// Byte offset of the record that next() will return.
  uint64_t offset() const { return offset_; }
  /// Records returned so far.
  uint64_t recordCount() const { return records_; }
  /// Corrupt stretches stepped over so far.
  uint64_t skippedCount() const { return skipped_; }
  uint64_t fileSize() const { return file_.size(); }
  const std::string &path() const { return file_.path(); }

private:
  struct Outcome;
  StatusOr<const uint8_t *> bytesAt(uint64_t offset, size_t bytes);
  StatusOr<Outcome> tryRecord(uint64_t offset);
  Status stepOver(const Outcome &bad);
  StatusOr<uint64_t> findHeader(uint64_t from);

  InputFile file_;
  Options options_;
  uint64_t offset_ = 0;
  uint64_t records_ = 0;
  uint64_t skipped_ = 0;
  /// File bytes [bufferStart_, bufferStart_ + bufferSize_).
  AlignedBuffer buffer_;
  uint64_t bufferStart_ = 0;
  size_t bufferSize_ = 0;
};

/// What a finished record file holds; one row of a manifest.
struct RecordFileInfo {
  /// Path as it was given to the writer.
  std::string path;
  uint64_t records = 0;
  uint64_t bytes = 0;
  /// Lower-case hexadecimal SHA-256 of the whole file.
  std::string sha256;
};

/// Writes one file; it appears under its name at finish().
class TfRecordWriter {
public:
  static StatusOr<TfRecordWriter> create(const std::string &path);

  Status append(std::string_view record);

  /// Appends several framed records at once: `framed` must be the
  /// concatenation of what frameRecord() produced for `records` records.
  Status appendFramed(std::string_view framed, uint64_t records);

  /// Makes the file durable and visible.
  StatusOr<RecordFileInfo> finish();

  uint64_t recordCount() const { return records_; }
  uint64_t size() const { return file_.size(); }

private:
  TfRecordWriter(AtomicFile file, std::shared_ptr<Sha256> hash)
      : file_(std::move(file)), hash_(std::move(hash)) {}

  AtomicFile file_;
  /// Fed with what file_ writes; shared with it, since both may be moved.
  std::shared_ptr<Sha256> hash_;
  uint64_t records_ = 0;
  std::string scratch_;
};

/// Appends the framed form of `record` to *out; lets worker threads do the
/// checksums while one thread writes.
void frameRecord(std::string_view record, std::string *out);

/// The same without a copy: append the record to *out between the two calls.
/// beginRecord() returns what endRecord() needs to know.
size_t beginRecord(std::string *out);
void endRecord(size_t begin, std::string *out);

/// Offsets of all records of a file, by reading the headers only (the payload
/// checksums are not looked at).
StatusOr<std::vector<uint64_t>> recordOffsets(const std::string &path);

} // namespace bertc
