// SPDX-License-Identifier: Apache-2.0
//
// The thread that does the work of the collectives, one after the other, and in
// between tells the other ranks that this one is alive.
#include "runtime/collective/Launch.h"
#include "runtime/collective/PeerWatch.h"
#include "runtime/collective/RingAlgorithms.h"
#include "runtime/collective/Wire.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <new>
#include <thread>
#include <unistd.h>

namespace bertc::rt {

namespace {

/// One call of a collective function. Whatever messages touch belongs to the
/// caller or to this, which is kept after a failure.
struct Operation {
  std::string what;
  std::function<Status(Wire &)> body;
  std::vector<std::string> values;
  std::vector<uint64_t> lengths;
  uint64_t length = 0;
  Status status;
  Interval when;
  bool done = false;
};
using OperationRef = std::shared_ptr<Operation>;

int64_t nowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

class RingCollective final : public Collective {
public:
  RingCollective(CollectiveOptions options) : options_(std::move(options)) {}
  ~RingCollective() override;

  Status open(TransportFactory factory);
  /// open() has given its thread up.
  bool isStuck() const { return !thread_.joinable(); }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  Ticket startAllReduceSum(float *data, int64_t elements, WireType wire,
                           const std::string &what) override;
  Ticket startReduceScatter(float *data, int64_t elements, WireType wire,
                            const std::string &what) override;
  Ticket startAllGather(std::vector<std::vector<FloatStretch>> byRank,
                        const std::string &what) override;
  Status wait(Ticket ticket, Interval *when) override;
  Status broadcast(void *data, size_t bytes, const std::string &what) override;
  StatusOr<std::vector<std::string>>
  allGather(const std::string &value, const std::string &what) override;
  StatusOr<std::vector<std::string>> gather(const std::string &value,
                                            const std::string &what) override;
  Status barrier(const std::string &what) override;
  Status waitUntil(const std::function<StatusOr<bool>()> &done,
                   const std::string &what) override;
  void announceStop() override;
  bool stopAnnounced() const override;
  Traffic traffic() const override;
  Status finish() override;
  [[noreturn]] void abort(const Status &status) override;

protected:
  void setBusy(int change) override;

private:
  OperationRef submit(const std::string &what,
                      std::function<Status(Wire &, Operation &)> body);
  Ticket ticketOf(OperationRef operation);
  Status await(const OperationRef &operation);
  StatusOr<std::vector<std::string>>
  exchange(const std::string &value, const std::string &what, bool rootOnly);
  void say(const std::string &line) const;
  std::string startLimit() const;

  // The thread's side.
  void work(TransportFactory factory);
  Status introduce();
  void serve();
  void fail(const Status &status);
  void perform(const OperationRef &operation);
  void afterFailure();

  CollectiveOptions options_;
  PeerWatch watch_;
  std::unique_ptr<Wire> wire_;
  RingBuffers buffers_;
  int rank_ = 0, size_ = 1;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<OperationRef> queue_;
  std::map<Ticket, OperationRef> tickets_;
  Ticket lastTicket_ = 0;
  /// Sticky: no call works after it.
  Status failure_;
  bool opened_ = false, finishing_ = false, ended_ = false;
  std::optional<std::pair<int, std::string>> abort_;
  uint32_t flags_ = 0;
  int busy_ = 0;
  std::vector<OperationRef> kept_;
  std::thread thread_;
};

RingCollective::~RingCollective() {
  if (!thread_.joinable()) {
    return;
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    finishing_ = true;
  }
  changed_.notify_all();
  watch_.wake();
  thread_.join();
}

void RingCollective::say(const std::string &line) const {
  if (options_.say) {
    options_.say(line);
    return;
  }
  // One write, so that lines of several ranks do not mix.
  std::string whole = line + "\n";
  ssize_t written = write(STDERR_FILENO, whole.data(), whole.size());
  (void)written;
}

Status RingCollective::open(TransportFactory factory) {
  thread_ = std::thread([this, factory] { work(factory); });
  std::unique_lock<std::mutex> lock(mutex_);
  bool opened = changed_.wait_for(
      lock, std::chrono::duration<double>(2 * options_.limitSeconds),
      [this] { return opened_; });
  if (opened) {
    return failure_;
  }
  thread_.detach();
  return ioError("the processes of this run have not found each other for " +
                 startLimit() + describeStopped());
}

/// Of the transport's own start and end, in which nothing of ours can tell who
/// is missing.
std::string RingCollective::startLimit() const {
  char seconds[32];
  std::snprintf(seconds, sizeof(seconds), "%g s", 2 * options_.limitSeconds);
  return seconds;
}

OperationRef
RingCollective::submit(const std::string &what,
                       std::function<Status(Wire &, Operation &)> body) {
  auto operation = std::make_shared<Operation>();
  operation->what = what;
  Operation *raw = operation.get();
  operation->body = [raw, body = std::move(body)](Wire &wire) {
    return body(wire, *raw);
  };
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (failure_.ok()) {
      queue_.push_back(operation);
    } else {
      operation->status = failure_;
      operation->done = true;
    }
  }
  watch_.wake();
  return operation;
}

Status RingCollective::await(const OperationRef &operation) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return operation->done; });
  return operation->status;
}

Collective::Ticket RingCollective::ticketOf(OperationRef operation) {
  std::lock_guard<std::mutex> lock(mutex_);
  tickets_[++lastTicket_] = std::move(operation);
  return lastTicket_;
}

Collective::Ticket RingCollective::startAllReduceSum(float *data,
                                                     int64_t elements,
                                                     WireType wire,
                                                     const std::string &what) {
  return ticketOf(submit(what, [=](Wire &link, Operation &) {
    return ringAllReduceSum(link, buffers_, data, elements, wire,
                            options_.messageElements);
  }));
}

Collective::Ticket RingCollective::startReduceScatter(float *data,
                                                      int64_t elements,
                                                      WireType wire,
                                                      const std::string &what) {
  return ticketOf(submit(what, [=](Wire &link, Operation &) {
    return ringReduceScatter(link, buffers_, data, elements, wire,
                             options_.messageElements);
  }));
}

Collective::Ticket
RingCollective::startAllGather(std::vector<std::vector<FloatStretch>> byRank,
                               const std::string &what) {
  return ticketOf(
      submit(what, [this, byRank = std::move(byRank)](Wire &link, Operation &) {
        return ringAllGather(link, buffers_, byRank, options_.messageElements);
      }));
}

Status RingCollective::wait(Ticket ticket, Interval *when) {
  OperationRef operation;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    auto found = tickets_.find(ticket);
    if (found == tickets_.end()) {
      return Status();
    }
    operation = found->second;
    tickets_.erase(found);
  }
  Status status = await(operation);
  if (when) {
    *when = operation->when;
  }
  return status;
}

Status RingCollective::broadcast(void *data, size_t bytes,
                                 const std::string &what) {
  size_t message = static_cast<size_t>(options_.messageElements) * 4;
  return await(submit(what, [=](Wire &wire, Operation &) {
    return chainBroadcast(wire, static_cast<uint8_t *>(data), bytes, message);
  }));
}

StatusOr<std::vector<std::string>>
RingCollective::exchange(const std::string &value, const std::string &what,
                         bool rootOnly) {
  OperationRef operation =
      submit(what, [this, value, rootOnly](Wire &wire, Operation &self) {
        self.values.resize(static_cast<size_t>(size_));
        self.lengths.resize(static_cast<size_t>(size_));
        self.values[static_cast<size_t>(rank_)] = value;
        return exchangeValues(wire, &self.values, &self.lengths, rootOnly);
      });
  BERTC_RETURN_IF_ERROR(await(operation));
  if (rootOnly && rank_ != 0) {
    return std::vector<std::string>();
  }
  return std::move(operation->values);
}

StatusOr<std::vector<std::string>>
RingCollective::allGather(const std::string &value, const std::string &what) {
  return exchange(value, what, false);
}

StatusOr<std::vector<std::string>>
RingCollective::gather(const std::string &value, const std::string &what) {
  return exchange(value, what, true);
}

Status RingCollective::barrier(const std::string &what) {
  return exchange("", what, false).status();
}

Status RingCollective::waitUntil(const std::function<StatusOr<bool>()> &done,
                                 const std::string &what) {
  return await(submit(
      what, [=](Wire &wire, Operation &) { return wire.waitUntil(done); }));
}

void RingCollective::announceStop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    flags_ |= ControlMessage::Stop;
  }
  watch_.wake();
}

bool RingCollective::stopAnnounced() const { return wire_->stopAnnounced(); }

void RingCollective::setBusy(int change) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    busy_ += change;
    flags_ = busy_ > 0 ? flags_ | ControlMessage::Busy
                       : flags_ & ~uint32_t{ControlMessage::Busy};
  }
  watch_.wake();
}

Traffic RingCollective::traffic() const { return wire_->traffic(); }

Status RingCollective::finish() {
  BERTC_RETURN_IF_ERROR(barrier("the end of the run"));
  std::unique_lock<std::mutex> lock(mutex_);
  finishing_ = true;
  watch_.wake();
  bool ended = changed_.wait_for(
      lock, std::chrono::duration<double>(2 * options_.limitSeconds),
      [this] { return ended_; });
  return ended ? failure_
               : ioError("the processes of this run have not ended together "
                         "for " +
                         startLimit() + describeStopped());
}

void RingCollective::abort(const Status &status) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    abort_ = {exitCode(status), status.message()};
    if (wire_) {
      wire_->interrupt();
    }
  }
  changed_.notify_all();
  watch_.wake();
  // The thread ends the process; if it cannot, this does.
  std::this_thread::sleep_for(std::chrono::seconds(5));
  _exit(exitCode(status));
}

// ---- the thread -----------------------------------------------------------

void RingCollective::work(TransportFactory factory) {
  Status status;
  StatusOr<std::unique_ptr<Transport>> transport = factory();
  if (transport.ok()) {
    rank_ = (*transport)->rank();
    size_ = (*transport)->size();
    wire_ = std::make_unique<Wire>(*std::move(transport), watch_,
                                   options_.limitSeconds);
    wire_->setEndWatch(options_.endAsked,
                       [this](const std::string &line) { say(line); });
    status = introduce();
  } else {
    status = transport.status();
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    failure_ = status;
    opened_ = true;
  }
  changed_.notify_all();
  if (wire_) {
    serve();
  }
  std::lock_guard<std::mutex> lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

Status RingCollective::introduce() {
  auto hello = std::make_shared<Operation>();
  hello->values.resize(static_cast<size_t>(size_));
  hello->lengths.resize(static_cast<size_t>(size_));
  hello->values[static_cast<size_t>(rank_)] = PeerWatch::identity();
  kept_.push_back(hello);
  wire_->enter("the start of the run");
  Status met = exchangeValues(*wire_, &hello->values, &hello->lengths, false);
  wire_->leave();
  if (!met.ok()) { // nobody has said yet which process it is
    return Status(met.code(), met.message() + describeStopped());
  }
  wire_->setIdentities(hello->values);
  return Status();
}

void RingCollective::serve() {
  while (true) {
    OperationRef next;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      wire_->setFlags(flags_);
      if (abort_ || !failure_.ok()) {
        break;
      }
      if (!queue_.empty()) {
        next = queue_.front();
        queue_.pop_front();
      } else if (finishing_) {
        break;
      }
    }
    if (next) {
      perform(next);
      continue;
    }
    if (Status status = wire_->pump(); !status.ok()) {
      fail(status);
      break;
    }
    wire_->idle();
  }
  bool orderly;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    orderly = failure_.ok() && !abort_;
  }
  if (!orderly) {
    afterFailure();
    return;
  }
  if (Status status = wire_->transport().finish(); !status.ok()) {
    fail(status);
  }
}

void RingCollective::perform(const OperationRef &operation) {
  wire_->enter(operation->what);
  operation->when.beginNs = nowNs();
  Status status;
  try {
    status = operation->body(*wire_);
  } catch (const std::bad_alloc &) {
    status =
        resourceExhausted("out of memory during '" + operation->what + "'");
  }
  wire_->leave();
  operation->when.endNs = nowNs();
  if (!status.ok()) {
    kept_.push_back(operation);
    fail(status);
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    operation->status = status;
    operation->done = true;
  }
  changed_.notify_all();
}

/// Every call from now on has this error.
void RingCollective::fail(const Status &status) {
  say("rank " + std::to_string(rank_) + ": " + status.message());
  {
    std::lock_guard<std::mutex> lock(mutex_);
    failure_ = status;
    for (const OperationRef &operation : queue_) {
      operation->status = status;
      operation->done = true;
    }
    kept_.insert(kept_.end(), queue_.begin(), queue_.end());
    queue_.clear();
  }
  changed_.notify_all();
}

/// Tells the others, then waits for the program to leave; it may be in the
/// midst of a step, so it gets a while, but not for ever.
void RingCollective::afterFailure() {
  std::unique_lock<std::mutex> lock(mutex_);
  bool failed = !failure_.ok();
  auto [code, text] =
      failed ? std::pair(exitCode(failure_), failure_.message()) : *abort_;
  lock.unlock();
  // A rank that gave up has told all ranks itself, and the exit code is its.
  int heard = wire_->heardAbort();
  if (heard == 0) {
    wire_->tellAbort(code, text);
  }
  lock.lock();
  if (failed) {
    auto grace = std::chrono::duration<double>(
        std::clamp(options_.limitSeconds / 4, 1.0, 30.0));
    // Not watch_.sleep(): a dead process would end it at once, again and again.
    changed_.wait_for(lock, grace, [this] { return abort_ || finishing_; });
  }
  if (finishing_ && !abort_) { // the object is given up, not the process
    wire_->transport().cancelAll();
    return;
  }
  lock.unlock();
  if (heard != 0) { // as a rule the launcher comes first
    std::this_thread::sleep_for(std::chrono::seconds(2));
  }
  wire_->transport().abort(heard != 0 ? heard : code);
}

} // namespace

Status Collective::broadcast(std::string *text, const std::string &what) {
  uint64_t length = text->size();
  BERTC_RETURN_IF_ERROR(broadcast(&length, sizeof(length), what));
  text->resize(length);
  return broadcast(text->data(), length, what);
}

StatusOr<std::unique_ptr<Collective>> openRing(TransportFactory factory,
                                               CollectiveOptions options) {
  auto ring = std::make_unique<RingCollective>(std::move(options));
  Status status = ring->open(std::move(factory));
  if (!status.ok() && ring->isStuck()) {
    // Its thread still uses it, so it lives as long as the process.
    static auto *stuck = new std::vector<RingCollective *>();
    stuck->push_back(ring.release());
  }
  BERTC_RETURN_IF_ERROR(status);
  return std::unique_ptr<Collective>(std::move(ring));
}

} // namespace bertc::rt
