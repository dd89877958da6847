// SPDX-License-Identifier: Apache-2.0
#include "data/TempFile.h"

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

StatusOr<TempFile> TempFile::create(const std::string &directory,
                                    size_t bufferBytes) {
  TempFile file;
  file.directory_ = directory;
  file.bufferBytes_ = bufferBytes;
  file.fd_ = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file.fd_ < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
    // File systems without nameless files: make one and remove its name.
    std::string name = directory + "/.bert-data-XXXXXX";
    file.fd_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (file.fd_ >= 0) {
      ::unlink(name.c_str());
    }
  }
  if (file.fd_ < 0) {
    return systemError(directory, "create", 0, errno);
  }
  return file;
}

TempFile::TempFile(TempFile &&other) noexcept { *this = std::move(other); }

TempFile &TempFile::operator=(TempFile &&other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(written_, other.written_);
  std::swap(bufferBytes_, other.bufferBytes_);
  std::swap(directory_, other.directory_);
  std::swap(buffer_, other.buffer_);
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

Status TempFile::readAt(uint64_t offset, void *target, size_t bytes) const {
  if (offset + bytes > written_) {
    return internalError("temporary file read past its end");
  }
  auto *out = static_cast<char *>(target);
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
