// SPDX-License-Identifier: Apache-2.0
//
// The one place where bertc_io talks to the kernel about output files, so that
// tests can make the N-th call fail, be cut short, or be the last thing the
// process does. Internal to io/.
#pragma once

#include "bertc/status.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace bertc::filecalls {

enum class Call { Open, Write, Fsync, Close, Rename, Unlink, FsyncDirectory };

/// What the test hook wants to happen instead of `call`: 0 the real thing, an
/// errno value to fail with, or kCutShort for a write of a single byte.
constexpr int kCutShort = -1;
using Hook = int (*)(Call call);

/// Installs a hook (null removes it). For tests only; not thread-safe.
void setHook(Hook hook);

/// Maps errno to a Status: "cannot <action> 'path': reason".
Status errnoStatus(const char *action, const std::string &path, int error);

/// Opens for reading. errno semantics, as for the rest.
StatusOr<int> openForReading(const std::string &path);
/// Makes a new file that must not exist.
StatusOr<int> createExclusive(const std::string &path);
/// Turns reading and writing past the page cache on or off; false when the file
/// system cannot.
bool setDirect(int fd, bool on);
bool isDirect(int fd);
/// Writes all bytes at `offset`, retrying short writes and EINTR. With `direct`
/// true, a transfer that the device refuses as unsuitable for direct writing
/// turns that off and is repeated.
Status writeAll(int fd, uint64_t offset, const void *data, size_t bytes,
                const std::string &path, bool *direct = nullptr);
Status syncFile(int fd, const std::string &path);
Status closeFile(int fd, const std::string &path);
Status renameFile(const std::string &from, const std::string &to);
Status unlinkFile(const std::string &path);
Status syncDirectory(const std::string &directory);

} // namespace bertc::filecalls
