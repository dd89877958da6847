// SPDX-License-Identifier: Apache-2.0
#include "test/unit/collective/FakeNetwork.h"

#include <cstdlib>
#include <cstring>
#include <thread>

namespace bertc::test {

namespace {

class FakeTransport final : public rt::Transport {
public:
  FakeTransport(FakeNetwork &network, int rank)
      : network_(network), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return network_.size(); }

  StatusOr<Handle> send(int peer, int tag, const void *data,
                        size_t bytes) override {
    network_.pass(rank_);
    network_.put(rank_, peer, tag,
                 std::string(static_cast<const char *>(data), bytes));
    done_[++last_] = bytes;
    return last_;
  }

  StatusOr<Handle> receive(int peer, int tag, void *data,
                           size_t bytes) override {
    network_.pass(rank_);
    receives_.push_back({++last_, peer, tag, data, bytes});
    return last_;
  }

  StatusOr<std::optional<size_t>> test(Handle handle) override {
    network_.pass(rank_);
    match();
    auto found = done_.find(handle);
    if (found == done_.end()) {
      return std::optional<size_t>();
    }
    size_t bytes = found->second;
    done_.erase(found);
    return std::optional<size_t>(bytes);
  }

  void cancelAll() override { receives_.clear(); }
  Status finish() override { return Status(); }
  [[noreturn]] void abort(int) override { std::abort(); }

private:
  struct Receive {
    Handle handle;
    int peer, tag;
    void *data;
    size_t bytes;
  };

  /// Messages go to receives in the order in which these were begun.
  void match() {
    std::set<std::pair<int, int>> waiting;
    for (auto it = receives_.begin(); it != receives_.end();) {
      std::string bytes;
      bool open = waiting.count({it->peer, it->tag}) == 0;
      if (!open || !network_.take(it->peer, rank_, it->tag, &bytes)) {
        waiting.insert({it->peer, it->tag});
        ++it;
        continue;
      }
      if (!bytes.empty()) {
        std::memcpy(it->data, bytes.data(), std::min(bytes.size(), it->bytes));
      }
      done_[it->handle] = bytes.size();
      it = receives_.erase(it);
    }
  }

  FakeNetwork &network_;
  int rank_;
  Handle last_ = 0;
  std::vector<Receive> receives_;
  std::map<Handle, size_t> done_;
};

} // namespace

rt::TransportFactory FakeNetwork::factory(int rank) {
  return [this, rank]() -> StatusOr<std::unique_ptr<rt::Transport>> {
    return std::unique_ptr<rt::Transport>(
        std::make_unique<FakeTransport>(*this, rank));
  };
}

void FakeNetwork::stop(int rank) {
  std::lock_guard<std::mutex> lock(mutex_);
  stopped_.insert(rank);
}

void FakeNetwork::resume() {
  std::lock_guard<std::mutex> lock(mutex_);
  stopped_.clear();
  resumed_.notify_all();
}

void FakeNetwork::cut(int one, int other) {
  std::lock_guard<std::mutex> lock(mutex_);
  cuts_.insert({one, other});
  cuts_.insert({other, one});
}

void FakeNetwork::pass(int rank) {
  std::unique_lock<std::mutex> lock(mutex_);
  resumed_.wait(lock, [&] { return stopped_.count(rank) == 0; });
}

void FakeNetwork::put(int from, int to, int tag, std::string bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (cuts_.count({from, to}) == 0) {
    messages_[{from, to, tag}].push_back(std::move(bytes));
  }
}

bool FakeNetwork::take(int from, int to, int tag, std::string *bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  random_ = random_ * 1664525 + 1013904223;
  auto found = messages_.find({from, to, tag});
  bool late = (random_ >> 16) % 4 == 0;
  if (found == messages_.end() || found->second.empty() || late) {
    return false;
  }
  *bytes = std::move(found->second.front());
  found->second.pop_front();
  return true;
}

std::vector<std::unique_ptr<rt::Collective>>
openAll(FakeNetwork &network, const rt::CollectiveOptions &options) {
  std::vector<std::unique_ptr<rt::Collective>> all(
      static_cast<size_t>(network.size()));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < network.size(); ++rank) {
    threads.emplace_back([&, rank] {
      auto opened = rt::openRing(network.factory(rank), options);
      if (opened.ok()) {
        all[static_cast<size_t>(rank)] = *std::move(opened);
      }
    });
  }
  for (std::thread &thread : threads) {
    thread.join();
  }
  return all;
}

void onAll(std::vector<std::unique_ptr<rt::Collective>> &all,
           const std::function<void(rt::Collective &)> &body) {
  std::vector<std::thread> threads;
  for (auto &one : all) {
    threads.emplace_back([&] { body(*one); });
  }
  for (std::thread &thread : threads) {
    thread.join();
  }
}

} // namespace bertc::test
