// SPDX-License-Identifier: Apache-2.0
//
// Input files: mapped, read by position, or read whole.
#include "io/Files.h"
#include "io/FileCalls.h"

#include <cerrno>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace bertc {
namespace {

/// An open regular file and its size; the caller closes it.
struct OpenFile {
  int fd = -1;
  uint64_t size = 0;
};

StatusOr<OpenFile> openRegular(const std::string &path) {
  BERTC_ASSIGN_OR_RETURN(int fd, filecalls::openForReading(path));
  struct stat info;
  Status status;
  if (::fstat(fd, &info) != 0) {
    status = filecalls::errnoStatus("read", path, errno);
  } else if (S_ISDIR(info.st_mode)) {
    status = invalidArgument("'" + path + "' is a folder, expected a file");
  } else if (!S_ISREG(info.st_mode)) {
    status = invalidArgument("'" + path + "' is not a regular file");
  }
  if (!status.ok()) {
    ::close(fd);
    return status;
  }
  return OpenFile{fd, static_cast<uint64_t>(info.st_size)};
}

} // namespace

StatusOr<MappedFile> MappedFile::open(const std::string &path, Access access) {
  BERTC_ASSIGN_OR_RETURN(OpenFile opened, openRegular(path));
  MappedFile file;
  file.path_ = path;
  file.size_ = opened.size;
  if (opened.size > 0) {
    void *data =
        ::mmap(nullptr, opened.size, PROT_READ, MAP_PRIVATE, opened.fd, 0);
    if (data == MAP_FAILED) {
      int error = errno;
      ::close(opened.fd);
      return filecalls::errnoStatus("map", path, error);
    }
    file.data_ = static_cast<const uint8_t *>(data);
    if (access == Access::Sequential) {
      ::madvise(data, opened.size, MADV_SEQUENTIAL);
    }
  }
  ::close(opened.fd);
  return file;
}

MappedFile::MappedFile(MappedFile &&other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)), path_(std::move(other.path_)) {}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(path_, other.path_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) {
    ::munmap(const_cast<uint8_t *>(data_), size_);
  }
}

StatusOr<InputFile> InputFile::open(const std::string &path) {
  BERTC_ASSIGN_OR_RETURN(OpenFile opened, openRegular(path));
  InputFile file;
  file.fd_ = opened.fd;
  file.size_ = opened.size;
  file.path_ = path;
  return file;
}

InputFile::InputFile(InputFile &&other) noexcept
    : fd_(std::exchange(other.fd_, -1)), size_(std::exchange(other.size_, 0)),
      path_(std::move(other.path_)) {}

InputFile &InputFile::operator=(InputFile &&other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  std::swap(path_, other.path_);
  return *this;
}

InputFile::~InputFile() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

void InputFile::readDirectly() { filecalls::setDirect(fd_, true); }

StatusOr<size_t> InputFile::readAt(uint64_t offset, void *target,
                                   size_t bytes) const {
  char *p = static_cast<char *>(target);
  size_t done = 0;
  while (done < bytes) {
    ssize_t got =
        ::pread(fd_, p + done, bytes - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      int error = errno;
      if (error == EINVAL && filecalls::isDirect(fd_) &&
          filecalls::setDirect(fd_, false)) {
        continue;
      }
      return filecalls::errnoStatus("read", path_, error);
    }
    if (got == 0) {
      break;
    }
    done += static_cast<size_t>(got);
  }
  return done;
}

StatusOr<std::string> readFile(const std::string &path, uint64_t limit) {
  BERTC_ASSIGN_OR_RETURN(InputFile file, InputFile::open(path));
  if (file.size() > limit) {
    return invalidArgument("'" + path + "' has " + std::to_string(file.size()) +
                           " bytes, expected at most " + std::to_string(limit));
  }
  std::string content(file.size(), '\0');
  BERTC_ASSIGN_OR_RETURN(size_t got,
                         file.readAt(0, content.data(), content.size()));
  content.resize(got);
  return content;
}

} // namespace bertc
