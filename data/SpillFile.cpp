// SPDX-License-Identifier: Apache-2.0
#include "data/SpillFile.h"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <unistd.h>

#include "data/TempFile.h"
#include "io/FileCalls.h"

namespace bertc {

StatusOr<SpillFile> SpillFile::create(const std::string &directory,
                                      std::shared_ptr<BackgroundWriter> writer,
                                      bool direct) {
  SpillFile file;
  file.directory_ = directory;
  file.direct_ = direct;
  BERTC_ASSIGN_OR_RETURN(file.fd_, openNameless(directory));
  DirectStream::Options options;
  options.direct = direct;
  file.stream_ =
      std::make_unique<DirectStream>(file.fd_, "temporary file in " + directory,
                                     std::move(options), std::move(writer));
  return file;
}

SpillFile &SpillFile::operator=(SpillFile &&other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(direct_, other.direct_);
  std::swap(directory_, other.directory_);
  std::swap(stream_, other.stream_);
  return *this;
}

SpillFile::~SpillFile() {
  stream_.reset();
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

Status SpillFile::annotated(const Status &status) const {
  if (status.code() != StatusCode::ResourceExhausted) {
    return status;
  }
  return resourceExhausted(status.message() + "; free some space or choose "
                                              "another disk with --temp-dir");
}

Status SpillFile::append(const void *data, size_t bytes) {
  Status status = stream_->append(data, bytes);
  return status.ok() ? status : annotated(status);
}

Status SpillFile::finish() {
  Status status = stream_->finish();
  if (status.ok() && direct_) {
    // The last bytes went through the cache.
    filecalls::setDirect(fd_, true);
  }
  return status.ok() ? status : annotated(status);
}

StatusOr<std::string_view> SpillFile::read(uint64_t offset, size_t bytes,
                                           AlignedBuffer *buffer) const {
  if (offset + bytes > size()) {
    return internalError("temporary file read past its end");
  }
  // Whole blocks around what is asked for.
  uint64_t from = offset / AlignedBuffer::alignment * AlignedBuffer::alignment;
  size_t front = offset - from;
  size_t wanted = AlignedBuffer::roundUp(front + bytes);
  if (buffer->capacity() < wanted) {
    *buffer = AlignedBuffer();
    *buffer = AlignedBuffer(wanted);
  }
  size_t done = 0;
  while (done < front + bytes) {
    ssize_t count = ::pread(fd_, buffer->data() + done, wanted - done,
                            static_cast<off_t>(from + done));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0 && errno == EINVAL && filecalls::setDirect(fd_, false)) {
      // Not as the device wants it; a second refusal is another matter.
      count = ::pread(fd_, buffer->data() + done, wanted - done,
                      static_cast<off_t>(from + done));
    }
    if (count <= 0) {
      return filecalls::errnoStatus("read", "temporary file in " + directory_,
                                    count < 0 ? errno : EIO);
    }
    done += static_cast<size_t>(count);
  }
  return std::string_view(buffer->data() + front, bytes);
}

} // namespace bertc
