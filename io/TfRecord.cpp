// SPDX-License-Identifier: Apache-2.0
//
// TFRecord framing: reading with both checksums verified, and writing.
#include "io/TfRecord.h"
#include "io/Crc32c.h"

#include <algorithm>
#include <cstring>

namespace bertc {
namespace {

constexpr size_t kHeaderBytes = 12;
constexpr size_t kFooterBytes = 4;
constexpr size_t kBufferBytes = 1 << 20;
constexpr size_t kDirectBufferBytes = 1 << 22;

uint32_t load32(const uint8_t *p) {
  uint32_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

uint64_t load64(const uint8_t *p) {
  uint64_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

bool lengthChecks(const uint8_t *header) {
  return load32(header + 8) == maskCrc32c(crc32c(header, 8));
}

Status corruptRecord(const std::string &path, uint64_t offset,
                     const std::string &what) {
  return corrupt("'" + path + "': record at offset " + std::to_string(offset) +
                 ": " + what);
}

} // namespace

/// What stands at an offset.
struct TfRecordReader::Outcome {
  Status error;
  std::string_view record;
  /// Start of this record.
  uint64_t offset = 0;
  /// Start of the next one; 0 when a bad length leaves it unknown.
  uint64_t next = 0;
};

StatusOr<TfRecordReader> TfRecordReader::open(const std::string &path,
                                              Options options) {
  TfRecordReader reader;
  BERTC_ASSIGN_OR_RETURN(reader.file_, InputFile::open(path));
  reader.options_ = options;
  if (options.direct) {
    reader.file_.readDirectly();
  }
  return reader;
}

/// The file's bytes [offset, offset + bytes), which must exist.
StatusOr<const uint8_t *> TfRecordReader::bytesAt(uint64_t offset,
                                                  size_t bytes) {
  bool inside =
      offset >= bufferStart_ && offset + bytes <= bufferStart_ + bufferSize_;
  if (!inside) {
    // Whole blocks, as direct reads need them; at the end of the file, fewer
    // bytes come.
    uint64_t start =
        offset / AlignedBuffer::alignment * AlignedBuffer::alignment;
    size_t needed = static_cast<size_t>(offset - start) + bytes;
    size_t want = AlignedBuffer::roundUp(static_cast<size_t>(
        std::min<uint64_t>(file_.size() - start,
                           std::max(needed, options_.direct ? kDirectBufferBytes
                                                            : kBufferBytes))));
    if (buffer_.capacity() < want) {
      buffer_ = AlignedBuffer();
      buffer_ = AlignedBuffer(want);
    }
    bufferSize_ = 0;
    BERTC_ASSIGN_OR_RETURN(bufferSize_,
                           file_.readAt(start, buffer_.data(), want));
    bufferStart_ = start;
    if (bufferSize_ < needed) {
      return corruptRecord(path(), offset,
                           "the file became shorter while it was read");
    }
  }
  return reinterpret_cast<const uint8_t *>(buffer_.data()) +
         (offset - bufferStart_);
}

StatusOr<TfRecordReader::Outcome> TfRecordReader::tryRecord(uint64_t offset) {
  Outcome outcome;
  outcome.offset = offset;
  const uint64_t left = file_.size() - offset;
  if (left < kHeaderBytes) {
    outcome.error = corruptRecord(path(), offset,
                                  "truncated header, " + std::to_string(left) +
                                      " of 12 bytes");
    return outcome;
  }
  BERTC_ASSIGN_OR_RETURN(const uint8_t *header, bytesAt(offset, kHeaderBytes));
  if (!lengthChecks(header)) {
    outcome.error =
        corruptRecord(path(), offset, "the checksum of the length is wrong");
    return outcome;
  }
  const uint64_t length = load64(header);
  if (left - kHeaderBytes < kFooterBytes ||
      length > left - kHeaderBytes - kFooterBytes) {
    outcome.error = corruptRecord(
        path(), offset,
        "truncated: a length of " + std::to_string(length) + " bytes, but " +
            std::to_string(left - kHeaderBytes) + " bytes of file are left");
    return outcome;
  }
  const size_t whole = kHeaderBytes + length + kFooterBytes;
  BERTC_ASSIGN_OR_RETURN(const uint8_t *bytes, bytesAt(offset, whole));
  const uint8_t *payload = bytes + kHeaderBytes;
  outcome.next = offset + whole;
  if (load32(payload + length) != maskCrc32c(crc32c(payload, length))) {
    outcome.error =
        corruptRecord(path(), offset, "the checksum of the data is wrong");
    return outcome;
  }
  outcome.record = {reinterpret_cast<const char *>(payload), length};
  return outcome;
}

/// First offset from `from` on where a length checks out, or the end.
StatusOr<uint64_t> TfRecordReader::findHeader(uint64_t from) {
  for (; from + kHeaderBytes + kFooterBytes <= file_.size(); ++from) {
    BERTC_ASSIGN_OR_RETURN(const uint8_t *header, bytesAt(from, kHeaderBytes));
    if (lengthChecks(header)) {
      return from;
    }
  }
  return file_.size();
}

/// Moves past a corrupt stretch, or returns its error when none more may be
/// skipped.
Status TfRecordReader::stepOver(const Outcome &bad) {
  if (skipped_ >= options_.skipCorrupt) {
    return skipped_ == 0 ? bad.error
                         : bad.error.annotate(
                               "after skipping " + std::to_string(skipped_) +
                               " corrupt records, the most allowed");
  }
  ++skipped_;
  if (bad.next != 0) {
    offset_ = bad.next;
    return Status();
  }
  BERTC_ASSIGN_OR_RETURN(offset_, findHeader(bad.offset + 1));
  return Status();
}

StatusOr<bool> TfRecordReader::next(std::string_view *record) {
  while (offset_ < file_.size()) {
    BERTC_ASSIGN_OR_RETURN(Outcome outcome, tryRecord(offset_));
    if (outcome.error.ok()) {
      *record = outcome.record;
      offset_ = outcome.next;
      ++records_;
      return true;
    }
    BERTC_RETURN_IF_ERROR(stepOver(outcome));
  }
  return false;
}

Status TfRecordReader::seek(uint64_t offset) {
  if (offset > file_.size()) {
    return invalidArgument(
        "cannot continue at offset " + std::to_string(offset) + " of '" +
        path() + "', which has " + std::to_string(file_.size()) + " bytes");
  }
  offset_ = offset;
  return Status();
}

size_t beginRecord(std::string *out) {
  size_t begin = out->size();
  out->resize(begin + kHeaderBytes);
  return begin;
}

void endRecord(size_t begin, std::string *out) {
  char *header = out->data() + begin;
  const uint64_t length = out->size() - begin - kHeaderBytes;
  std::memcpy(header, &length, 8);
  const uint32_t lengthCrc = maskCrc32c(crc32c(header, 8));
  std::memcpy(header + 8, &lengthCrc, 4);
  const uint32_t dataCrc = maskCrc32c(crc32c(header + kHeaderBytes, length));
  out->append(reinterpret_cast<const char *>(&dataCrc), kFooterBytes);
}

void frameRecord(std::string_view record, std::string *out) {
  size_t begin = beginRecord(out);
  out->append(record);
  endRecord(begin, out);
}

StatusOr<TfRecordWriter> TfRecordWriter::create(const std::string &path) {
  auto hash = std::make_shared<Sha256>();
  auto observe = [to = hash](const char *data, size_t bytes) {
    to->update(data, bytes);
  };
  BERTC_ASSIGN_OR_RETURN(AtomicFile file,
                         AtomicFile::createStreaming(path, observe));
  return TfRecordWriter(std::move(file), std::move(hash));
}

Status TfRecordWriter::append(std::string_view record) {
  scratch_.clear();
  frameRecord(record, &scratch_);
  return appendFramed(scratch_, 1);
}

Status TfRecordWriter::appendFramed(std::string_view framed, uint64_t records) {
  records_ += records;
  return file_.append(framed);
}

StatusOr<RecordFileInfo> TfRecordWriter::finish() {
  RecordFileInfo info;
  info.path = file_.path();
  info.records = records_;
  info.bytes = file_.size();
  BERTC_RETURN_IF_ERROR(file_.commit());
  info.sha256 = toHex(hash_->finish());
  return info;
}

StatusOr<std::vector<uint64_t>> recordOffsets(const std::string &path) {
  BERTC_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  std::vector<uint64_t> offsets;
  for (uint64_t offset = 0; offset < file.size();) {
    const uint64_t left = file.size() - offset;
    if (left < kHeaderBytes + kFooterBytes) {
      return corruptRecord(path, offset, "truncated");
    }
    const uint8_t *header = file.data() + offset;
    if (!lengthChecks(header)) {
      return corruptRecord(path, offset, "the checksum of the length is wrong");
    }
    const uint64_t length = load64(header);
    if (length > left - kHeaderBytes - kFooterBytes) {
      return corruptRecord(path, offset, "truncated");
    }
    offsets.push_back(offset);
    offset += kHeaderBytes + length + kFooterBytes;
  }
  return offsets;
}

} // namespace bertc
