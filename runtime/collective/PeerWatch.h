// SPDX-License-Identifier: Apache-2.0
//
// Tells at once when a process of the same host has died. Where the kernel or a
// namespace stands in the way it sees nothing, and signs of life decide.
#pragma once

#include <string>
#include <vector>

namespace bertc::rt {

class PeerWatch {
public:
  PeerWatch();
  ~PeerWatch();
  PeerWatch(const PeerWatch &) = delete;
  PeerWatch &operator=(const PeerWatch &) = delete;

  /// Who and where this process is, for watch() of others.
  static std::string identity();
  /// "HOST, pid N" of an identity.
  static std::string describe(const std::string &identity);

  /// Watches the process of that identity if it is of this host, and another
  /// one than this.
  void watch(int rank, const std::string &identity);

  /// Sleeps until a watched process ends, wake() is called or the time is over.
  void sleep(double seconds);
  /// Ends a sleep(); from any thread.
  void wake();

  /// The rank of a process that has ended, -1 when none has.
  int dead() const;

private:
  struct Peer {
    int rank;
    int descriptor;
  };
  std::vector<Peer> peers_;
  int wake_;
};

} // namespace bertc::rt
