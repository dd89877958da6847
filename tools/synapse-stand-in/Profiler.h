// SPDX-License-Identifier: Apache-2.0
//
// What synProfilerStart .. synProfilerStop collects: calls on the host, and
// nodes and copies on the device, as events in the form of synTraceEvent.
#pragma once

#include "runtime/synapse/Abi.h"

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace bertc::standin {

/// The rows of a trace.
enum class Engine : uint32_t { Host = 1, Mme = 2, Tpc = 3, Dma = 4 };

struct TraceRecord {
  std::string name;
  Engine engine;
  uint64_t startNs, endNs;
};

class Profiler {
public:
  void start(rt::syn::synTraceType type);
  void stop(rt::syn::synTraceType type);
  void clear();
  /// Times are of nowNs().
  void hostCall(const std::string &name, uint64_t startNs, uint64_t endNs);
  void deviceWork(const std::string &name, Engine engine, uint64_t startNs,
                  uint64_t endNs);

  /// Bytes that write() needs, and how many events it makes.
  void measure(rt::syn::synTraceType type, size_t *bytes,
               size_t *entries) const;
  /// Fills a buffer of at least measure() bytes: events first, then the
  /// strings that they point to. False when `bytes` does not suffice.
  bool write(rt::syn::synTraceType type, void *buffer, size_t bytes,
             size_t *entries) const;
  /// Writes the trace-event JSON file; false when that fails.
  bool writeFile(rt::syn::synTraceType type, const char *path) const;

private:
  std::vector<TraceRecord> select(rt::syn::synTraceType type) const;

  mutable std::mutex mutex_;
  bool host_ = false, device_ = false;
  std::vector<TraceRecord> records_;
};

} // namespace bertc::standin
