// SPDX-License-Identifier: Apache-2.0
//
// The state of the loaded library, and the frame that every exported function
// runs in: counting the call, the fault a test ordered for it, the checks that
// the library is initialised and the device alive, the lock, the message of
// the last error.
#pragma once

#include "tools/synapse-stand-in/DeviceMemory.h"
#include "tools/synapse-stand-in/Faults.h"
#include "tools/synapse-stand-in/HostMemory.h"
#include "tools/synapse-stand-in/Objects.h"
#include "tools/synapse-stand-in/Profiler.h"
#include "tools/synapse-stand-in/Report.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace bertc::standin {

/// The live objects of one kind, found by their handle.
template <class Object> class Registry {
public:
  Object *add(std::shared_ptr<Object> object) {
    Object *handle = object.get();
    live_.emplace(handle, std::move(object));
    return handle;
  }
  /// Null for a handle that is null, destroyed or was never given out.
  std::shared_ptr<Object> find(const Object *handle) const {
    auto found = live_.find(const_cast<Object *>(handle));
    return found == live_.end() ? nullptr : found->second;
  }
  std::shared_ptr<Object> take(const Object *handle) {
    std::shared_ptr<Object> object = find(handle);
    live_.erase(const_cast<Object *>(handle));
    return object;
  }
  std::unordered_map<Object *, std::shared_ptr<Object>> takeAll() {
    return std::exchange(live_, {});
  }
  std::vector<std::shared_ptr<Object>> all() const {
    std::vector<std::shared_ptr<Object>> objects;
    for (const auto &[handle, object] : live_) {
      objects.push_back(object);
    }
    return objects;
  }
  uint64_t size() const { return live_.size(); }

private:
  std::unordered_map<Object *, std::shared_ptr<Object>> live_;
};

/// The acquired device; there is at most one in a process.
struct Device {
  rt::syn::synDeviceType type;
  uint32_t module;
  std::shared_ptr<StreamControl> control = std::make_shared<StreamControl>();
  std::shared_ptr<DeviceMemory> memory;
  std::shared_ptr<HostMemory> host = std::make_shared<HostMemory>();
};

class Communicator;

/// How often a function was called and how often it failed.
struct CallCount {
  uint64_t calls = 0, failed = 0;
};

struct Library {
  static Library &get();

  std::mutex mutex;
  bool initialized = false;
  Faults faults;
  std::vector<ModuleGroup> modules;
  std::map<std::string, CallCount> counts;
  std::map<std::string, std::string> settings;
  std::shared_ptr<Device> device;
  Registry<rt::syn::SynGraphObject> graphs;
  Registry<rt::syn::SynSectionObject> sections;
  Registry<rt::syn::SynTensorObject> tensors;
  Registry<rt::syn::SynRecipeObject> recipes;
  Registry<rt::syn::SynStreamObject> streams;
  Registry<rt::syn::SynEventObject> events;
  Registry<Communicator> communicators;
  /// Since synInitialize: launches, most device bytes in use at once, and what
  /// was alive when a device was given back, by kind.
  uint64_t launches = 0;
  uint64_t peakBytes = 0;
  std::map<std::string, uint64_t> leaked;
  Profiler profiler;
  rt::syn::synStatus lastError = rt::syn::synSuccess;
  std::string lastMessage;

  /// Reads the environment; the reason when it is malformed.
  std::string configure();
  /// The acquired device when `id` names it, else null.
  std::shared_ptr<Device> find(rt::syn::synDeviceId id) const;
};

/// What a function needs before its body runs.
enum class Need {
  Nothing,
  /// synInitialize has been called.
  Library,
  /// And the device, if one is acquired, has not reset.
  LiveDevice,
  /// As Library; on a device that has reset, the body still runs, so that
  /// resources can be given back, and the call answers synDeviceReset.
  Release,
};

/// Runs a function's body under the library's lock.
rt::syn::synStatus call(const char *name, Need need,
                        const std::function<Outcome(Library &)> &body);

/// The same without the lock, for bodies that wait; they lock for themselves.
rt::syn::synStatus callUnlocked(const char *name, Need need,
                                const std::function<Outcome(Library &)> &body);

/// For functions of another result type: counts the call and returns the
/// status that a test ordered for it.
std::optional<int32_t> countCall(const char *name);
/// Records that the call counted before failed.
void countFailure(const char *name, const std::string &why);

/// A refusal for a handle that is not alive: "the graph is not a live graph".
Outcome noSuch(const char *kind);
Outcome nullArgument(const char *what);

} // namespace bertc::standin
