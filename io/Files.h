// SPDX-License-Identifier: Apache-2.0
//
// Files the way a training job needs them: inputs are mapped read-only, and
// outputs appear under their name only when they are whole and on disk.
//
//   BERTC_ASSIGN_OR_RETURN(AtomicFile out, AtomicFile::create("vocab.txt"));
//   BERTC_RETURN_IF_ERROR(out.append(text));
//   return out.commit();   // fsync, rename, fsync of the folder
//
// Short writes and EINTR are retried. A full disk or quota is
// ResourceExhausted, a missing file NotFound, anything else IoError; every
// message names the path.
#pragma once

#include "bertc/status.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bertc {

class DirectStream;

/// A whole file mapped read-only. Movable; unmapped on destruction.
class MappedFile {
public:
  /// Expected use of the pages, told to the kernel.
  enum class Access { Random, Sequential };

  static StatusOr<MappedFile> open(const std::string &path,
                                   Access access = Access::Random);
  MappedFile() = default;
  MappedFile(MappedFile &&other) noexcept;
  MappedFile &operator=(MappedFile &&other) noexcept;
  ~MappedFile();

  const uint8_t *data() const { return data_; }
  size_t size() const { return size_; }
  const std::string &path() const { return path_; }
  std::string_view view() const {
    return {reinterpret_cast<const char *>(data_), size_};
  }

private:
  const uint8_t *data_ = nullptr;
  size_t size_ = 0;
  std::string path_;
};

/// A file opened for positional reads, for inputs too large to be mapped
/// without being counted against the process.
class InputFile {
public:
  static StatusOr<InputFile> open(const std::string &path);
  InputFile() = default;
  InputFile(InputFile &&other) noexcept;
  InputFile &operator=(InputFile &&other) noexcept;
  ~InputFile();

  /// Size in bytes when it was opened.
  uint64_t size() const { return size_; }
  const std::string &path() const { return path_; }

  /// From now on reads past the page cache where the file system can, for
  /// large files that are read once from front to end. Reads whose address,
  /// offset or size are not multiples of AlignedBuffer::alignment turn it off.
  void readDirectly();

  /// Reads up to `bytes` at `offset`; returns how many, fewer only at the end
  /// of the file.
  StatusOr<size_t> readAt(uint64_t offset, void *target, size_t bytes) const;

private:
  int fd_ = -1;
  uint64_t size_ = 0;
  std::string path_;
};

/// The content of a file of at most `limit` bytes; a larger one is an error
/// that names both sizes.
StatusOr<std::string> readFile(const std::string &path,
                               uint64_t limit = 64ull << 20);

/// An output file that comes into being whole or not at all: written under a
/// temporary name in the same folder, then renamed. Destroying it without
/// commit() removes the temporary file.
class AtomicFile {
public:
  /// Starts `path`; its folder must exist.
  static StatusOr<AtomicFile> create(const std::string &path);
  /// The same for a large file that is only appended to: written by a thread of
  /// its own, past the page cache where that can be. `observe` (may be empty)
  /// sees all bytes in order, in append() and the last of them in sync().
  static StatusOr<AtomicFile>
  createStreaming(const std::string &path,
                  std::function<void(const char *, size_t)> observe);
  AtomicFile(AtomicFile &&other) noexcept;
  AtomicFile &operator=(AtomicFile &&other) noexcept;
  ~AtomicFile();

  /// Adds bytes at the end; small ones are buffered.
  Status append(const void *data, size_t bytes);
  Status append(std::string_view text) {
    return append(text.data(), text.size());
  }

  /// Overwrites (or extends by) `bytes` at `offset`; does not move the end
  /// that append() writes at, unless it reaches past it. Flushes first. Not for
  /// streaming files.
  Status writeAt(uint64_t offset, const void *data, size_t bytes);

  /// Bytes so far, buffered ones included.
  uint64_t size() const;
  const std::string &path() const { return path_; }

  /// Where the bytes are until publish(); readable after sync().
  const std::string &temporaryPath() const { return temporaryPath_; }

  /// Flushes and fsyncs the temporary file, and closes it.
  Status sync();

  /// Renames the synced temporary file over `path` and fsyncs the folder.
  Status publish();

  /// sync() and publish().
  Status commit();

private:
  AtomicFile();
  Status flush();
  void abandon();

  int fd_ = -1;
  uint64_t written_ = 0;
  bool pending_ = false;
  std::string path_;
  std::string temporaryPath_;
  std::string buffer_;
  std::unique_ptr<DirectStream> stream_;
};

/// create(), append(), commit() for a file that is in memory.
Status writeFileAtomically(const std::string &path, std::string_view content);

/// Makes a folder's entries (renames, removals) durable.
Status fsyncDirectory(const std::string &directory);

/// Makes `path` and missing parents; fine when it is there already.
Status makeDirectories(const std::string &path);

/// Removes a file; fine when there is none.
Status removeFile(const std::string &path);

bool fileExists(const std::string &path);
bool directoryExists(const std::string &path);

/// "a/b" for "a/b/c"; "." for "c".
std::string parentDirectory(const std::string &path);
/// "c" for "a/b/c".
std::string baseName(const std::string &path);
/// `name` inside `directory`; an absolute `name` stays as it is.
std::string joinPath(const std::string &directory, const std::string &name);

/// Names (not paths) of the regular files in `directory`, sorted. Hidden
/// files, and so the temporary ones of AtomicFile, are left out.
StatusOr<std::vector<std::string>> listFiles(const std::string &directory);

/// Files meant by command-line inputs: each item may be a file, a folder (all
/// its files), a glob pattern, or several of those separated by commas. The
/// result keeps the order of the items, sorted within each; an item that
/// matches nothing is an error.
StatusOr<std::vector<std::string>>
expandInputs(const std::vector<std::string> &items);

} // namespace bertc
