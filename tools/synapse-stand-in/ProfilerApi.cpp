// SPDX-License-Identifier: Apache-2.0
//
// The C functions of the profiler.
#include "tools/synapse-stand-in/Library.h"

using namespace bertc::standin;

namespace bertc::standin {

using namespace rt::syn;

namespace {

/// Where a trace goes when the caller gives no buffer.
constexpr const char *traceFile = "synapse-stand-in-trace.json";

/// What the user's buffer must have; events are collected elsewhere.
constexpr uint32_t bufferBytes = 1u << 20;

bool validType(synTraceType type) {
  return type >= synTraceAll && type <= synTraceDevice;
}

template <class Body>
synStatus profile(const char *name, synTraceType type, synDeviceId id,
                  Body &&body) {
  return call(name, Need::Library, [&](Library &library) {
    if (!validType(type)) {
      return refuse(synInvalidArgument,
                    "trace type " + std::to_string(unsigned(type)));
    }
    if (!library.find(id)) {
      return noSuch("device");
    }
    return body(library.profiler);
  });
}

Outcome getTrace(const Profiler &profiler, synTraceType type, void *buffer,
                 size_t *size, size_t *entries) {
  size_t ignored = 0;
  size_t *count = entries ? entries : &ignored;
  if (!buffer && !size) {
    return profiler.writeFile(type, traceFile)
               ? fine()
               : refuse(synFail, std::string("cannot write ") + traceFile);
  }
  if (!size) {
    return nullArgument("the size");
  }
  if (!buffer) {
    profiler.measure(type, size, count);
    return fine();
  }
  return profiler.write(type, buffer, *size, count)
             ? fine()
             : refuse(synInvalidArgument, "the buffer is too small");
}

} // namespace
} // namespace bertc::standin

namespace bertc::rt::syn {

extern "C" synStatus synProfilerQueryRequiredMemory(synDeviceId id,
                                                    uint32_t *bytes) {
  return profile("synProfilerQueryRequiredMemory", synTraceAll, id,
                 [&](Profiler &) {
                   if (!bytes) {
                     return nullArgument("the size");
                   }
                   *bytes = bufferBytes;
                   return fine();
                 });
}

extern "C" synStatus synProfilerSetUserBuffer(synDeviceId id, void *) {
  return profile("synProfilerSetUserBuffer", synTraceAll, id,
                 [&](Profiler &) { return fine(); });
}

extern "C" synStatus synProfilerStart(synTraceType type, synDeviceId id) {
  return profile("synProfilerStart", type, id, [&](Profiler &profiler) {
    profiler.start(type);
    return fine();
  });
}

extern "C" synStatus synProfilerStop(synTraceType type, synDeviceId id) {
  return profile("synProfilerStop", type, id, [&](Profiler &profiler) {
    profiler.stop(type);
    return fine();
  });
}

extern "C" synStatus synProfilerGetTrace(synTraceType type, synDeviceId id,
                                         synTraceFormat format, void *buffer,
                                         size_t *size, size_t *entries) {
  return profile("synProfilerGetTrace", type, id, [&](Profiler &profiler) {
    if (format != synTraceFormatTEF) {
      return refuse(synInvalidArgument,
                    "trace format " + std::to_string(unsigned(format)));
    }
    return getTrace(profiler, type, buffer, size, entries);
  });
}

extern "C" synStatus synProfilerGetCurrentTimeNS(uint64_t *nanoseconds) {
  return call("synProfilerGetCurrentTimeNS", Need::Library, [&](Library &) {
    if (!nanoseconds) {
      return nullArgument("the time");
    }
    *nanoseconds = nowNs();
    return fine();
  });
}

// `nanoseconds` is when the measured stretch began; it ends now.
extern "C" synStatus synProfilerAddCustomMeasurement(const char *text,
                                                     uint64_t nanoseconds) {
  return call("synProfilerAddCustomMeasurement", Need::Library,
              [&](Library &library) {
                if (!text) {
                  return nullArgument("the text");
                }
                uint64_t now = nowNs();
                library.profiler.hostCall(
                    text, nanoseconds < now ? nanoseconds : now, now);
                return fine();
              });
}

} // namespace bertc::rt::syn
