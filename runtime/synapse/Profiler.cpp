// SPDX-License-Identifier: Apache-2.0

#include "runtime/synapse/Profiler.h"

#include <chrono>
#include <vector>

namespace bertc::rt::syn {
namespace {

// Unconfirmed: that timestamps and durations are microseconds, the unit of the
// trace event format the library writes, of the clock that
// synProfilerGetCurrentTimeNS reads.
constexpr long double kNsPerTick = 1000;

int64_t monotonicNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

} // namespace

Status Profiler::start() {
  const Library &library = device_->library();
  uint64_t now = 0;
  BERTC_SYN(library, synProfilerGetCurrentTimeNS, &now);
  clockOffset_ = monotonicNs() - static_cast<int64_t>(now);
  BERTC_SYN(library, synProfilerStart, synTraceDevice, device_->id());
  running_ = true;
  return Status();
}

Status Profiler::stop(const ProfileHook &hook) {
  if (!running_) {
    return Status();
  }
  running_ = false;
  BERTC_SYN(device_->library(), synProfilerStop, synTraceDevice, device_->id());
  return hook ? report(hook) : Status();
}

Status Profiler::report(const ProfileHook &hook) const {
  const Library &library = device_->library();
  size_t bytes = 0, count = 0;
  BERTC_SYN(library, synProfilerGetTrace, synTraceDevice, device_->id(),
            synTraceFormatTEF, nullptr, &bytes, &count);
  if (bytes == 0 || count == 0) {
    return Status();
  }
  // The names that the events point to may lie in the buffer, behind them.
  size_t rounded = bytes / sizeof(synTraceEvent) + 1;
  std::vector<synTraceEvent> events(rounded);
  BERTC_SYN(library, synProfilerGetTrace, synTraceDevice, device_->id(),
            synTraceFormatTEF, events.data(), &bytes, &count);
  for (size_t i = 0; i < count && i < events.size(); ++i) {
    const synTraceEvent &event = events[i];
    if (event.type != 'X') {
      continue;
    }
    std::string track = event.category == nullptr ? "device" : event.category;
    track += " " + std::to_string(event.engineIndex);
    auto begin = static_cast<int64_t>(event.timestamp * kNsPerTick);
    auto length = static_cast<int64_t>(event.duration * kNsPerTick);
    StepEvent step = {};
    step.entry = "";
    step.scope = event.name == nullptr ? "" : event.name;
    step.kind = event.category == nullptr ? "device" : event.category;
    step.implementation = "";
    step.beginNs = begin + clockOffset_;
    step.endNs = step.beginNs + length;
    step.track = track.c_str();
    hook(step);
  }
  return Status();
}

} // namespace bertc::rt::syn
