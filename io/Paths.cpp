// SPDX-License-Identifier: Apache-2.0
//
// Paths, folders, and the files that a command line means.
#include "io/FileCalls.h"
#include "io/Files.h"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bertc {
namespace {

bool isRegularFile(const std::string &path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

/// Adds the files that one item without commas means; adds nothing when there
/// are none.
Status expandItem(const std::string &item, std::vector<std::string> *out) {
  if (directoryExists(item)) {
    BERTC_ASSIGN_OR_RETURN(std::vector<std::string> names, listFiles(item));
    for (const std::string &name : names) {
      out->push_back(joinPath(item, name));
    }
    return Status();
  }
  if (fileExists(item)) {
    out->push_back(item);
    return Status();
  }
  glob_t found = {};
  if (::glob(item.c_str(), 0, nullptr, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc; ++i) {
      if (isRegularFile(found.gl_pathv[i])) {
        out->push_back(found.gl_pathv[i]);
      }
    }
  }
  ::globfree(&found);
  return Status();
}

std::vector<std::string> splitAtCommas(const std::string &text) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) {
      parts.push_back(text.substr(begin, end - begin));
    }
    begin = end + 1;
  }
  return parts;
}

} // namespace

Status fsyncDirectory(const std::string &directory) {
  return filecalls::syncDirectory(directory);
}

Status makeDirectories(const std::string &path) {
  if (path.empty() || directoryExists(path)) {
    return Status();
  }
  BERTC_RETURN_IF_ERROR(path == parentDirectory(path)
                            ? Status()
                            : makeDirectories(parentDirectory(path)));
  if (::mkdir(path.c_str(), 0777) != 0 &&
      !(errno == EEXIST && directoryExists(path))) {
    return filecalls::errnoStatus("make folder", path, errno);
  }
  return Status();
}

Status removeFile(const std::string &path) {
  return filecalls::unlinkFile(path);
}

bool fileExists(const std::string &path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 && !S_ISDIR(info.st_mode);
}

bool directoryExists(const std::string &path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

std::string parentDirectory(const std::string &path) {
  size_t end = path.find_last_not_of('/');
  if (end == std::string::npos) {
    return path.empty() ? "." : "/";
  }
  size_t slash = path.rfind('/', end);
  if (slash == std::string::npos) {
    return ".";
  }
  size_t last = path.find_last_not_of('/', slash);
  return last == std::string::npos ? "/" : path.substr(0, last + 1);
}

std::string baseName(const std::string &path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

std::string joinPath(const std::string &directory, const std::string &name) {
  if (directory.empty() || directory == "." ||
      (!name.empty() && name[0] == '/')) {
    return name;
  }
  return directory.back() == '/' ? directory + name : directory + "/" + name;
}

StatusOr<std::vector<std::string>> listFiles(const std::string &directory) {
  DIR *dir = ::opendir(directory.c_str());
  if (dir == nullptr) {
    return filecalls::errnoStatus("list folder", directory, errno);
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent *entry = ::readdir(dir)) {
    std::string name = entry->d_name;
    if (name[0] != '.' && isRegularFile(joinPath(directory, name))) {
      names.push_back(std::move(name));
    }
    errno = 0;
  }
  int error = errno;
  ::closedir(dir);
  if (error != 0) {
    return filecalls::errnoStatus("list folder", directory, error);
  }
  std::sort(names.begin(), names.end());
  return names;
}

StatusOr<std::vector<std::string>>
expandInputs(const std::vector<std::string> &items) {
  std::vector<std::string> files;
  for (const std::string &item : items) {
    // A file whose name has a comma is that file.
    std::vector<std::string> parts =
        fileExists(item) ? std::vector<std::string>{item} : splitAtCommas(item);
    for (const std::string &part : parts) {
      size_t before = files.size();
      BERTC_RETURN_IF_ERROR(expandItem(part, &files));
      if (files.size() == before) {
        return notFound("no input file matches '" + part + "'");
      }
    }
  }
  if (files.empty()) {
    return invalidArgument("no input files are given");
  }
  return files;
}

} // namespace bertc
