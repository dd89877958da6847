// SPDX-License-Identifier: Apache-2.0
//
// A timeline of executed steps as Chrome trace JSON, for Perfetto or
// chrome://tracing. Complete ("X") events: an entry encloses the steps that it
// runs on the first track; each unit of a device has a track of its own.
//
//   Trace trace;
//   session.setProfileHook(trace.hook());
//   { Trace::Span span(&trace, "train_step"); session.run(...); }
//   BERTC_RETURN_IF_ERROR(trace.write("trace.json"));
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc {

/// Collects events in memory; not thread-safe, as sessions are not.
class Trace {
public:
  /// An event that lasts as long as the object; does nothing when `trace` is
  /// null.
  class Span {
  public:
    Span(Trace *trace, std::string name);
    ~Span();
    Span(const Span &) = delete;
    Span &operator=(const Span &) = delete;

  private:
    Trace *trace_;
    std::string name_;
    int64_t beginNs_;
  };

  /// A hook that records every step; the trace must outlive its use.
  rt::ProfileHook hook();

  void addStep(const rt::StepEvent &event);
  size_t size() const { return events_.size(); }

  /// The JSON document; times are microseconds since the first event.
  std::string json() const;
  /// Writes json() atomically.
  Status write(const std::string &path) const;

private:
  struct Event {
    std::string name;
    std::string category;
    std::string implementation;
    int64_t beginNs = 0;
    int64_t endNs = 0;
    uint64_t flops = 0;
    uint64_t bytes = 0;
    /// Index into tracks_; 0 for steps and entries.
    size_t track = 0;
  };
  size_t trackOf(const char *name);

  std::vector<Event> events_;
  std::vector<std::string> tracks_ = {"steps"};
};

/// Nanoseconds of the clock that profile events use.
int64_t monotonicNs();

} // namespace bertc
