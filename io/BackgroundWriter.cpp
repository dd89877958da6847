// SPDX-License-Identifier: Apache-2.0
//
// The queue and the thread behind it.
#include "io/BackgroundWriter.h"

#include <csignal>
#include <system_error>

namespace bertc {

BackgroundWriter::~BackgroundWriter() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
    queue_.clear();
    changed_.notify_all();
  }
  if (thread_.joinable()) {
    thread_.join();
  }
}

AlignedBuffer BackgroundWriter::acquire() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!free_.empty()) {
      AlignedBuffer buffer = std::move(free_.back());
      free_.pop_back();
      return buffer;
    }
  }
  return AlignedBuffer(bufferBytes_);
}

void BackgroundWriter::release(AlignedBuffer buffer) {
  std::lock_guard<std::mutex> lock(mutex_);
  // No more than can be under way again; the rest goes back to the system.
  if (free_.size() < pending_ + 2) {
    free_.push_back(std::move(buffer));
  }
}

Status BackgroundWriter::submit(AlignedBuffer buffer, Job job) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (!thread_.joinable()) {
    // Signals are for the threads that know what to do about them.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error &error) {
      status_ = resourceExhausted(std::string("cannot start a thread: ") +
                                  error.what());
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  changed_.wait(lock,
                [this] { return queue_.size() < pending_ || !status_.ok(); });
  if (!status_.ok()) {
    return status_;
  }
  queue_.push_back({std::move(buffer), std::move(job)});
  changed_.notify_all();
  return Status();
}

Status BackgroundWriter::drain() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return queue_.empty() && !busy_; });
  return status_;
}

void BackgroundWriter::run() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stop_ || !queue_.empty(); });
    if (stop_) {
      return;
    }
    runOne(lock);
  }
}

void BackgroundWriter::runOne(std::unique_lock<std::mutex> &lock) {
  Entry entry = std::move(queue_.front());
  queue_.pop_front();
  busy_ = true;
  if (status_.ok()) {
    lock.unlock();
    Status status = entry.job(entry.buffer);
    // What the job holds on to goes before anybody who waits goes on.
    entry.job = nullptr;
    lock.lock();
    if (!status.ok()) {
      status_ = status;
    }
  }
  free_.push_back(std::move(entry.buffer));
  busy_ = false;
  changed_.notify_all();
}

} // namespace bertc
