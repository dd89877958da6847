// SPDX-License-Identifier: Apache-2.0
//
// A temporary file without a name: it vanishes with the process, however that
// ends, so an interrupted job leaves nothing behind. Append, then read
// anywhere.
#pragma once

#include <cstdint>
#include <string>

#include "bertc/status.h"

namespace bertc {

/// Makes a file without a name on the disk of `directory`, which must exist;
/// returns its descriptor.
StatusOr<int> openNameless(const std::string &directory);

/// Owned by one thread while appending; readAt() may be called from many.
class TempFile {
public:
  /// Makes the file on the disk of `directory`, which must exist.
  static StatusOr<TempFile> create(const std::string &directory,
                                   size_t bufferBytes = 64U << 10);
  TempFile() = default;
  TempFile(TempFile &&other) noexcept;
  TempFile &operator=(TempFile &&other) noexcept;
  ~TempFile();

  /// A full disk is ResourceExhausted and names the folder.
  Status append(const void *data, size_t bytes);

  /// Writes what is buffered; needed before readAt().
  Status flush();

  /// Gives up the buffer's memory (after flush()).
  void shrink() { std::string().swap(buffer_); }

  /// Keeps a copy in memory when the file has at most `limit` bytes (after
  /// flush()): for tables that are looked up at random.
  Status cache(uint64_t limit);

  /// Bytes appended so far.
  uint64_t size() const { return written_ + buffer_.size(); }

  /// Reads exactly `bytes` at `offset`; reading past the end is Internal.
  Status readAt(uint64_t offset, void *target, size_t bytes) const;

private:
  int fd_ = -1;
  uint64_t written_ = 0;
  size_t bufferBytes_ = 0;
  std::string directory_;
  std::string buffer_;
  /// All of the file, or nothing.
  std::string cache_;
};

} // namespace bertc
