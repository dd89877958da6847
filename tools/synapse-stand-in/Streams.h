// SPDX-License-Identifier: Apache-2.0
//
// Streams and events. A stream is a thread that takes its work in order; an
// event marks a place in a stream's work. A failure of work is sticky: what
// follows on the stream is dropped, and every synchronisation says why.
#pragma once

#include "tools/synapse-stand-in/Outcome.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace bertc::standin {

/// One recording of an event: open until the stream has come past it.
class Mark {
public:
  void close(const Outcome &outcome);
  bool closed() const;
  /// Blocks until closed and returns what the stream had to say.
  Outcome wait() const;
  /// When it was closed, in ns of the steady clock; 0 while open.
  uint64_t time() const;

private:
  mutable std::mutex mutex_;
  mutable std::condition_variable change_;
  bool closed_ = false;
  uint64_t time_ = 0;
  Outcome outcome_;
};

/// What all streams of a device share.
struct StreamControl {
  /// Set once: the device has reset, work is dropped.
  std::atomic<bool> reset{false};
  /// Set once: the device goes away, work that is queued is not slowed.
  std::atomic<bool> hurry{false};
  uint64_t slowMs = 0;
};

class Stream {
public:
  explicit Stream(std::shared_ptr<StreamControl> control);
  /// Finishes the work that is queued, without its slowness.
  ~Stream();
  Stream(const Stream &) = delete;
  Stream &operator=(const Stream &) = delete;

  /// Appends work; `always` runs even on a stream that has failed, because
  /// others wait for it.
  void enqueue(std::function<Outcome()> work, bool always = false);
  /// A mark behind all work so far.
  std::shared_ptr<Mark> mark();
  /// Lets the work to come wait for a mark of any stream.
  void waitFor(std::shared_ptr<Mark> mark);
  bool busy() const;
  /// Blocks until the work is done; the first failure, if any.
  Outcome synchronize();
  /// The first failure so far.
  Outcome failure() const;

private:
  struct Work {
    std::function<Outcome()> run;
    bool always;
  };
  void loop();
  void pauseIfSlow(std::unique_lock<std::mutex> &lock);

  std::shared_ptr<StreamControl> control_;
  mutable std::mutex mutex_;
  std::condition_variable change_;
  std::deque<Work> queue_;
  bool running_ = false;
  bool ending_ = false;
  Outcome failure_;
  std::thread thread_;
};

/// Nanoseconds of the steady clock.
uint64_t nowNs();

} // namespace bertc::standin
