// SPDX-License-Identifier: Apache-2.0
#include "run/DeviceExchange.h"

#include "run/Trace.h"
#include "runtime/core/PlanFile.h"

#include <fmt/format.h>
#include <utility>

namespace bertc {

bool DeviceExchange::isPlanned(const rt::Plan &plan, const std::string &entry) {
  int index = plan.file().findEntry(entry);
  if (index < 0) {
    return false;
  }
  const auto *buckets = plan.file()
                            .root()
                            .entries()
                            ->Get(static_cast<uint32_t>(index))
                            ->all_reduces();
  return buckets != nullptr && buckets->size() != 0;
}

Status DeviceExchange::start(uint32_t bucket, float *, int64_t elements) {
  const std::vector<uint32_t> &all = plan_.exchange()->buckets[bucket];
  started_.insert(started_.end(), all.begin(), all.end());
  open_.push_back({bucket, static_cast<uint64_t>(elements) * sizeof(float),
                   monotonicNs(), 0});
  return Status();
}

/// Nothing was sent before it was known whether to clip.
StatusOr<bool> DeviceExchange::mustRepeat(bool) { return true; }

Status DeviceExchange::finish() {
  if (started_.empty()) {
    return Status();
  }
  std::vector<uint32_t> started = std::exchange(started_, {});
  std::vector<rt::ExchangeSpan> open = std::exchange(open_, {});
  int64_t begin = monotonicNs();
  Status status = variables_.allReduceSum(
      started, fmt::format("gradients of update {}", update_));
  int64_t end = monotonicNs();
  waitedSeconds_ += static_cast<double>(end - begin) * 1e-9;
  for (rt::ExchangeSpan &span : open) {
    span.endNs = end;
    spans_.push_back(span);
  }
  return status;
}

std::vector<rt::ExchangeSpan> DeviceExchange::takeSpans() {
  return std::exchange(spans_, {});
}

} // namespace bertc
