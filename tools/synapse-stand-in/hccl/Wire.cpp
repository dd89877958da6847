// SPDX-License-Identifier: Apache-2.0
#include "tools/synapse-stand-in/hccl/Wire.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace bertc::standin {

using namespace rt::syn;

namespace {

/// The address of an abstract name: a zero byte, then the name.
socklen_t addressOf(const std::string &name, sockaddr_un *address) {
  *address = {};
  address->sun_family = AF_UNIX;
  size_t length = std::min(name.size(), sizeof(address->sun_path) - 1);
  std::memcpy(address->sun_path + 1, name.data(), length);
  return socklen_t(offsetof(sockaddr_un, sun_path) + 1 + length);
}

int newSocket() { return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); }

} // namespace

Socket::~Socket() {
  if (descriptor_ >= 0) {
    close(descriptor_);
  }
}

Socket::Socket(Socket &&other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

Socket &Socket::operator=(Socket &&other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Socket Socket::listenOn(const std::string &name) {
  Socket socket(newSocket());
  sockaddr_un address;
  socklen_t length = addressOf(name, &address);
  if (!socket.valid() ||
      bind(socket.descriptor_, reinterpret_cast<sockaddr *>(&address),
           length) != 0 ||
      listen(socket.descriptor_, SOMAXCONN) != 0) {
    return Socket();
  }
  return socket;
}

Socket Socket::connectTo(const std::string &name) {
  Socket socket(newSocket());
  sockaddr_un address;
  socklen_t length = addressOf(name, &address);
  if (!socket.valid() ||
      connect(socket.descriptor_, reinterpret_cast<sockaddr *>(&address),
              length) != 0) {
    return Socket();
  }
  return socket;
}

Socket Socket::accept() const {
  return Socket(::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC));
}

bool Socket::isOwnProcess() const {
  ucred other{};
  socklen_t length = sizeof(other);
  return getsockopt(descriptor_, SOL_SOCKET, SO_PEERCRED, &other, &length) ==
             0 &&
         other.pid == getpid();
}

void Socket::setTimeout(uint64_t milliseconds) {
  timeval time{};
  time.tv_sec = time_t(milliseconds / 1000);
  time.tv_usec = suseconds_t(milliseconds % 1000 * 1000);
  setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
  setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
}

bool Socket::read(void *to, uint64_t bytes) {
  auto *at = static_cast<char *>(to);
  while (bytes > 0) {
    ssize_t got = recv(descriptor_, at, bytes, 0);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return false;
    }
    at += got;
    bytes -= uint64_t(got);
  }
  return true;
}

bool Socket::write(const void *from, uint64_t bytes) {
  auto *at = static_cast<const char *>(from);
  while (bytes > 0) {
    ssize_t sent = send(descriptor_, at, bytes, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) {
      continue;
    }
    if (sent <= 0) {
      return false;
    }
    at += sent;
    bytes -= uint64_t(sent);
  }
  return true;
}

void Socket::shut() {
  if (descriptor_ >= 0) {
    shutdown(descriptor_, SHUT_RDWR);
  }
}

bool sendReply(Socket &socket, hcclResult_t result, const std::string &text,
               const std::vector<uint8_t> &payload) {
  Reply reply;
  reply.result = result;
  reply.textBytes = uint32_t(text.size());
  reply.bytes = payload.size();
  return socket.write(&reply, sizeof(reply)) &&
         socket.write(text.data(), text.size()) &&
         socket.write(payload.data(), payload.size());
}

uint64_t hcclTimeoutMs() {
  const char *value = std::getenv("SYNAPSE_STAND_IN_HCCL_TIMEOUT_MS");
  uint64_t given = value ? std::strtoull(value, nullptr, 10) : 0;
  return given ? given : 300000;
}

uint64_t hcclBytes(hcclDataType_t type) {
  switch (type) {
  case hcclFloat32:
  case hcclInt32:
  case hcclUint32:
    return 4;
  case hcclBfloat16:
  case hcclFloat16:
    return 2;
  default:
    return 0;
  }
}

} // namespace bertc::standin
