// SPDX-License-Identifier: Apache-2.0
#include "tools/synapse-stand-in/Library.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

namespace bertc::standin {

using namespace rt::syn;

namespace {

/// At exit the report is written once more: what is alive then was leaked.
/// Threads of streams that still run are left to end with the process.
void reportAtExit() {
  Library &library = Library::get();
  std::lock_guard<std::mutex> lock(library.mutex);
  if (library.initialized) {
    writeReport(library);
  }
}

std::string environment(const char *name, const char *otherwise) {
  const char *value = std::getenv(name);
  return value ? value : otherwise;
}

void remember(Library &library, const char *name, const Outcome &outcome) {
  if (outcome.ok() || outcome.status == synBusy) {
    return;
  }
  library.counts[name].failed++;
  library.lastError = outcome.status;
  library.lastMessage = std::string(name) + ": " + outcome.why;
  if (std::getenv("SYNAPSE_STAND_IN_LOG")) {
    std::fprintf(stderr, "synapse-stand-in: %s (status %u)\n",
                 library.lastMessage.c_str(), unsigned(outcome.status));
  }
}

/// What forbids the call before its body runs.
Outcome admit(Library &library, const char *name, Need need) {
  uint64_t number = ++library.counts[name].calls;
  if (auto status = library.faults.failureOf(name, number)) {
    return refuse(synStatus(*status),
                  "fault ordered for call " + std::to_string(number));
  }
  if (need != Need::Nothing && !library.initialized) {
    return refuse(synUninitialized, "call synInitialize first");
  }
  if (need == Need::LiveDevice && library.device &&
      library.device->control->reset) {
    return refuse(synDeviceReset, "the device was reset");
  }
  return fine();
}

Outcome runBody(Library &library,
                const std::function<Outcome(Library &)> &body) {
  try {
    return body(library);
  } catch (const std::bad_alloc &) {
    return refuse(synOutOfHostMemory, "out of memory");
  } catch (const std::exception &error) {
    return refuse(synFail, error.what());
  }
}

/// A release on a device that has reset does its work and tells of the reset.
Outcome afterRelease(Library &library, Need need, Outcome outcome) {
  if (need == Need::Release && outcome.ok() && library.device &&
      library.device->control->reset) {
    return refuse(synDeviceReset, "the device was reset");
  }
  return outcome;
}

} // namespace

Library &Library::get() {
  // Never destroyed: threads of streams may outlive main.
  static Library *library = [] {
    auto *made = new Library;
    std::atexit(reportAtExit);
    return made;
  }();
  return *library;
}

std::string Library::configure() {
  std::string problem;
  faults = parseFaults(environment("SYNAPSE_STAND_IN_FAULT", ""), &problem);
  modules = parseDevices(
      environment("SYNAPSE_STAND_IN_DEVICES", "gaudi2:8,gaudi:8"), &problem);
  return problem;
}

std::shared_ptr<Device> Library::find(synDeviceId id) const {
  return id == 0 ? device : nullptr;
}

synStatus call(const char *name, Need need,
               const std::function<Outcome(Library &)> &body) {
  Library &library = Library::get();
  std::lock_guard<std::mutex> lock(library.mutex);
  uint64_t start = nowNs();
  Outcome outcome = admit(library, name, need);
  if (outcome.ok()) {
    outcome = afterRelease(library, need, runBody(library, body));
  }
  remember(library, name, outcome);
  library.profiler.hostCall(name, start, nowNs());
  return outcome.status;
}

synStatus callUnlocked(const char *name, Need need,
                       const std::function<Outcome(Library &)> &body) {
  Library &library = Library::get();
  uint64_t start = nowNs();
  std::unique_lock<std::mutex> lock(library.mutex);
  Outcome outcome = admit(library, name, need);
  if (outcome.ok()) {
    lock.unlock();
    outcome = runBody(library, body);
    lock.lock();
    outcome = afterRelease(library, need, std::move(outcome));
  }
  remember(library, name, outcome);
  library.profiler.hostCall(name, start, nowNs());
  return outcome.status;
}

std::optional<int32_t> countCall(const char *name) {
  Library &library = Library::get();
  std::lock_guard<std::mutex> lock(library.mutex);
  uint64_t number = ++library.counts[name].calls;
  return library.faults.failureOf(name, number);
}

void countFailure(const char *name, const std::string &why) {
  Library &library = Library::get();
  std::lock_guard<std::mutex> lock(library.mutex);
  remember(library, name, refuse(synFailHccl, why));
}

Outcome noSuch(const char *kind) {
  return refuse(synInvalidArgument,
                std::string("the handle is of no live ") + kind);
}

Outcome nullArgument(const char *what) {
  return refuse(synInvalidArgument, std::string(what) + " is null");
}

} // namespace bertc::standin
