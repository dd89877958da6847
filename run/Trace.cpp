// SPDX-License-Identifier: Apache-2.0
#include "run/Trace.h"

#include "io/Files.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>

namespace bertc {

using nlohmann::ordered_json;

int64_t monotonicNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Trace::Span::Span(Trace *trace, std::string name)
    : trace_(trace), name_(std::move(name)), beginNs_(monotonicNs()) {}

Trace::Span::~Span() {
  if (trace_) {
    Event event;
    event.name = std::move(name_);
    event.category = "entry";
    event.beginNs = beginNs_;
    event.endNs = monotonicNs();
    trace_->events_.push_back(std::move(event));
  }
}

rt::ProfileHook Trace::hook() {
  return [this](const rt::StepEvent &event) { addStep(event); };
}

void Trace::addStep(const rt::StepEvent &step) {
  Event event;
  bool named = step.scope && *step.scope;
  event.name = named ? step.scope : step.kind;
  event.category = step.kind;
  event.implementation = step.implementation ? step.implementation : "";
  event.beginNs = step.beginNs;
  event.endNs = step.endNs;
  event.flops = step.flops;
  event.bytes = step.bytes;
  event.track = trackOf(step.track);
  events_.push_back(std::move(event));
}

size_t Trace::trackOf(const char *name) {
  if (name == nullptr) {
    return 0;
  }
  auto found = std::find(tracks_.begin(), tracks_.end(), name);
  if (found == tracks_.end()) {
    found = tracks_.insert(found, name);
  }
  return static_cast<size_t>(found - tracks_.begin());
}

std::string Trace::json() const {
  int64_t start = std::numeric_limits<int64_t>::max();
  for (const Event &event : events_) {
    start = std::min(start, event.beginNs);
  }
  auto micros = [](int64_t ns) { return static_cast<double>(ns) / 1000.0; };
  ordered_json list = ordered_json::array();
  for (size_t track = 0; track < tracks_.size(); ++track) {
    list.push_back({{"name", "thread_name"},
                    {"ph", "M"},
                    {"pid", 0},
                    {"tid", track},
                    {"args", {{"name", tracks_[track]}}}});
  }
  for (const Event &event : events_) {
    ordered_json arguments = ordered_json::object();
    if (event.category != "entry") {
      arguments["kind"] = event.category;
      arguments["flops"] = event.flops;
      arguments["bytes"] = event.bytes;
    }
    if (!event.implementation.empty()) {
      arguments["implementation"] = event.implementation;
    }
    list.push_back({{"name", event.name},
                    {"cat", event.category},
                    {"ph", "X"},
                    {"ts", micros(event.beginNs - start)},
                    {"dur", micros(event.endNs - event.beginNs)},
                    {"pid", 0},
                    {"tid", event.track},
                    {"args", arguments}});
  }
  ordered_json document = {{"traceEvents", list}, {"displayTimeUnit", "ms"}};
  return document.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

Status Trace::write(const std::string &path) const {
  return writeFileAtomically(path, json());
}

} // namespace bertc
