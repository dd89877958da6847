// SPDX-License-Identifier: Apache-2.0
//
// Output files that appear whole or not at all.
#include "io/DirectStream.h"
#include "io/FileCalls.h"
#include "io/Files.h"

#include <algorithm>
#include <atomic>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace bertc {
namespace {

constexpr size_t kBufferBytes = 1 << 18;
/// Buffers of a streaming file: one being filled, one being written, and this
/// many between them.
constexpr size_t kStreamBufferBytes = 1 << 21;
constexpr size_t kStreamPending = 4;

/// A hidden name in the folder of `path` that no other writer uses.
std::string temporaryNameFor(const std::string &path) {
  static std::atomic<unsigned> counter{0};
  return joinPath(parentDirectory(path), "." + baseName(path).substr(0, 200) +
                                             ".tmp-" +
                                             std::to_string(::getpid()) + "-" +
                                             std::to_string(counter++));
}

} // namespace

StatusOr<AtomicFile> AtomicFile::create(const std::string &path) {
  if (path.empty() || baseName(path).empty()) {
    return invalidArgument("'" + path + "' is not a file name to write to");
  }
  // A rename would replace a device or folder instead of writing to it.
  struct stat info;
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    return invalidArgument("cannot write '" + path +
                           "': it exists and is not a regular file");
  }
  AtomicFile file;
  file.path_ = path;
  std::string temporary = temporaryNameFor(path);
  StatusOr<int> fd = filecalls::createExclusive(temporary);
  if (!fd.ok()) {
    return fd.status().annotate("cannot write '" + path + "'");
  }
  file.fd_ = *fd;
  file.temporaryPath_ = std::move(temporary);
  file.pending_ = true;
  return file;
}

StatusOr<AtomicFile>
AtomicFile::createStreaming(const std::string &path,
                            std::function<void(const char *, size_t)> observe) {
  BERTC_ASSIGN_OR_RETURN(AtomicFile file, create(path));
  DirectStream::Options options;
  options.observe = std::move(observe);
  file.stream_ = std::make_unique<DirectStream>(
      file.fd_, path, std::move(options),
      std::make_shared<BackgroundWriter>(kStreamBufferBytes, kStreamPending));
  return file;
}

AtomicFile::AtomicFile() = default;

AtomicFile::AtomicFile(AtomicFile &&other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      written_(std::exchange(other.written_, 0)),
      pending_(std::exchange(other.pending_, false)),
      path_(std::move(other.path_)),
      temporaryPath_(std::move(other.temporaryPath_)),
      buffer_(std::move(other.buffer_)), stream_(std::move(other.stream_)) {
  other.buffer_.clear();
}

AtomicFile &AtomicFile::operator=(AtomicFile &&other) noexcept {
  if (this != &other) {
    abandon();
    fd_ = std::exchange(other.fd_, -1);
    written_ = std::exchange(other.written_, 0);
    pending_ = std::exchange(other.pending_, false);
    path_ = std::move(other.path_);
    temporaryPath_ = std::move(other.temporaryPath_);
    buffer_ = std::move(other.buffer_);
    other.buffer_.clear();
    stream_ = std::move(other.stream_);
  }
  return *this;
}

AtomicFile::~AtomicFile() { abandon(); }

/// Closes and removes the temporary file; nothing is left to report to.
void AtomicFile::abandon() {
  stream_.reset();
  if (fd_ >= 0) {
    ::close(fd_);
    fd_ = -1;
  }
  if (pending_) {
    ::unlink(temporaryPath_.c_str());
    pending_ = false;
  }
}

uint64_t AtomicFile::size() const {
  return stream_ ? stream_->size() : written_ + buffer_.size();
}

Status AtomicFile::append(const void *data, size_t bytes) {
  if (stream_) {
    return fd_ >= 0 ? stream_->append(data, bytes)
                    : internalError("'" + path_ +
                                    "' is written to after it was closed");
  }
  if (buffer_.size() + bytes <= kBufferBytes) {
    buffer_.append(static_cast<const char *>(data), bytes);
    return Status();
  }
  BERTC_RETURN_IF_ERROR(flush());
  if (bytes < kBufferBytes / 4) {
    buffer_.append(static_cast<const char *>(data), bytes);
    return Status();
  }
  BERTC_RETURN_IF_ERROR(filecalls::writeAll(fd_, written_, data, bytes, path_));
  written_ += bytes;
  return Status();
}

Status AtomicFile::flush() {
  if (fd_ < 0) {
    return internalError("'" + path_ + "' is written to after it was closed");
  }
  if (stream_) {
    return stream_->finish();
  }
  BERTC_RETURN_IF_ERROR(filecalls::writeAll(fd_, written_, buffer_.data(),
                                            buffer_.size(), path_));
  written_ += buffer_.size();
  buffer_.clear();
  return Status();
}

Status AtomicFile::writeAt(uint64_t offset, const void *data, size_t bytes) {
  if (stream_) {
    return internalError("'" + path_ + "' is only appended to");
  }
  BERTC_RETURN_IF_ERROR(flush());
  BERTC_RETURN_IF_ERROR(filecalls::writeAll(fd_, offset, data, bytes, path_));
  written_ = std::max(written_, offset + bytes);
  return Status();
}

Status AtomicFile::sync() {
  BERTC_RETURN_IF_ERROR(flush());
  BERTC_RETURN_IF_ERROR(filecalls::syncFile(fd_, path_));
  return filecalls::closeFile(std::exchange(fd_, -1), path_);
}

Status AtomicFile::publish() {
  if (fd_ >= 0 || !pending_) {
    return internalError("'" + path_ + "' is published without a sync");
  }
  BERTC_RETURN_IF_ERROR(filecalls::renameFile(temporaryPath_, path_));
  pending_ = false;
  return filecalls::syncDirectory(parentDirectory(path_));
}

Status AtomicFile::commit() {
  BERTC_RETURN_IF_ERROR(sync());
  return publish();
}

Status writeFileAtomically(const std::string &path, std::string_view content) {
  BERTC_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::create(path));
  BERTC_RETURN_IF_ERROR(file.append(content));
  return file.commit();
}

} // namespace bertc
