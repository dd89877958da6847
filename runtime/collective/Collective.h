// SPDX-License-Identifier: Apache-2.0
//
// What the processes ("ranks") of a data-parallel run do together. Every rank
// calls the same functions in the same order; `what` says what for, for people
// who read that it failed ("gradients of update 7").
//
//   StatusOr<std::unique_ptr<Collective>> all = openRing(factory, options);
//   BERTC_RETURN_IF_ERROR((*all)->broadcast(weights, bytes, "weights"));
//   BERTC_RETURN_IF_ERROR(
//       (*all)->allReduceSum(sums, n, WireType::F32, "gradients of update 1"));
//   BERTC_RETURN_IF_ERROR((*all)->finish());
//
// No call waits for ever: a rank that died, was stopped, or cannot be reached
// makes the calls of all others fail within the time limit, naming it. After a
// failure every call fails; abort() is then the way out.
#pragma once

#include "bertc/status.h"
#include "runtime/collective/Transport.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace bertc::rt {

/// Elements as they travel. Sums are formed in f32 whatever it is.
enum class WireType : uint8_t { F32, BF16 };

/// Bytes this rank has sent.
struct Traffic {
  /// Of all-reduces and their halves.
  uint64_t reduced = 0;
  /// Of all other collectives.
  uint64_t other = 0;
  /// Signs of life.
  uint64_t control = 0;
};

/// Elements [begin, end).
struct RingPart {
  int64_t begin = 0;
  int64_t end = 0;
};

/// The part of `elements` numbers whose sum `rank` has half-way through an
/// all-reduce.
inline RingPart ringPart(int rank, int size, int64_t elements) {
  int64_t part = (rank + 1) % size;
  return {elements * part / size, elements * (part + 1) / size};
}

/// A stretch of memory.
struct FloatStretch {
  float *data = nullptr;
  int64_t elements = 0;
};

/// When something was done; nanoseconds of the monotonic clock.
struct Interval {
  int64_t beginNs = 0;
  int64_t endNs = 0;
};

class Collective {
public:
  /// An all-reduce that was started; 0 is none.
  using Ticket = uint64_t;

  virtual ~Collective() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  bool isRoot() const { return rank() == 0; }

  /// Adds `elements` numbers of all ranks, element by element, in place. The
  /// order of additions follows from the number of ranks and elements alone,
  /// and every rank gets the same bits. Sent per rank: 2 (N-1)/N of the data.
  /// With BF16 each addition takes a number rounded to bf16, and so is the sum.
  Status allReduceSum(float *data, int64_t elements, WireType wire,
                      const std::string &what) {
    return wait(startAllReduceSum(data, elements, wire, what));
  }
  /// The same in the background: the data belong to the collective until wait()
  /// has returned. Several may be under way; they are done in order.
  virtual Ticket startAllReduceSum(float *data, int64_t elements, WireType wire,
                                   const std::string &what) = 0;
  Status wait(Ticket ticket) { return wait(ticket, nullptr); }
  /// The same; `when`, where not null, becomes when it was done.
  virtual Status wait(Ticket ticket, Interval *when) = 0;

  /// The first half of an all-reduce, in the background: ringPart() of this
  /// rank gets the sum, with the bits that an all-reduce would give it; the
  /// rest of the data are of no use afterwards. Sent: (N-1)/N of the data.
  virtual Ticket startReduceScatter(float *data, int64_t elements,
                                    WireType wire, const std::string &what) = 0;
  /// The second half, for data in any places: stretches byRank[r] of rank r to
  /// all ranks, as they are, in the background. Every rank must give each part
  /// as many stretches of the same lengths.
  virtual Ticket startAllGather(std::vector<std::vector<FloatStretch>> byRank,
                                const std::string &what) = 0;

  /// Rank 0's bytes to every rank.
  virtual Status broadcast(void *data, size_t bytes,
                           const std::string &what) = 0;
  /// The same for a text whose length only rank 0 knows.
  Status broadcast(std::string *text, const std::string &what);

  /// Every rank's bytes on every rank, in rank order.
  virtual StatusOr<std::vector<std::string>>
  allGather(const std::string &value, const std::string &what) = 0;
  /// The same on rank 0 only; elsewhere empty.
  virtual StatusOr<std::vector<std::string>>
  gather(const std::string &value, const std::string &what) = 0;

  /// Returns when every rank has called it.
  virtual Status barrier(const std::string &what) = 0;

  /// Waits for what all ranks do together by other means (their devices do):
  /// `done` is asked, from another thread, until it says true or fails. A rank
  /// that is lost or does not come ends this as it would end a collective.
  virtual Status waitUntil(const std::function<StatusOr<bool>()> &done,
                           const std::string &what) = 0;

  /// Tells all ranks that this one was asked to stop.
  virtual void announceStop() = 0;
  /// Whether some rank was. Ranks learn it at different times.
  virtual bool stopAnnounced() const = 0;

  /// While it lives, this rank is known to be at something long (a checkpoint),
  /// and the others wait for it beyond the limit as long as it answers.
  class Busy {
  public:
    explicit Busy(Collective *collective) : collective_(collective) {
      if (collective_) {
        collective_->setBusy(1);
      }
    }
    ~Busy() {
      if (collective_) {
        collective_->setBusy(-1);
      }
    }
    Busy(const Busy &) = delete;
    Busy &operator=(const Busy &) = delete;

  private:
    Collective *collective_;
  };

  virtual Traffic traffic() const = 0;

  /// The orderly end: waits for all ranks.
  virtual Status finish() = 0;

  /// Tells the others why, and ends this process with the exit code of
  /// `status`; the launcher ends the others.
  [[noreturn]] virtual void abort(const Status &status) = 0;

protected:
  virtual void setBusy(int change) = 0;
};

struct CollectiveOptions {
  /// Longest time without a sign of life, or waiting for a rank that is alive
  /// but elsewhere.
  double limitSeconds = 120;
  /// Elements of a message of an all-reduce: while one is added the next one
  /// travels.
  int64_t messageElements = 1 << 18;
  /// Whether this process was asked to end. Ranks that have been silent for a
  /// while are told of then, as the launcher may not wait until the limit is
  /// over: it ends a run when it finds that a host has gone.
  std::function<bool()> endAsked;
  /// Takes lines for people, from any thread; empty: stderr.
  std::function<void(const std::string &)> say;
};

/// Collectives over a transport. Their work is done by a thread of their own,
/// which also tells the other ranks twenty times a limit that this one is
/// alive. The error is the transport's.
StatusOr<std::unique_ptr<Collective>> openRing(TransportFactory factory,
                                               CollectiveOptions options = {});

} // namespace bertc::rt
