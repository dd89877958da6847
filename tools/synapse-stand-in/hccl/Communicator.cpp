// SPDX-License-Identifier: Apache-2.0
#include "tools/synapse-stand-in/hccl/Communicator.h"
#include "tools/synapse-stand-in/Streams.h"

#include <chrono>
#include <thread>

namespace bertc::standin {

using namespace rt::syn;

namespace {
/// The hub's own timeout comes first, with a better reason.
constexpr uint64_t patienceMs = 10000;
constexpr uint64_t lingerMs = 5000;
} // namespace

hcclResult_t Communicator::join(const std::string &hub, std::string *why) {
  uint64_t end = nowNs() + hcclTimeoutMs() * 1000000;
  hub_ = hubOf(hub);
  socket_ = Socket::connectTo(hub);
  while (!socket_.valid() && nowNs() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    socket_ = Socket::connectTo(hub);
  }
  Hello hello;
  hello.ranks = ranks_;
  hello.rank = rank_;
  socket_.setTimeout(hcclTimeoutMs() + patienceMs);
  if (!socket_.valid() || !socket_.write(&hello, sizeof(hello))) {
    *why = "the process that made the unique id cannot be reached";
    return hcclSocketError;
  }
  return readReply(nullptr, 0, why);
}

hcclResult_t Communicator::readReply(void *result, uint64_t resultBytes,
                                     std::string *why) {
  Reply reply;
  bool whole = socket_.read(&reply, sizeof(reply));
  if (whole) {
    why->resize(reply.textBytes);
    whole = socket_.read(why->data(), why->size());
  }
  if (whole && reply.result != hcclSuccess) {
    return reply.result;
  }
  if (whole && reply.bytes != resultBytes) {
    *why = "the answer has another size";
    return hcclInternalError;
  }
  if (!whole || !socket_.read(result, resultBytes)) {
    *why = "the process that made the unique id is gone";
    return hcclSocketError;
  }
  return hcclSuccess;
}

uint64_t Communicator::takeTurn() {
  std::lock_guard<std::mutex> lock(mutex_);
  return taken_++;
}

void Communicator::waitFor(std::unique_lock<std::mutex> &lock, uint64_t turn) {
  change_.wait(lock, [&] { return passed_ == turn; });
}

void Communicator::skip(uint64_t turn) {
  std::unique_lock<std::mutex> lock(mutex_);
  waitFor(lock, turn);
  passed_++;
  change_.notify_all();
}

hcclResult_t Communicator::perform(uint64_t turn, const Request &request,
                                   const void *payload, void *result,
                                   uint64_t resultBytes, std::string *why) {
  std::unique_lock<std::mutex> lock(mutex_);
  waitFor(lock, turn);
  bool aborted = aborted_;
  lock.unlock();
  hcclResult_t outcome = hcclInvalidUsage;
  *why = "the communicator was aborted";
  if (!aborted) {
    outcome = exchange(request, payload, result, resultBytes, why);
  }
  lock.lock();
  if (error_ == hcclSuccess) {
    error_ = outcome;
  }
  passed_++;
  change_.notify_all();
  return outcome;
}

hcclResult_t Communicator::exchange(const Request &request, const void *payload,
                                    void *result, uint64_t resultBytes,
                                    std::string *why) {
  if (!socket_.write(&request, sizeof(request)) ||
      !socket_.write(payload, request.bytes)) {
    *why = "the process that made the unique id is gone";
    return hcclSocketError;
  }
  return readReply(result, resultBytes, why);
}

hcclResult_t Communicator::asyncError() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return error_;
}

void Communicator::linger() const {
  uint64_t end = nowNs() + lingerMs * 1000000;
  while (hub_ && hub_->undelivered > 0 && nowNs() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void Communicator::abort() {
  std::lock_guard<std::mutex> lock(mutex_);
  aborted_ = true;
  socket_.shut();
}

} // namespace bertc::standin
