// SPDX-License-Identifier: Apache-2.0

#include "runtime/synapse/CacheFiles.h"

#include "runtime/core/Sha256.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace bertc::rt::syn {
namespace {

constexpr char kSuffix[] = ".recipe";
constexpr char kScratch[] = "bertc-scratch-";
constexpr size_t kHashDigits = 64;

struct CloseFile {
  void operator()(std::FILE *file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

Status fileError(const std::string &path) {
  std::string text = path + ": " + std::strerror(errno);
  return errno == ENOSPC || errno == EDQUOT ? resourceExhausted(text)
                                            : ioError(text);
}

bool startsWith(const std::string &text, const std::string &start) {
  return text.compare(0, start.size(), start) == 0;
}

bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// KEY-HASH.recipe: other files may be in the folder, and are not ours to
// remove.
bool isKept(const std::string &name) {
  constexpr size_t kEnd = kHashDigits + sizeof kSuffix - 1;
  if (!endsWith(name, kSuffix) || name.size() < kEnd + 2 ||
      name[name.size() - kEnd - 1] != '-') {
    return false;
  }
  std::string hash = name.substr(name.size() - kEnd, kHashDigits);
  return hash.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::vector<std::string> namesIn(const std::string &folder) {
  std::vector<std::string> names;
  if (DIR *dir = opendir(folder.c_str())) {
    while (const dirent *entry = readdir(dir)) {
      names.push_back(entry->d_name);
    }
    closedir(dir);
  }
  return names;
}

struct Kept {
  std::string path;
  uint64_t bytes;
  timespec used;
};

bool usedEarlier(const Kept &a, const Kept &b) {
  return a.used.tv_sec != b.used.tv_sec ? a.used.tv_sec < b.used.tv_sec
                                        : a.used.tv_nsec < b.used.tv_nsec;
}

// Removes recipes that exceed `maxBytes`, and scratch files of programs that
// died.
void evict(const std::string &folder, uint64_t maxBytes) {
  constexpr time_t kDay = 86400;
  std::vector<Kept> files;
  uint64_t total = 0;
  for (const std::string &name : namesIn(folder)) {
    std::string path = folder + "/" + name;
    struct stat info = {};
    if (stat(path.c_str(), &info) != 0) {
      continue;
    }
    if (startsWith(name, kScratch) &&
        info.st_mtime < std::time(nullptr) - kDay) {
      unlink(path.c_str());
    } else if (isKept(name)) {
      files.push_back(
          {path, static_cast<uint64_t>(info.st_size), info.st_mtim});
      total += files.back().bytes;
    }
  }
  std::sort(files.begin(), files.end(), usedEarlier);
  for (const Kept &file : files) {
    if (total <= maxBytes) {
      break;
    }
    unlink(file.path.c_str());
    total -= file.bytes;
  }
}

Status syncFile(const std::string &path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fsync(fd) != 0) {
    Status error = fileError(path);
    if (fd >= 0) {
      ::close(fd);
    }
    return error;
  }
  ::close(fd);
  return Status();
}

} // namespace

FileLock::FileLock(const std::string &path)
    : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  while (fd_ >= 0 && flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
  }
}

FileLock::~FileLock() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

StatusOr<ScratchFile> ScratchFile::make(const std::string &folder) {
  std::string place = folder;
  if (place.empty()) {
    const char *temporary = std::getenv("TMPDIR");
    place = temporary != nullptr && *temporary != 0 ? temporary : P_tmpdir;
  }
  std::string path = place + "/" + kScratch + "XXXXXX";
  int fd = mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) {
    return fileError(path);
  }
  ::close(fd);
  return ScratchFile(std::move(path));
}

ScratchFile::~ScratchFile() {
  if (!path_.empty()) {
    unlink(path_.c_str());
  }
}

Status makeFolders(const std::string &path) {
  for (size_t end = 1; end <= path.size(); ++end) {
    if (end != path.size() && path[end] != '/') {
      continue;
    }
    if (mkdir(path.substr(0, end).c_str(), 0700) != 0 && errno != EEXIST) {
      return fileError(path.substr(0, end));
    }
  }
  return Status();
}

StatusOr<std::string> hashFile(const std::string &path) {
  File file(std::fopen(path.c_str(), "rbe"));
  if (!file) {
    return fileError(path);
  }
  Sha256 hash;
  std::vector<char> bytes(size_t{1} << 20);
  while (size_t got = std::fread(bytes.data(), 1, bytes.size(), file.get())) {
    hash.update(bytes.data(), got);
  }
  if (std::ferror(file.get()) != 0) {
    return fileError(path);
  }
  return toHex(hash.finish());
}

StatusOr<std::string> readWholeFile(const std::string &path) {
  File file(std::fopen(path.c_str(), "rbe"));
  if (!file) {
    return fileError(path);
  }
  std::string content;
  std::vector<char> bytes(size_t{1} << 20);
  while (size_t got = std::fread(bytes.data(), 1, bytes.size(), file.get())) {
    content.append(bytes.data(), got);
  }
  if (std::ferror(file.get()) != 0) {
    return fileError(path);
  }
  return content;
}

Status writeWholeFile(const std::string &path, const void *bytes, size_t size) {
  File file(std::fopen(path.c_str(), "wbe"));
  if (!file || std::fwrite(bytes, 1, size, file.get()) != size ||
      std::fflush(file.get()) != 0) {
    return fileError(path);
  }
  return Status();
}

bool findCached(const std::string &folder, const std::string &key,
                const std::function<bool(const std::string &)> &use) {
  for (const std::string &name : namesIn(folder)) {
    if (!startsWith(name, key + "-") || !endsWith(name, kSuffix)) {
      continue;
    }
    std::string path = folder + "/" + name;
    StatusOr<std::string> hash = hashFile(path);
    if (hash.ok() && name == key + "-" + *hash + kSuffix && use(path)) {
      utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
      return true;
    }
    unlink(path.c_str());
  }
  return false;
}

Status keep(const std::string &folder, const std::string &key,
            const std::string &scratch, uint64_t maxBytes) {
  struct stat info = {};
  if (stat(scratch.c_str(), &info) != 0) {
    return fileError(scratch);
  }
  if (static_cast<uint64_t>(info.st_size) > maxBytes) {
    return Status();
  }
  BERTC_ASSIGN_OR_RETURN(std::string hash, hashFile(scratch));
  BERTC_RETURN_IF_ERROR(syncFile(scratch));
  std::string path = folder + "/" + key + "-" + hash + kSuffix;
  if (rename(scratch.c_str(), path.c_str()) != 0) {
    return fileError(path);
  }
  FileLock lock(folder + "/lock-evict");
  evict(folder, maxBytes);
  return Status();
}

} // namespace bertc::rt::syn
