// SPDX-License-Identifier: Apache-2.0
#include "run/BucketExchange.h"

#include "run/Trace.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace bertc {

namespace {

/// Adds the time until it ends.
class Stopwatch {
public:
  explicit Stopwatch(double &seconds)
      : seconds_(seconds), begin_(monotonicNs()) {}
  ~Stopwatch() {
    seconds_ += static_cast<double>(monotonicNs() - begin_) * 1e-9;
  }
  Stopwatch(const Stopwatch &) = delete;
  Stopwatch &operator=(const Stopwatch &) = delete;

private:
  double &seconds_;
  int64_t begin_;
};

} // namespace

void BucketExchange::beginUpdate(int64_t number) {
  update_ = number;
  early_ = number >= retryAt_;
}

Status BucketExchange::start(uint32_t bucket, float *data, int64_t elements) {
  rt::Collective::Ticket ticket = collective_.startAllReduceSum(
      data, elements, wire_,
      fmt::format("gradients of update {}, bucket {}", update_, bucket));
  sent_.push_back(
      {ticket, bucket, static_cast<uint64_t>(elements) * sizeof(float)});
  return Status();
}

StatusOr<bool> BucketExchange::mustRepeat(bool clips) {
  Stopwatch watch(waitedSeconds_);
  BERTC_ASSIGN_OR_RETURN(
      std::vector<std::string> all,
      collective_.allGather(
          clips ? "1" : "0",
          fmt::format("clipping of the gradients of update {}", update_)));
  bool some = false;
  for (const std::string &each : all) {
    some = some || each == "1";
  }
  bool repeat = some || !early_;
  if (some && early_) {
    ++repeats_;
    pause_ = std::clamp<int64_t>(2 * pause_, 1, 128);
    retryAt_ = update_ + 1 + pause_;
    early_ = false;
  } else if (!some) {
    pause_ = 0;
  }
  return repeat;
}

Status BucketExchange::finish() {
  Stopwatch watch(waitedSeconds_);
  Status status;
  for (const Sent &sent : sent_) {
    rt::Interval when;
    Status done = collective_.wait(sent.ticket, &when);
    if (status.ok()) {
      status = done;
    }
    spans_.push_back({sent.bucket, sent.bytes, when.beginNs, when.endNs});
  }
  sent_.clear();
  return status;
}

std::vector<rt::ExchangeSpan> BucketExchange::takeSpans() {
  return std::exchange(spans_, {});
}

} // namespace bertc
