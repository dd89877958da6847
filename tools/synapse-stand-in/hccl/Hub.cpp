// SPDX-License-Identifier: Apache-2.0
#include "tools/synapse-stand-in/hccl/Hub.h"
#include "tools/synapse-stand-in/Streams.h"
#include "tools/synapse-stand-in/hccl/Combine.h"

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include <poll.h>

namespace bertc::standin {

using namespace rt::syn;

namespace {

class Hub {
public:
  Hub(Socket listener, std::shared_ptr<HubState> state)
      : listener_(std::move(listener)), state_(std::move(state)),
        timeoutMs_(hcclTimeoutMs()) {}

  void run() {
    if (!gatherRanks()) {
      return;
    }
    while (connected() > 0) {
      waitForWork();
      answerPairs();
      answerCollective();
      answerBroken();
    }
  }

private:
  struct Rank {
    Socket socket;
    std::optional<Contribution> open;
    /// When the open request came, in ns.
    uint64_t since = 0;
    /// It runs in this process.
    bool own = false;
  };

  /// Lets all ranks in; every one learns whether all came.
  bool gatherRanks() {
    uint64_t end = nowNs() + timeoutMs_ * 1000000;
    std::string problem;
    do {
      pollfd wait{listener_.descriptor(), POLLIN, 0};
      uint64_t now = nowNs();
      if (now >= end || poll(&wait, 1, int((end - now) / 1000000) + 1) <= 0) {
        problem = "not all ranks came within the timeout";
      } else {
        problem = admit(listener_.accept());
      }
    } while (problem.empty() &&
             (ranks_.empty() || connected() < ranks_.size()));
    for (Rank *rank : ownLast()) {
      if (rank->socket.valid()) {
        sendReply(rank->socket,
                  problem.empty() ? hcclSuccess : hcclInvalidUsage, problem,
                  {});
      }
    }
    return problem.empty();
  }

  std::string admit(Socket socket) {
    Hello hello;
    socket.setTimeout(timeoutMs_);
    if (!socket.valid() || !socket.read(&hello, sizeof(hello)) ||
        hello.magic != Hello::helloMagic || hello.rank < 0 ||
        hello.rank >= hello.ranks) {
      return "";
    }
    if (ranks_.empty()) {
      ranks_.resize(size_t(hello.ranks));
    }
    std::string problem;
    if (size_t(hello.ranks) != ranks_.size()) {
      problem = "ranks speak of communicators of different sizes";
    } else if (ranks_[size_t(hello.rank)].socket.valid()) {
      problem = "two ranks have the number " + std::to_string(hello.rank);
    }
    if (!problem.empty()) {
      sendReply(socket, hcclInvalidUsage, problem, {});
      return problem;
    }
    Rank &rank = ranks_[size_t(hello.rank)];
    rank.own = socket.isOwnProcess();
    rank.socket = std::move(socket);
    return "";
  }

  /// This process may end as soon as its own rank has its answer, so that one
  /// comes last.
  std::vector<Rank *> ownLast() {
    std::vector<Rank *> order;
    for (bool own : {false, true}) {
      for (Rank &rank : ranks_) {
        if (rank.own == own) {
          order.push_back(&rank);
        }
      }
    }
    return order;
  }

  size_t connected() const {
    size_t count = 0;
    for (const Rank &rank : ranks_) {
      count += rank.socket.valid();
    }
    return count;
  }

  /// Reads the requests that are there; waits for one when there is none.
  void waitForWork() {
    std::vector<pollfd> waits;
    for (const Rank &rank : ranks_) {
      waits.push_back({rank.socket.descriptor(), POLLIN, 0});
    }
    poll(waits.data(), waits.size(), 100);
    for (size_t i = 0; i < ranks_.size(); i++) {
      if (waits[i].revents) {
        readRequest(i);
      }
    }
    for (const Rank &rank : ranks_) {
      if (rank.open && nowNs() - rank.since > timeoutMs_ * 1000000) {
        breakUp("a rank did not come to a collective within the timeout");
      }
    }
  }

  void readRequest(size_t number) {
    Rank &rank = ranks_[number];
    Contribution call;
    bool whole = rank.socket.read(&call.request, sizeof(call.request));
    if (whole) {
      call.payload.resize(call.request.bytes);
      whole = rank.socket.read(call.payload.data(), call.payload.size());
    }
    if (whole && !rank.open) {
      rank.open = std::move(call);
      rank.since = nowNs();
      return;
    }
    rank.open.reset();
    lose(rank);
  }

  /// The first that goes is the reason of what fails afterwards.
  void lose(Rank &rank) {
    rank.socket = Socket();
    if (gone_.empty()) {
      gone_ = "rank " + std::to_string(&rank - ranks_.data()) + " is gone";
    }
  }

  void breakUp(const std::string &why) {
    if (broken_.empty()) {
      broken_ = why;
    }
  }

  void answer(Rank &rank, hcclResult_t result, const std::string &text,
              const std::vector<uint8_t> &payload) {
    rank.open.reset();
    if (!sendReply(rank.socket, result, text, payload)) {
      lose(rank);
    }
  }

  /// Sends are kept until somebody receives them.
  void answerPairs() {
    for (size_t i = 0; i < ranks_.size(); i++) {
      Rank &rank = ranks_[i];
      if (!rank.open || rank.open->request.kind != Collective::Send) {
        continue;
      }
      letters_[{i, size_t(rank.open->request.peer)}].push_back(
          std::move(*rank.open));
      state_->undelivered++;
      answer(rank, hcclSuccess, "", {});
    }
    for (Rank *rank : ownLast()) {
      if (rank->open && rank->open->request.kind == Collective::Receive) {
        deliverTo(*rank);
      }
    }
  }

  void deliverTo(Rank &rank) {
    size_t number = size_t(&rank - ranks_.data());
    auto &box = letters_[{size_t(rank.open->request.peer), number}];
    if (box.empty()) {
      return;
    }
    Contribution letter = std::move(box.front());
    box.pop_front();
    bool fits = letter.request.count == rank.open->request.count &&
                letter.request.type == rank.open->request.type;
    answer(rank, fits ? hcclSuccess : hcclInvalidUsage,
           fits ? "" : "send and receive have different arguments",
           fits ? letter.payload : std::vector<uint8_t>());
    state_->undelivered--;
  }

  bool waits(const Rank &rank) const {
    return rank.open && rank.open->request.kind != Collective::Receive;
  }

  void answerCollective() {
    std::vector<Contribution> all;
    for (const Rank &rank : ranks_) {
      if (!waits(rank)) {
        return;
      }
    }
    for (Rank &rank : ranks_) {
      all.push_back(std::move(*rank.open));
    }
    std::string problem = disagreement(all);
    std::vector<std::vector<uint8_t>> results(all.size());
    if (problem.empty()) {
      results = combine(all);
    } else {
      breakUp(problem);
    }
    hcclResult_t result = problem.empty() ? hcclSuccess : hcclInvalidUsage;
    for (Rank *rank : ownLast()) {
      answer(*rank, result, problem, results[size_t(rank - ranks_.data())]);
    }
  }

  /// With a rank gone, or after a failure, whoever waits hears of it.
  void answerBroken() {
    std::string why = broken_.empty() ? gone_ : broken_;
    if (why.empty()) {
      return;
    }
    for (Rank *rank : ownLast()) {
      if (rank->open) {
        answer(*rank, hcclSystemError, why, {});
      }
    }
  }

  Socket listener_;
  std::shared_ptr<HubState> state_;
  const uint64_t timeoutMs_;
  std::vector<Rank> ranks_;
  std::map<std::pair<size_t, size_t>, std::deque<Contribution>> letters_;
  std::string gone_, broken_;
};

} // namespace

namespace {
/// The hubs that this process opened, by name.
std::mutex hubsMutex;
std::map<std::string, std::shared_ptr<HubState>> hubs;
} // namespace

std::shared_ptr<HubState> openHub(const std::string &name) {
  Socket listener = Socket::listenOn(name);
  if (!listener.valid()) {
    return nullptr;
  }
  auto state = std::make_shared<HubState>();
  auto hub = std::make_shared<Hub>(std::move(listener), state);
  std::thread([hub] { hub->run(); }).detach();
  std::lock_guard<std::mutex> lock(hubsMutex);
  hubs[name] = state;
  return state;
}

std::shared_ptr<HubState> hubOf(const std::string &name) {
  std::lock_guard<std::mutex> lock(hubsMutex);
  auto found = hubs.find(name);
  return found == hubs.end() ? nullptr : found->second;
}

} // namespace bertc::standin
