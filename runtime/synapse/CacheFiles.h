// SPDX-License-Identifier: Apache-2.0
//
// The files of the recipe cache: locks, content-checked names, eviction.
#pragma once

#include "bertc/status.h"

#include <cstdint>
#include <functional>
#include <string>

namespace bertc::rt::syn {

/// An exclusive flock, held while it lives. Where the file system has no locks
/// it holds nothing: work is then done twice, never wrongly.
class FileLock {
public:
  explicit FileLock(const std::string &path);
  ~FileLock();
  FileLock(const FileLock &) = delete;
  FileLock &operator=(const FileLock &) = delete;

private:
  int fd_;
};

/// A new, empty file that goes away with this object unless it was renamed.
class ScratchFile {
public:
  /// In `folder`; empty: that of TMPDIR, else of temporary files.
  static StatusOr<ScratchFile> make(const std::string &folder = "");
  ScratchFile(ScratchFile &&other) noexcept : path_(std::move(other.path_)) {
    other.path_.clear();
  }
  ScratchFile &operator=(ScratchFile &&) = delete;
  ~ScratchFile();
  const std::string &path() const { return path_; }

private:
  explicit ScratchFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// mkdir -p, for nobody else to read.
Status makeFolders(const std::string &path);

/// SHA-256 of a file's bytes, hexadecimal.
StatusOr<std::string> hashFile(const std::string &path);
StatusOr<std::string> readWholeFile(const std::string &path);
Status writeWholeFile(const std::string &path, const void *bytes, size_t size);

/// Calls `use` with each file of `folder` that is KEY-HASH.recipe for this key
/// and whose bytes have that hash, until it says true: that file then counts as
/// just used. Files it says false to, and those of another hash, are removed.
bool findCached(const std::string &folder, const std::string &key,
                const std::function<bool(const std::string &)> &use);

/// Moves `scratch`, a file in `folder`, to its name, whole and on the disk;
/// then removes the least recently used files until `maxBytes` are left. A file
/// larger than that is not kept.
Status keep(const std::string &folder, const std::string &key,
            const std::string &scratch, uint64_t maxBytes);

} // namespace bertc::rt::syn
