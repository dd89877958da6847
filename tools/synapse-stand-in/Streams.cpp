// SPDX-License-Identifier: Apache-2.0
#include "tools/synapse-stand-in/Streams.h"

#include <algorithm>
#include <chrono>
#include <exception>

namespace bertc::standin {

using namespace rt::syn;

uint64_t nowNs() {
  return uint64_t(std::chrono::duration_cast<std::chrono::nanoseconds>(
                      std::chrono::steady_clock::now().time_since_epoch())
                      .count());
}

void Mark::close(const Outcome &outcome) {
  std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  time_ = nowNs();
  outcome_ = outcome;
  change_.notify_all();
}

bool Mark::closed() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return closed_;
}

Outcome Mark::wait() const {
  std::unique_lock<std::mutex> lock(mutex_);
  change_.wait(lock, [this] { return closed_; });
  return outcome_;
}

uint64_t Mark::time() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return time_;
}

Stream::Stream(std::shared_ptr<StreamControl> control)
    : control_(std::move(control)), thread_([this] { loop(); }) {}

Stream::~Stream() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
    change_.notify_all();
  }
  thread_.join();
}

void Stream::enqueue(std::function<Outcome()> work, bool always) {
  std::lock_guard<std::mutex> lock(mutex_);
  queue_.push_back({std::move(work), always});
  change_.notify_all();
}

std::shared_ptr<Mark> Stream::mark() {
  auto mark = std::make_shared<Mark>();
  enqueue(
      [this, mark] {
        mark->close(failure());
        return fine();
      },
      true);
  return mark;
}

void Stream::waitFor(std::shared_ptr<Mark> mark) {
  enqueue([mark] { return mark->wait(); });
}

bool Stream::busy() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return running_ || !queue_.empty();
}

Outcome Stream::synchronize() {
  std::unique_lock<std::mutex> lock(mutex_);
  change_.wait(lock, [this] { return !running_ && queue_.empty(); });
  return failure_;
}

Outcome Stream::failure() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return failure_;
}

// In slices, so that a stream that hangs by order of a test ends when asked to.
void Stream::pauseIfSlow(std::unique_lock<std::mutex> &lock) {
  uint64_t end = nowNs() + control_->slowMs * 1000000;
  while (!ending_ && !control_->hurry && nowNs() < end) {
    change_.wait_for(lock, std::chrono::milliseconds(
                               std::min<uint64_t>(control_->slowMs, 5)));
  }
}

void Stream::loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    change_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    if (queue_.empty()) {
      return;
    }
    running_ = true;
    Work work = std::move(queue_.front());
    queue_.pop_front();
    pauseIfSlow(lock);
    if (control_->reset && failure_.ok()) {
      failure_ = refuse(synDeviceReset, "the device was reset");
    }
    bool skip = !failure_.ok() && !work.always;
    lock.unlock();
    Outcome outcome;
    try {
      if (!skip) {
        outcome = work.run();
      }
    } catch (const std::exception &error) {
      outcome = refuse(synFail, error.what());
    }
    work.run = nullptr;
    lock.lock();
    if (failure_.ok() && !outcome.ok()) {
      failure_ = outcome;
    }
    running_ = false;
    change_.notify_all();
  }
}

} // namespace bertc::standin
