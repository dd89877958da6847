// SPDX-License-Identifier: Apache-2.0
//
// System calls on files, with errno turned into Status.
#include "io/FileCalls.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace bertc::filecalls {
namespace {

Hook installed = nullptr;

/// The hook's answer for a call; 0 when there is no hook.
int ask(Call call) { return installed == nullptr ? 0 : installed(call); }

} // namespace

void setHook(Hook hook) { installed = hook; }

Status errnoStatus(const char *action, const std::string &path, int error) {
  std::string message = std::string("cannot ") + action + " '" + path +
                        "': " + std::strerror(error);
  switch (error) {
  case ENOENT:
  case ENOTDIR:
    return notFound(std::move(message));
  case ENOSPC:
  case EDQUOT:
  case EFBIG:
  case ENOMEM:
  case EMFILE:
  case ENFILE:
    return resourceExhausted(std::move(message));
  default:
    return ioError(std::move(message));
  }
}

StatusOr<int> openForReading(const std::string &path) {
  int fd;
  do {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) {
    return errnoStatus("open", path, errno);
  }
  return fd;
}

StatusOr<int> createExclusive(const std::string &path) {
  if (int error = ask(Call::Open); error > 0) {
    return errnoStatus("create", path, error);
  }
  int fd;
  do {
    fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) {
    return errnoStatus("create", path, errno);
  }
  return fd;
}

bool setDirect(int fd, bool on) {
  int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) {
    return false;
  }
  return ::fcntl(fd, F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

bool isDirect(int fd) {
  int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_DIRECT) != 0;
}

Status writeAll(int fd, uint64_t offset, const void *data, size_t bytes,
                const std::string &path, bool *direct) {
  const char *p = static_cast<const char *>(data);
  while (bytes > 0) {
    int asked = ask(Call::Write);
    // Some kernels refuse single transfers of 2 GiB and more.
    size_t chunk = bytes < (1u << 30) ? bytes : (1u << 30);
    if (asked == kCutShort) {
      chunk = 1;
    }
    ssize_t done = -1;
    if (asked > 0) {
      errno = asked;
    } else {
      done = ::pwrite(fd, p, chunk, static_cast<off_t>(offset));
    }
    if (done < 0) {
      if (errno == EINTR) {
        continue;
      }
      if (errno == EINVAL && direct != nullptr && *direct) {
        *direct = false;
        setDirect(fd, false);
        continue;
      }
      return errnoStatus("write", path, errno);
    }
    p += done;
    offset += static_cast<uint64_t>(done);
    bytes -= static_cast<size_t>(done);
  }
  return Status();
}

Status syncFile(int fd, const std::string &path) {
  if (int error = ask(Call::Fsync); error > 0) {
    return errnoStatus("flush to disk", path, error);
  }
  while (::fsync(fd) != 0) {
    if (errno != EINTR) {
      return errnoStatus("flush to disk", path, errno);
    }
  }
  return Status();
}

Status closeFile(int fd, const std::string &path) {
  int asked = ask(Call::Close);
  // After EINTR the descriptor is closed all the same on Linux.
  int failed = ::close(fd) != 0 && errno != EINTR ? errno : 0;
  int error = asked > 0 ? asked : failed;
  return error == 0 ? Status() : errnoStatus("close", path, error);
}

Status renameFile(const std::string &from, const std::string &to) {
  if (int error = ask(Call::Rename); error > 0) {
    return errnoStatus("rename to", to, error);
  }
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return errnoStatus("rename to", to, errno);
  }
  return Status();
}

Status unlinkFile(const std::string &path) {
  if (int error = ask(Call::Unlink); error > 0) {
    return errnoStatus("remove", path, error);
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return errnoStatus("remove", path, errno);
  }
  return Status();
}

Status syncDirectory(const std::string &directory) {
  if (int error = ask(Call::FsyncDirectory); error > 0) {
    return errnoStatus("flush to disk", directory, error);
  }
  int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return errnoStatus("open folder", directory, errno);
  }
  Status status;
  while (::fsync(fd) != 0) {
    // Some network file systems cannot sync folders and say EINVAL.
    if (errno == EINTR) {
      continue;
    }
    if (errno != EINVAL) {
      status = errnoStatus("flush to disk", directory, errno);
    }
    break;
  }
  ::close(fd);
  return status;
}

} // namespace bertc::filecalls
