// SPDX-License-Identifier: Apache-2.0
//
// SynapseAI's profiler: what the units of the device did while a profile hook
// was set, as events for that hook.
#pragma once

#include "bertc/runtime.h"
#include "runtime/synapse/Device.h"

namespace bertc::rt::syn {

class Profiler {
public:
  explicit Profiler(DevicePtr device) : device_(std::move(device)) {}
  ~Profiler() { (void)stop({}); }
  Profiler(const Profiler &) = delete;
  Profiler &operator=(const Profiler &) = delete;

  Status start();
  /// Ends it and hands every event to `hook` (which may be empty), with the
  /// unit as its track. Nothing when it was not started.
  Status stop(const ProfileHook &hook);

private:
  Status report(const ProfileHook &hook) const;

  DevicePtr device_;
  bool running_ = false;
  /// Monotonic clock minus the profiler's, nanoseconds.
  int64_t clockOffset_ = 0;
};

} // namespace bertc::rt::syn
