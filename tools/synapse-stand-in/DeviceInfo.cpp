// SPDX-License-Identifier: Apache-2.0
//
// What a device, or a type of device, says of itself.
#include "tools/synapse-stand-in/DeviceRelease.h"
#include "tools/synapse-stand-in/StatusText.h"

using namespace bertc::standin;

namespace bertc::standin {

using namespace rt::syn;

namespace {

constexpr uint64_t sramBase = 0x1000000000000000;
constexpr uint64_t dramBase = 0x1001000000000000;

uint64_t tpcMask(const DeviceFacts &facts) {
  return (uint64_t(1) << facts.tpcEngines) - 1;
}

/// `memory` is null when a type, not a device, is asked.
Outcome attribute(synDeviceAttribute attribute, synDeviceType type,
                  const DeviceMemory *memory, uint64_t *value) {
  const DeviceFacts &facts = *deviceFacts(type);
  uint64_t total = memory ? memory->total() : facts.memoryBytes;
  switch (attribute) {
  case DEVICE_ATTRIBUTE_SRAM_BASE_ADDRESS:
    *value = sramBase;
    return fine();
  case DEVICE_ATTRIBUTE_DRAM_BASE_ADDRESS:
    *value = dramBase;
    return fine();
  case DEVICE_ATTRIBUTE_SRAM_SIZE:
    *value = facts.sramBytes;
    return fine();
  case DEVICE_ATTRIBUTE_DRAM_SIZE:
    *value = total;
    return fine();
  case DEVICE_ATTRIBUTE_DRAM_FREE_SIZE:
    if (!memory) {
      return refuse(synUnsupported, "a type of device has no free memory");
    }
    *value = total - memory->used();
    return fine();
  case DEVICE_ATTRIBUTE_TPC_ENABLED_MASK:
    *value = tpcMask(facts);
    return fine();
  case DEVICE_ATTRIBUTE_DRAM_ENABLED:
    *value = 1;
    return fine();
  case DEVICE_ATTRIBUTE_DEVICE_TYPE:
    *value = type;
    return fine();
  case DEVICE_ATTRIBUTE_CLK_RATE:
    *value = facts.clockMhz;
    return fine();
  case DEVICE_ATTRIBUTE_MAX_RMW_SIZE:
    *value = facts.sramBytes / 2;
    return fine();
  case DEVICE_ATTRIBUTE_STREAMS_TOTAL_MEM_SIZE:
    *value = 0;
    return fine();
  case DEVICE_ATTRIBUTE_ADDRESS_ALIGNMENT_SIZE:
    *value = deviceAlignment;
    return fine();
  case DEVICE_ATTRIBUTE_MAX_DIMS:
    *value = SYN_GAUDI_MAX_TENSOR_DIM;
    return fine();
  }
  return refuse(synInvalidArgument,
                "device attribute " + std::to_string(unsigned(attribute)));
}

Outcome attributes(uint64_t *values, const synDeviceAttribute *wanted,
                   unsigned count, synDeviceType type,
                   const DeviceMemory *memory) {
  if (!values || !wanted) {
    return nullArgument("the values or the attributes");
  }
  for (unsigned i = 0; i < count; i++) {
    if (Outcome outcome = attribute(wanted[i], type, memory, &values[i]);
        !outcome.ok()) {
      return outcome;
    }
  }
  return fine();
}

template <class Info> void describe(const Device &device, Info *info) {
  const DeviceFacts &facts = *deviceFacts(device.type);
  *info = Info{};
  info->sramBaseAddress = sramBase;
  info->dramBaseAddress = dramBase;
  info->sramSize = facts.sramBytes;
  info->dramSize = device.memory->total();
  info->tpcEnabledMask = tpcMask(facts);
  info->dramEnabled = 1;
  info->deviceId = 0;
  info->fd = 0;
  info->deviceType = device.type;
}

} // namespace
} // namespace bertc::standin

namespace bertc::rt::syn {

extern "C" synStatus synDeviceGetMemoryInfo(synDeviceId id, uint64_t *free,
                                            uint64_t *total) {
  return call("synDeviceGetMemoryInfo", Need::LiveDevice,
              [&](Library &library) {
                auto device = library.find(id);
                if (!device) {
                  return noSuch("device");
                }
                if (!free || !total) {
                  return nullArgument("free or total");
                }
                *total = device->memory->total();
                *free = *total - device->memory->used();
                return fine();
              });
}

extern "C" synStatus synDeviceGetInfo(synDeviceId id, synDeviceInfo *info) {
  return call("synDeviceGetInfo", Need::LiveDevice, [&](Library &library) {
    auto device = library.find(id);
    if (!device) {
      return noSuch("device");
    }
    if (!info) {
      return nullArgument("the info");
    }
    describe(*device, info);
    return fine();
  });
}

extern "C" synStatus synDeviceGetInfoV2(synDeviceId id, synDeviceInfoV2 *info) {
  return call("synDeviceGetInfoV2", Need::LiveDevice, [&](Library &library) {
    auto device = library.find(id);
    if (!device) {
      return noSuch("device");
    }
    if (!info) {
      return nullArgument("the info");
    }
    describe(*device, info);
    info->deviceIndex = uint8_t(device->module);
    info->globalHbmBaseAddress = dramBase;
    return fine();
  });
}

extern "C" synStatus synDeviceGetName(char *name, int length, synDeviceId id) {
  return call("synDeviceGetName", Need::LiveDevice, [&](Library &library) {
    auto device = library.find(id);
    if (!device) {
      return noSuch("device");
    }
    if (!name || length <= 0) {
      return nullArgument("the name");
    }
    if (!copyText(deviceFacts(device->type)->name, name, uint64_t(length))) {
      return refuse(synInvalidArgument, "the buffer is too short");
    }
    return fine();
  });
}

extern "C" synStatus synDeviceGetAttribute(uint64_t *values,
                                           const synDeviceAttribute *wanted,
                                           unsigned count, synDeviceId id) {
  return call("synDeviceGetAttribute", Need::LiveDevice, [&](Library &library) {
    auto device = library.find(id);
    if (!device) {
      return noSuch("device");
    }
    return attributes(values, wanted, count, device->type,
                      device->memory.get());
  });
}

extern "C" synStatus synDeviceTypeGetAttribute(uint64_t *values,
                                               const synDeviceAttribute *wanted,
                                               unsigned count,
                                               synDeviceType type) {
  return call("synDeviceTypeGetAttribute", Need::Library, [&](Library &) {
    if (!deviceFacts(type)) {
      return refuse(synInvalidArgument, "the type of device is not simulated");
    }
    return attributes(values, wanted, count, type, nullptr);
  });
}

} // namespace bertc::rt::syn
