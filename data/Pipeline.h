// SPDX-License-Identifier: Apache-2.0
//
// Work on a stream in parallel with results in order: one thread at a time
// takes the next item, any number of threads work on items, and results are
// consumed strictly in the order the items were taken, one at a time. So the
// outcome never depends on the number of threads, and no more than a few items
// a thread are in memory.
#pragma once

#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <vector>

#include "bertc/status.h"

namespace bertc {

/// Runs the stream to its end or first error.
///
///   take:    () -> StatusOr<std::optional<Item>>; nothing ends the stream
///   work:    (int worker, Item) -> StatusOr<Result>; worker in [0, jobs)
///   consume: (Result) -> Status
///
/// take and consume are each called by one thread at a time, but possibly both
/// at once; work runs freely.
template <typename Item, typename Result> class Pipeline {
public:
  template <typename Take, typename Work, typename Consume>
  static Status run(int jobs, Take take, Work work, Consume consume) {
    Pipeline pipeline(jobs);
    auto body = [&](int worker) {
      try {
        pipeline.runWorker(worker, take, work, consume);
      } catch (const std::bad_alloc &) {
        pipeline.fail(resourceExhausted("out of memory"));
      } catch (const std::exception &error) {
        pipeline.fail(internalError(error.what()));
      }
    };
    std::vector<std::thread> threads;
    for (int worker = 1; worker < jobs; ++worker) {
      threads.emplace_back(body, worker);
    }
    body(0);
    for (std::thread &thread : threads) {
      thread.join();
    }
    return pipeline.status_;
  }

private:
  explicit Pipeline(int jobs) : window_(static_cast<size_t>(jobs) * 3) {}

  template <typename Take, typename Work, typename Consume>
  void runWorker(int worker, Take &take, Work &work, Consume &consume) {
    for (;;) {
      size_t ticket = 0;
      std::optional<Item> item;
      if (!takeNext(take, &ticket, &item)) {
        return;
      }
      StatusOr<Result> result = work(worker, std::move(*item));
      if (!result.ok()) {
        fail(result.status());
        return;
      }
      if (!deliver(ticket, *std::move(result), consume)) {
        return;
      }
    }
  }

  template <typename Take>
  bool takeNext(Take &take, size_t *ticket, std::optional<Item> *item) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] {
      return ended_ || (!taking_ && taken_ < consumed_ + window_);
    });
    if (ended_) {
      return false;
    }
    taking_ = true;
    lock.unlock();
    StatusOr<std::optional<Item>> next = take();
    lock.lock();
    taking_ = false;
    if (!next.ok()) {
      setStatus(next.status());
    } else if (!*next) {
      ended_ = true;
    } else {
      *ticket = taken_++;
      *item = std::move(**next);
    }
    changed_.notify_all();
    return item->has_value();
  }

  /// Hands in a result; whoever brings the one that is due consumes it and all
  /// that wait behind it.
  template <typename Consume>
  bool deliver(size_t ticket, Result result, Consume &consume) {
    std::unique_lock<std::mutex> lock(mutex_);
    waiting_.emplace(ticket, std::move(result));
    if (consuming_) {
      return status_.ok();
    }
    consuming_ = true;
    while (status_.ok() && !waiting_.empty() &&
           waiting_.begin()->first == consumed_) {
      Result due = std::move(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      lock.unlock();
      Status status = consume(std::move(due));
      lock.lock();
      ++consumed_;
      if (!status.ok()) {
        setStatus(status);
      }
      changed_.notify_all();
    }
    consuming_ = false;
    return status_.ok();
  }

  void fail(const Status &status) {
    std::lock_guard<std::mutex> lock(mutex_);
    setStatus(status);
    changed_.notify_all();
  }

  void setStatus(const Status &status) {
    if (status_.ok()) {
      status_ = status;
    }
    ended_ = true;
  }

  const size_t window_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t taken_ = 0;
  size_t consumed_ = 0;
  bool taking_ = false;
  bool consuming_ = false;
  bool ended_ = false;
  std::map<size_t, Result> waiting_;
  Status status_;
};

} // namespace bertc
