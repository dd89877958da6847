// SPDX-License-Identifier: Apache-2.0
//
// The C functions of device and host memory.
#include "tools/synapse-stand-in/Library.h"

#include <algorithm>

using namespace bertc::standin;

namespace bertc::standin {

using namespace rt::syn;

namespace {

template <class Body>
synStatus onDevice(const char *name, Need need, synDeviceId id, Body &&body) {
  return call(name, need, [&](Library &library) {
    auto device = library.find(id);
    return device ? body(library, *device) : noSuch("device");
  });
}

} // namespace
} // namespace bertc::standin

namespace bertc::rt::syn {

// The address asked for is a wish, and is not granted.
extern "C" synStatus synDeviceMalloc(synDeviceId id, uint64_t bytes, uint64_t,
                                     uint32_t flags, uint64_t *buffer) {
  return onDevice(
      "synDeviceMalloc", Need::LiveDevice, id,
      [&](Library &library, Device &device) {
        if (!buffer) {
          return nullArgument("the buffer");
        }
        if (flags || bytes == 0) {
          return refuse(synInvalidArgument, std::to_string(bytes) +
                                                " bytes, flags " +
                                                std::to_string(flags));
        }
        if (!device.memory->allocate(bytes, buffer)) {
          return refuse(synOutOfDeviceMemory,
                        std::to_string(bytes) + " bytes asked, " +
                            std::to_string(device.memory->total() -
                                           device.memory->used()) +
                            " of " + std::to_string(device.memory->total()) +
                            " free");
        }
        library.peakBytes = std::max(library.peakBytes, device.memory->peak());
        return fine();
      });
}

extern "C" synStatus synDeviceFree(synDeviceId id, uint64_t buffer, uint32_t) {
  return onDevice(
      "synDeviceFree", Need::Release, id, [&](Library &, Device &device) {
        return device.memory->release(buffer)
                   ? fine()
                   : refuse(synInvalidArgument, "no allocation starts there");
      });
}

extern "C" synStatus synHostMalloc(synDeviceId id, uint64_t bytes,
                                   uint32_t flags, void **buffer) {
  return onDevice("synHostMalloc", Need::LiveDevice, id,
                  [&](Library &, Device &device) {
                    if (!buffer) {
                      return nullArgument("the buffer");
                    }
                    if (flags || bytes == 0) {
                      return refuse(synInvalidArgument,
                                    std::to_string(bytes) + " bytes, flags " +
                                        std::to_string(flags));
                    }
                    *buffer = device.host->allocate(bytes);
                    return *buffer ? fine()
                                   : refuse(synOutOfHostMemory,
                                            std::to_string(bytes) + " bytes");
                  });
}

extern "C" synStatus synHostFree(synDeviceId id, const void *buffer, uint32_t) {
  return onDevice(
      "synHostFree", Need::Release, id, [&](Library &, Device &device) {
        return device.host->release(buffer)
                   ? fine()
                   : refuse(synInvalidArgument, "not memory of synHostMalloc");
      });
}

extern "C" synStatus synHostMap(synDeviceId id, uint64_t bytes,
                                const void *buffer) {
  return onDevice("synHostMap", Need::LiveDevice, id,
                  [&](Library &, Device &device) {
                    return device.host->map(buffer, bytes)
                               ? fine()
                               : refuse(synInvalidArgument,
                                        "the range is empty or overlaps one "
                                        "that is mapped");
                  });
}

extern "C" synStatus synHostUnmap(synDeviceId id, const void *buffer) {
  return onDevice(
      "synHostUnmap", Need::Release, id, [&](Library &, Device &device) {
        return device.host->unmap(buffer)
                   ? fine()
                   : refuse(synMappingNotFound, "no mapping starts there");
      });
}

} // namespace bertc::rt::syn
