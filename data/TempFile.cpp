// SPDX-License-Identifier: Apache-2.0
#include "data/TempFile.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace bertc {
namespace {

Status systemError(const std::string &directory, const char *action,
                   uint64_t size, int error) {
  std::string message =
      fmt::format("cannot {} a temporary file in {} ({} bytes so far): {}",
                  action, directory, size, std::strerror(error));
  if (error == ENOSPC || error == EDQUOT || error == ENOMEM) {
    return resourceExhausted(message + "; free some space or choose another "
                                       "disk with --temp-dir");
  }
  return error == ENOENT ? notFound(message) : ioError(message);
}

} // namespace

StatusOr<int> openNameless(const std::string &directory) {
  int fd = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
    // File systems without nameless files: make one and remove its name.
    std::string name = directory + "/.bert-data-XXXXXX";
    fd = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd >= 0) {
      ::unlink(name.c_str());
    }
  }
  if (fd < 0) {
    return systemError(directory, "create", 0, errno);
  }
  return fd;
}

StatusOr<TempFile> TempFile::create(const std::string &directory,
                                    size_t bufferBytes) {
  TempFile file;
  file.directory_ = directory;
  file.bufferBytes_ = bufferBytes;
  BERTC_ASSIGN_OR_RETURN(file.fd_, openNameless(directory));
  return file;
}

TempFile::TempFile(TempFile &&other) noexcept { *this = std::move(other); }

TempFile &TempFile::operator=(TempFile &&other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(written_, other.written_);
  std::swap(bufferBytes_, other.bufferBytes_);
  std::swap(directory_, other.directory_);
  std::swap(buffer_, other.buffer_);
  std::swap(cache_, other.cache_);
  return *this;
}

TempFile::~TempFile() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

Status TempFile::append(const void *data, size_t bytes) {
  buffer_.append(static_cast<const char *>(data), bytes);
  return buffer_.size() >= bufferBytes_ ? flush() : Status();
}

Status TempFile::flush() {
  size_t done = 0;
  while (done < buffer_.size()) {
    ssize_t count = ::pwrite(fd_, buffer_.data() + done, buffer_.size() - done,
                             static_cast<off_t>(written_ + done));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return systemError(directory_, "write", written_,
                         count < 0 ? errno : ENOSPC);
    }
    done += static_cast<size_t>(count);
  }
  written_ += done;
  buffer_.clear();
  return Status();
}

Status TempFile::cache(uint64_t limit) {
  if (written_ > limit || !cache_.empty()) {
    return Status();
  }
  std::string all(written_, '\0');
  BERTC_RETURN_IF_ERROR(readAt(0, all.data(), all.size()));
  cache_ = std::move(all);
  return Status();
}

Status TempFile::readAt(uint64_t offset, void *target, size_t bytes) const {
  if (offset + bytes > written_) {
    return internalError("temporary file read past its end");
  }
  auto *out = static_cast<char *>(target);
  if (!cache_.empty()) {
    std::copy_n(cache_.data() + offset, bytes, out);
    return Status();
  }
  while (bytes > 0) {
    ssize_t count = ::pread(fd_, out, bytes, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return systemError(directory_, "read", written_, count < 0 ? errno : EIO);
    }
    out += count;
    offset += static_cast<uint64_t>(count);
    bytes -= static_cast<size_t>(count);
  }
  return Status();
}

} // namespace bertc
