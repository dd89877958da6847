// SPDX-License-Identifier: Apache-2.0
//
// Sequential output past the page cache. Tens of gigabytes that nobody reads
// soon should neither push out of memory what others need nor be copied once
// more; on virtual machines, first use of a page costs more than writing it.
// Where the file system does not do it (tmpfs, some network file systems), or
// refuses the alignment, the same calls go through the cache.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "bertc/status.h"
#include "io/BackgroundWriter.h"

namespace bertc {

/// Appends to an open file that belongs to the caller.
class DirectStream {
public:
  struct Options {
    /// Past the page cache when the file system can.
    bool direct = true;
    /// Sees all bytes in order before they are written, on the thread that
    /// appends: for checksums.
    std::function<void(const char *, size_t)> observe;
  };

  /// `path` is for messages. Several streams may share a writer.
  DirectStream(int fd, std::string path, Options options,
               std::shared_ptr<BackgroundWriter> writer);
  DirectStream(const DirectStream &) = delete;
  DirectStream &operator=(const DirectStream &) = delete;
  /// Waits until no write is under way.
  ~DirectStream();

  Status append(const void *data, size_t bytes);

  /// Writes what is left, waits for everything and gives up the buffer's
  /// memory. The file is then at its final size, but not yet synced.
  Status finish();

  /// Bytes appended so far.
  uint64_t size() const { return submitted_ + filled_; }

private:
  struct Target;
  Status submit();
  void observe(const char *data, size_t bytes) const;

  std::shared_ptr<Target> target_;
  std::function<void(const char *, size_t)> observe_;
  std::shared_ptr<BackgroundWriter> writer_;
  AlignedBuffer buffer_;
  size_t filled_ = 0;
  uint64_t submitted_ = 0;
};

} // namespace bertc
