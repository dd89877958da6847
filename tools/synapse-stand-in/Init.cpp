// SPDX-License-Identifier: Apache-2.0
//
// synInitialize, synDestroy, settings of the library, texts of statuses.
#include "tools/synapse-stand-in/DeviceRelease.h"
#include "tools/synapse-stand-in/StatusText.h"

#include <cstdio>
#include <cstdlib>

using namespace bertc::standin;

namespace bertc::rt::syn {

extern "C" synStatus synInitialize() {
  {
    Library &library = Library::get();
    std::lock_guard<std::mutex> lock(library.mutex);
    if (!library.initialized) {
      library.counts.clear();
      library.launches = library.peakBytes = 0;
      library.leaked.clear();
      library.lastMessage = library.configure();
    }
  }
  return call("synInitialize", Need::Nothing, [](Library &library) {
    if (!library.initialized && !library.lastMessage.empty()) {
      return refuse(synFail, library.lastMessage);
    }
    library.initialized = true;
    return fine();
  });
}

extern "C" synStatus synDestroy() {
  return callUnlocked("synDestroy", Need::Library, [](Library &library) {
    {
      std::lock_guard<std::mutex> lock(library.mutex);
      writeReport(library);
    }
    releaseDevice(library);
    std::lock_guard<std::mutex> lock(library.mutex);
    library.graphs.takeAll();
    library.sections.takeAll();
    library.tensors.takeAll();
    library.recipes.takeAll();
    library.settings.clear();
    library.profiler.clear();
    library.initialized = false;
    return fine();
  });
}

extern "C" synStatus synDriverGetVersion(char *version, int length) {
  return call("synDriverGetVersion", Need::Library, [&](Library &) {
    if (!version || length <= 0) {
      return nullArgument("the version");
    }
    const char *given = std::getenv("SYNAPSE_STAND_IN_VERSION");
    if (!copyText(given ? given : "1.21.0-stand-in", version,
                  uint64_t(length))) {
      return refuse(synInvalidArgument, "the buffer is too short");
    }
    return fine();
  });
}

extern "C" synStatus synConfigurationSet(const char *name, const char *value) {
  return call("synConfigurationSet", Need::Library, [&](Library &library) {
    if (!name || !value) {
      return nullArgument("the name or the value");
    }
    library.settings[name] = value;
    return fine();
  });
}

extern "C" synStatus synConfigurationGet(const char *name, char *value,
                                         uint64_t size) {
  return call("synConfigurationGet", Need::Library, [&](Library &library) {
    if (!name || !value) {
      return nullArgument("the name or the value");
    }
    auto found = library.settings.find(name);
    if (found == library.settings.end()) {
      return refuse(synInvalidArgument, std::string("nobody has set ") + name);
    }
    if (!copyText(found->second, value, size)) {
      return refuse(synInvalidArgument, "the buffer is too short");
    }
    return fine();
  });
}

extern "C" synStatus synStatusGetBriefDescription(synStatus status, char *text,
                                                  size_t length) {
  return call("synStatusGetBriefDescription", Need::Nothing, [&](Library &) {
    if (!text || length == 0) {
      return nullArgument("the text");
    }
    std::snprintf(text, length, "%s", statusText(status));
    return fine();
  });
}

extern "C" synStatus synGetLastError() {
  Library &library = Library::get();
  std::lock_guard<std::mutex> lock(library.mutex);
  return std::exchange(library.lastError, synSuccess);
}

extern "C" const char *synGetErrorString(synStatus status) {
  return statusText(status);
}

extern "C" const char *synGetLastErrorMessage() {
  // The caller's copy: another thread may fail meanwhile.
  thread_local std::string copy;
  Library &library = Library::get();
  std::lock_guard<std::mutex> lock(library.mutex);
  copy = library.lastMessage;
  return copy.c_str();
}

} // namespace bertc::rt::syn
