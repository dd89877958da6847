// SPDX-License-Identifier: Apache-2.0
#include "runtime/collective/PeerWatch.h"

#include <cstdint>
#include <cstdlib>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bertc::rt {

namespace {

#ifdef SYS_pidfd_open
int openProcess(int pid) {
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}
#else
int openProcess(int) { return -1; }
#endif

std::string hostName() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "unknown host";
}

/// Process numbers mean something inside one namespace only.
std::string processNamespace() {
  char name[64] = {};
  return readlink("/proc/self/ns/pid", name, sizeof(name) - 1) > 0 ? name : "";
}

} // namespace

PeerWatch::PeerWatch() : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

PeerWatch::~PeerWatch() {
  for (const Peer &peer : peers_) {
    close(peer.descriptor);
  }
  if (wake_ >= 0) {
    close(wake_);
  }
}

std::string PeerWatch::identity() {
  return hostName() + "\n" + processNamespace() + "\n" +
         std::to_string(getpid());
}

std::string PeerWatch::describe(const std::string &identity) {
  size_t first = identity.find('\n'), last = identity.rfind('\n');
  if (first == std::string::npos) {
    return identity;
  }
  return identity.substr(0, first) + ", pid " + identity.substr(last + 1);
}

void PeerWatch::watch(int rank, const std::string &identity) {
  std::string own = PeerWatch::identity();
  size_t end = own.rfind('\n');
  if (identity.compare(0, end + 1, own, 0, end + 1) != 0 || identity == own) {
    return;
  }
  int descriptor = openProcess(std::atoi(identity.c_str() + end + 1));
  if (descriptor >= 0) {
    peers_.push_back({rank, descriptor});
  }
}

void PeerWatch::sleep(double seconds) {
  std::vector<pollfd> all = {{wake_, POLLIN, 0}};
  for (const Peer &peer : peers_) {
    all.push_back({peer.descriptor, POLLIN, 0});
  }
  poll(all.data(), all.size(), static_cast<int>(seconds * 1000) + 1);
  uint64_t count;
  while (read(wake_, &count, sizeof(count)) > 0) {
  }
}

void PeerWatch::wake() {
  uint64_t one = 1;
  ssize_t written = write(wake_, &one, sizeof(one));
  (void)written; // full: it wakes anyway
}

int PeerWatch::dead() const {
  for (const Peer &peer : peers_) {
    pollfd one = {peer.descriptor, POLLIN, 0};
    if (poll(&one, 1, 0) > 0) {
      return peer.rank;
    }
  }
  return -1;
}

} // namespace bertc::rt
