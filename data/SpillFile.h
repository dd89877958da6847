// SPDX-License-Identifier: Apache-2.0
//
// A temporary file without a name that is written once from front to end, then
// read in large pieces: both past the page cache, since tens of gigabytes go
// through such files, and written by a background thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bertc/status.h"
#include "io/DirectStream.h"

namespace bertc {

/// append() any number of times, finish(), then read().
class SpillFile {
public:
  /// Makes the file on the disk of `directory`, which must exist. Buffers are
  /// those of `writer`, which many files share. `direct` false goes through the
  /// page cache, as file systems that cannot do otherwise make it anyway.
  static StatusOr<SpillFile> create(const std::string &directory,
                                    std::shared_ptr<BackgroundWriter> writer,
                                    bool direct = true);
  SpillFile() = default;
  SpillFile(SpillFile &&other) noexcept { *this = std::move(other); }
  SpillFile &operator=(SpillFile &&other) noexcept;
  ~SpillFile();

  /// A full disk is ResourceExhausted and names the folder; it may be found
  /// later, when another file is appended to.
  Status append(const void *data, size_t bytes);

  /// Writes what is left and gives up the buffer.
  Status finish();

  uint64_t size() const { return stream_ ? stream_->size() : 0; }

  /// Reads exactly `bytes` at `offset` into *buffer, which grows as needed, and
  /// returns where in it they are.
  StatusOr<std::string_view> read(uint64_t offset, size_t bytes,
                                  AlignedBuffer *buffer) const;

private:
  Status annotated(const Status &status) const;

  int fd_ = -1;
  bool direct_ = true;
  std::string directory_;
  std::unique_ptr<DirectStream> stream_;
};

} // namespace bertc
