// SPDX-License-Identifier: Apache-2.0
//
// Finding, acquiring and giving back the simulated devices.
#include "tools/synapse-stand-in/DeviceRelease.h"
#include "tools/synapse-stand-in/hccl/Communicator.h"

#include <cstdio>

using namespace bertc::standin;

namespace bertc::standin {

using namespace rt::syn;

const DeviceFacts *deviceFacts(synDeviceType type) {
  constexpr uint64_t gib = uint64_t(1) << 30;
  constexpr uint32_t mib = 1u << 20;
  static const DeviceFacts gaudi{"Gaudi stand-in", 32 * gib, 20 * mib, 8, 1900};
  static const DeviceFacts gaudi2{"Gaudi2 stand-in", 96 * gib, 48 * mib, 24,
                                  2000};
  if (type == synDeviceGaudi) {
    return &gaudi;
  }
  return type == synDeviceGaudi2 ? &gaudi2 : nullptr;
}

void releaseDevice(Library &library) {
  std::shared_ptr<Device> device;
  {
    std::lock_guard<std::mutex> lock(library.mutex);
    device = std::move(library.device);
    library.device = nullptr;
  }
  if (!device) {
    return;
  }
  device->control->hurry = true;
  decltype(library.streams.takeAll()) streams;
  decltype(library.communicators.takeAll()) communicators;
  {
    std::lock_guard<std::mutex> lock(library.mutex);
    streams = library.streams.takeAll();
    library.events.takeAll();
    communicators = library.communicators.takeAll();
  }
  // Collectives that wait for others hear that nobody waits for them.
  for (auto &[handle, communicator] : communicators) {
    communicator->abort();
  }
  // Threads end here, outside the lock that their work may need.
  streams.clear();
}

namespace {

/// What was made on the device and not given back before it.
void noteLeaks(Library &library) {
  for (const char *kind : {"stream", "event", "communicator", "device_memory",
                           "host_memory", "host_mapping"}) {
    if (uint64_t count = liveObjects(library)[kind]) {
      library.leaked[kind] += count;
    }
  }
}

/// All modules of the machine, one type each.
std::vector<synDeviceType> modulesOf(const Library &library) {
  std::vector<synDeviceType> modules;
  for (const ModuleGroup &group : library.modules) {
    modules.insert(modules.end(), group.count, group.type);
  }
  return modules;
}

Outcome acquire(Library &library, uint32_t module, synDeviceId *id) {
  if (library.device) {
    return refuse(synDeviceAlreadyAcquired,
                  "this process has a device already");
  }
  auto device = std::make_shared<Device>();
  device->type = modulesOf(library)[module];
  device->module = module;
  device->control->slowMs = library.faults.slowStreamMs;
  uint64_t bytes = library.faults.memoryBytes
                       ? library.faults.memoryBytes
                       : deviceFacts(device->type)->memoryBytes;
  device->memory = std::make_shared<DeviceMemory>(bytes, library.faults.poison);
  library.device = device;
  *id = 0;
  return fine();
}

/// Takes the first module of a type; synDeviceTypeInvalid is any.
Outcome acquireType(Library &library, synDeviceType type, synDeviceId *id) {
  std::vector<synDeviceType> modules = modulesOf(library);
  for (uint32_t module = 0; module < modules.size(); module++) {
    if (type == synDeviceTypeInvalid || modules[module] == type) {
      return acquire(library, module, id);
    }
  }
  return refuse(synNoDeviceFound, "the machine has no device of type " +
                                      std::to_string(unsigned(type)));
}

} // namespace
} // namespace bertc::standin

namespace bertc::rt::syn {

extern "C" synStatus synDeviceGetCount(uint32_t *count) {
  return call("synDeviceGetCount", Need::Library, [&](Library &library) {
    if (!count) {
      return nullArgument("the count");
    }
    *count = uint32_t(modulesOf(library).size());
    return fine();
  });
}

extern "C" synStatus synDeviceGetCountByDeviceType(uint32_t *count,
                                                   synDeviceType type) {
  return call("synDeviceGetCountByDeviceType", Need::Library,
              [&](Library &library) {
                if (!count) {
                  return nullArgument("the count");
                }
                *count = 0;
                for (synDeviceType module : modulesOf(library)) {
                  *count += module == type;
                }
                return fine();
              });
}

extern "C" synStatus synDeviceGetModuleIDs(uint32_t *ids, uint32_t *size) {
  return call("synDeviceGetModuleIDs", Need::Library, [&](Library &library) {
    if (!ids || !size) {
      return nullArgument("the ids or the size");
    }
    uint32_t count = uint32_t(modulesOf(library).size());
    if (*size < count) {
      return refuse(synInvalidArgument, "room for " + std::to_string(*size) +
                                            " ids of " + std::to_string(count));
    }
    for (uint32_t module = 0; module < count; module++) {
      ids[module] = module;
    }
    *size = count;
    return fine();
  });
}

extern "C" synStatus synDeviceAcquireByDeviceType(synDeviceId *id,
                                                  synDeviceType type) {
  return call("synDeviceAcquireByDeviceType", Need::Library,
              [&](Library &library) {
                return id ? acquireType(library, type, id)
                          : nullArgument("the device id");
              });
}

extern "C" synStatus synDeviceAcquireByModuleId(synDeviceId *id,
                                                synModuleId moduleId) {
  return call("synDeviceAcquireByModuleId", Need::Library,
              [&](Library &library) {
                if (!id) {
                  return nullArgument("the device id");
                }
                if (moduleId >= modulesOf(library).size()) {
                  return refuse(synNoDeviceFound, "the machine has no module " +
                                                      std::to_string(moduleId));
                }
                return acquire(library, moduleId, id);
              });
}

// The bus address of module N is "0000:NN:00.0".
extern "C" synStatus synDeviceAcquire(synDeviceId *id, const char *pciBus) {
  return call("synDeviceAcquire", Need::Library, [&](Library &library) {
    if (!id) {
      return nullArgument("the device id");
    }
    if (!pciBus) {
      return acquireType(library, synDeviceTypeInvalid, id);
    }
    unsigned module = 0;
    if (std::sscanf(pciBus, "0000:%x:00.0", &module) != 1 ||
        module >= modulesOf(library).size()) {
      return refuse(synNoDeviceFound,
                    std::string("no device at bus address ") + pciBus);
    }
    return acquire(library, module, id);
  });
}

extern "C" synStatus synDeviceRelease(synDeviceId id) {
  return callUnlocked("synDeviceRelease", Need::Library, [&](Library &library) {
    {
      std::lock_guard<std::mutex> lock(library.mutex);
      if (!library.find(id)) {
        return noSuch("device");
      }
      noteLeaks(library);
    }
    releaseDevice(library);
    return fine();
  });
}

} // namespace bertc::rt::syn
