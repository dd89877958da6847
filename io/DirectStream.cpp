// SPDX-License-Identifier: Apache-2.0
//
// Whole buffers are written directly; the last bytes, which do not fill a
// block, through the cache.
#include "io/DirectStream.h"

#include <algorithm>
#include <cstring>

#include "io/FileCalls.h"

namespace bertc {

/// What the writer's thread needs; only it uses this while jobs are queued.
struct DirectStream::Target {
  int fd = -1;
  std::string path;
  bool direct = false;

  Status write(uint64_t offset, const char *data, size_t bytes) {
    if (direct && bytes % AlignedBuffer::alignment != 0) {
      filecalls::setDirect(fd, false);
      direct = false;
    }
    return filecalls::writeAll(fd, offset, data, bytes, path, &direct);
  }
};

DirectStream::DirectStream(int fd, std::string path, Options options,
                           std::shared_ptr<BackgroundWriter> writer)
    : target_(std::make_shared<Target>()), writer_(std::move(writer)) {
  target_->fd = fd;
  target_->direct = options.direct && filecalls::setDirect(fd, true);
  target_->path = std::move(path);
  observe_ = std::move(options.observe);
}

DirectStream::~DirectStream() {
  if (submitted_ != 0) {
    (void)writer_->drain();
  }
}

Status DirectStream::append(const void *data, size_t bytes) {
  const char *from = static_cast<const char *>(data);
  while (bytes > 0) {
    if (buffer_.capacity() == 0) {
      buffer_ = writer_->acquire();
    }
    size_t count = std::min(bytes, buffer_.capacity() - filled_);
    std::memcpy(buffer_.data() + filled_, from, count);
    filled_ += count;
    from += count;
    bytes -= count;
    if (filled_ == buffer_.capacity()) {
      BERTC_RETURN_IF_ERROR(submit());
    }
  }
  return Status();
}

void DirectStream::observe(const char *data, size_t bytes) const {
  if (observe_ && bytes != 0) {
    observe_(data, bytes);
  }
}

/// Hands the full buffer to the writer.
Status DirectStream::submit() {
  observe(buffer_.data(), filled_);
  auto job = [target = target_, offset = submitted_,
              bytes = filled_](const AlignedBuffer &buffer) {
    return target->write(offset, buffer.data(), bytes);
  };
  submitted_ += filled_;
  filled_ = 0;
  return writer_->submit(std::exchange(buffer_, AlignedBuffer()),
                         std::move(job));
}

Status DirectStream::finish() {
  observe(buffer_.data(), filled_);
  if (submitted_ != 0) {
    BERTC_RETURN_IF_ERROR(writer_->drain());
  }
  size_t whole = filled_ / AlignedBuffer::alignment * AlignedBuffer::alignment;
  Status status;
  if (whole != 0) {
    status = target_->write(submitted_, buffer_.data(), whole);
  }
  if (status.ok() && whole != filled_) {
    status = target_->write(submitted_ + whole, buffer_.data() + whole,
                            filled_ - whole);
  }
  if (buffer_.capacity() != 0) {
    writer_->release(std::exchange(buffer_, AlignedBuffer()));
  }
  submitted_ += filled_;
  filled_ = 0;
  return status;
}

} // namespace bertc
