// SPDX-License-Identifier: Apache-2.0
//
// The side of the collectives' own thread: messages of the collective at hand,
// and the signs of life that go on beside them. Judges when another rank is
// lost.
#pragma once

#include "runtime/collective/Collective.h"
#include "runtime/collective/PeerWatch.h"
#include "runtime/collective/Transport.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace bertc::rt {

/// What a rank tells the others about itself; one size, whatever it says.
struct ControlMessage {
  enum Flag : uint32_t { Stop = 1, Busy = 2, Abort = 4 };

  uint32_t flags = 0;
  /// Of Abort: the exit code.
  int32_t code = 0;
  /// Collective that it is in, or was in last, counted from 1.
  uint64_t sequence = 0;
  std::array<char, 112> what = {};
  /// Of Abort: why.
  std::array<char, 384> text = {};
};

/// One message under way.
struct Message {
  int peer = 0;
  size_t bytes = 0;
  Transport::Handle handle = 0;
  bool outgoing = false;
};

class Wire {
public:
  /// `watch` must outlive it.
  Wire(std::unique_ptr<Transport> transport, PeerWatch &watch,
       double limitSeconds);

  int rank() const { return transport_->rank(); }
  int size() const { return transport_->size(); }

  /// Begins the next collective.
  void enter(const std::string &what);
  void leave() { inside_ = false; }

  StatusOr<Message> send(int peer, const void *data, size_t bytes);
  StatusOr<Message> receive(int peer, void *data, size_t bytes);
  /// Whether it is done. The error of a message of another size than expected
  /// names both: the ranks are not in the same collective.
  StatusOr<bool> test(const Message &message);

  /// Calls `advance` until it says that it is done, with what is due beside it.
  /// `*moved` tells whether anything has happened. The error is that of
  /// `advance` or says which rank is lost.
  using Advance = std::function<StatusOr<bool>(bool *moved)>;
  Status drive(const Advance &advance);
  /// drive() until all messages are done.
  Status await(std::vector<Message> messages);
  /// drive() until `done`, which watches what is no message of ours. When it
  /// fails, signs of life get a moment to name the rank that is the cause.
  Status waitUntil(const std::function<StatusOr<bool>()> &done);

  /// Signs of life and checks that are due; an error when a rank is lost or has
  /// given up.
  Status pump();
  /// Sleeps while nothing is to be done, at most until the next sign of life.
  void idle();

  void setIdentities(const std::vector<std::string> &identities);
  void setFlags(uint32_t flags);
  bool stopAnnounced() const { return stopAnnounced_; }

  /// What tells that the launcher ends this process, and takes a line on ranks
  /// that are silent at that time.
  void setEndWatch(std::function<bool()> asked,
                   std::function<void(const std::string &)> say) {
    endAsked_ = std::move(asked);
    say_ = std::move(say);
  }

  /// Tells every rank that this one gives up, as far as they listen.
  void tellAbort(int code, const std::string &text);
  /// The exit code of a rank that gave up and said so; 0 when none has.
  int heardAbort() const { return heardAbort_; }
  /// Makes drive() and pump() fail; from any thread.
  void interrupt() { interrupted_ = true; }
  Transport &transport() { return *transport_; }

  Traffic traffic() const;
  void countReduced(uint64_t bytes) { reduced_ += bytes; }

private:
  using Clock = std::chrono::steady_clock;
  struct Peer {
    ControlMessage in, out;
    ControlMessage state;
    Transport::Handle receiving = 0, sending = 0;
    Clock::time_point heard;
    std::string name;
  };

  double secondsSince(Clock::time_point then) const;
  std::string name(int peer) const;
  /// "during 'X'" or "after 'X'".
  std::string place() const;
  Status listen();
  Status heed(int peer);
  Status beat(bool force);
  Status judge();
  Status judgeStall();
  void tellSilent();
  std::string missing(bool *busy) const;
  bool hasSlept() const;
  void forgiveOwnSleep();
  int tag() const;

  std::unique_ptr<Transport> transport_;
  PeerWatch &watch_;
  double limit_;
  double interval_;
  std::vector<Peer> peers_;
  ControlMessage own_;
  bool inside_ = false;
  Clock::time_point moved_, pumped_, beaten_, judged_;
  uint32_t beatenFlags_ = 0;
  int heardAbort_ = 0;
  std::function<bool()> endAsked_;
  std::function<void(const std::string &)> say_;
  std::atomic<bool> stopAnnounced_{false}, interrupted_{false};
  std::atomic<uint64_t> reduced_{0}, sent_{0}, control_{0};
};

} // namespace bertc::rt
