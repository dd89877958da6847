// SPDX-License-Identifier: Apache-2.0
//
// A network inside one process, for tests of the collectives: messages arrive
// late at random, a rank can be stopped, a pair of ranks cut apart.
#pragma once

#include "runtime/collective/Collective.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace bertc::test {

class FakeNetwork {
public:
  FakeNetwork(int size, unsigned seed) : size_(size), random_(seed | 1) {}

  int size() const { return size_; }
  rt::TransportFactory factory(int rank);

  /// Every call of this rank's transport waits from now on, as in a process
  /// that was sent SIGSTOP, until resume().
  void stop(int rank);
  void resume();
  /// Messages between the two are lost from now on.
  void cut(int one, int other);

  // For the transport.
  void pass(int rank);
  void put(int from, int to, int tag, std::string bytes);
  bool take(int from, int to, int tag, std::string *bytes);

private:
  int size_;
  unsigned random_;
  std::mutex mutex_;
  std::condition_variable resumed_;
  std::set<int> stopped_;
  std::set<std::pair<int, int>> cuts_;
  std::map<std::tuple<int, int, int>, std::deque<std::string>> messages_;
};

/// One collective a rank, opened together.
std::vector<std::unique_ptr<rt::Collective>>
openAll(FakeNetwork &network, const rt::CollectiveOptions &options);

/// Runs `body` for every rank in a thread of its own.
void onAll(std::vector<std::unique_ptr<rt::Collective>> &all,
           const std::function<void(rt::Collective &)> &body);

} // namespace bertc::test
