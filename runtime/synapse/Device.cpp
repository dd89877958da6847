// SPDX-License-Identifier: Apache-2.0

#include "runtime/synapse/Device.h"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <vector>

namespace bertc::rt::syn {
namespace {

struct NamedType {
  synDeviceType type;
  const char *name;
};
constexpr NamedType kTypes[] = {{synDeviceGaudi, "gaudi"},
                                {synDeviceGaudi2, "gaudi2"},
                                {synDeviceGaudi3, "gaudi3"}};

// "2 gaudi, 1 gaudi3" or "none".
std::string devicesThere(const Library &library) {
  std::string text;
  for (const NamedType &known : kTypes) {
    uint32_t count = 0;
    Status asked = BERTC_SYN_STATUS(library, synDeviceGetCountByDeviceType,
                                    &count, known.type);
    if (asked.ok() && count > 0) {
      text +=
          (text.empty() ? "" : ", ") + std::to_string(count) + " " + known.name;
    }
  }
  return text.empty() ? "none" : text;
}

std::mutex &deviceMutex() {
  static std::mutex mutex;
  return mutex;
}

} // namespace

StatusOr<synDeviceType> deviceTypeOf(const std::string &target) {
  if (target == "gaudi") {
    return synDeviceGaudi;
  }
  if (target == "gaudi2") {
    return synDeviceGaudi2;
  }
  return invalidArgument("target '" + target +
                         "' is not a device, expected gaudi or gaudi2");
}

std::string deviceTypeName(synDeviceType type) {
  for (const NamedType &known : kTypes) {
    if (known.type == type) {
      return known.name;
    }
  }
  return "device type " + std::to_string(type);
}

Device::~Device() {
  if (id_ != SYN_INVALID_DEVICE_ID) {
    BERTC_SYN_GIVE(*library_, synDeviceRelease, id_);
  }
}

Status Device::acquireModule(const std::string &text, synDeviceType wanted) {
  char *end = nullptr;
  unsigned long module = std::strtoul(text.c_str(), &end, 10);
  if (text.empty() || *end != 0 || text[0] == '-' || module > 1023) {
    return invalidArgument("HLS_MODULE_ID is '" + text +
                           "', expected the number of a module");
  }
  synDeviceId id = SYN_INVALID_DEVICE_ID;
  Status acquired = BERTC_SYN_STATUS(*library_, synDeviceAcquireByModuleId, &id,
                                     static_cast<synModuleId>(module));
  if (!acquired.ok()) {
    return unavailable("cannot use module " + text +
                       ", which HLS_MODULE_ID names (there are: " +
                       devicesThere(*library_) + "): " + acquired.message());
  }
  id_ = id;
  name_ = deviceTypeName(wanted) + " module " + text;
  return Status();
}

// The module of that number among all, where all are of the type.
bool Device::acquireNumbered(synDeviceType wanted, uint32_t count, int index) {
  std::vector<synModuleId> modules(1024);
  auto size = static_cast<uint32_t>(modules.size());
  Status asked =
      BERTC_SYN_STATUS(*library_, synDeviceGetModuleIDs, modules.data(), &size);
  if (!asked.ok() || size != count) {
    return false;
  }
  std::sort(modules.begin(), modules.begin() + size);
  synModuleId module = modules[static_cast<size_t>(index)];
  synDeviceId id = SYN_INVALID_DEVICE_ID;
  if (!BERTC_SYN_STATUS(*library_, synDeviceAcquireByModuleId, &id, module)
           .ok()) {
    return false;
  }
  id_ = id;
  name_ = deviceTypeName(wanted) + " module " + std::to_string(module);
  return true;
}

Status Device::acquire(synDeviceType wanted, int index) {
  if (const char *module = std::getenv("HLS_MODULE_ID")) {
    return acquireModule(module, wanted);
  }
  std::string type = deviceTypeName(wanted);
  uint32_t count = 0;
  BERTC_SYN(*library_, synDeviceGetCountByDeviceType, &count, wanted);
  if (count == 0) {
    std::string there = devicesThere(*library_);
    return unavailable(
        "the plan is for " + type +
        ", and this machine has no such device (there are: " + there +
        (there == "none" ? "); look at hl-smi, and load the driver "
                           "(habanalabs) if it shows none, or compile the "
                           "plan with bertc compile --target cpu"
                         : "); compile the plan for what there is with "
                           "bertc compile --target, or look at hl-smi"));
  }
  if (index >= 0 && static_cast<uint32_t>(index) >= count) {
    return unavailable("this host has " + std::to_string(count) +
                       " devices of type " + type + " and " +
                       std::to_string(index + 1) +
                       " or more processes; start at most one process for "
                       "each device (mpirun --map-by ppr:" +
                       std::to_string(count) + ":node)");
  }
  if (index >= 0 && acquireNumbered(wanted, count, index)) {
    return Status();
  }
  synDeviceId id = SYN_INVALID_DEVICE_ID;
  Status acquired =
      BERTC_SYN_STATUS(*library_, synDeviceAcquireByDeviceType, &id, wanted);
  if (!acquired.ok()) {
    return unavailable("cannot have one of the " + std::to_string(count) +
                       " devices of type " + type + ": " + acquired.message());
  }
  id_ = id;
  name_ = type;
  return Status();
}

Status Device::describe(synDeviceType wanted) {
  const synDeviceAttribute attributes[] = {
      DEVICE_ATTRIBUTE_DEVICE_TYPE, DEVICE_ATTRIBUTE_ADDRESS_ALIGNMENT_SIZE};
  uint64_t values[2] = {};
  BERTC_SYN(*library_, synDeviceGetAttribute, values, attributes, 2, id_);
  type_ = static_cast<synDeviceType>(values[0]);
  if (type_ != wanted) {
    return unavailable(
        "the plan is for " + deviceTypeName(wanted) + ", the device is a " +
        deviceTypeName(type_) + "; compile the plan with --target " +
        deviceTypeName(type_) + " or choose another device by HLS_MODULE_ID");
  }
  alignment_ = std::max<uint64_t>(values[1], 128);
  char text[128] = {};
  BERTC_SYN(*library_, synDeviceGetName, text, sizeof text - 1, id_);
  name_ += text[0] == 0 ? "" : " (" + std::string(text) + ")";
  return Status();
}

StatusOr<Device::Memory> Device::memory() const {
  Memory memory;
  BERTC_SYN(*library_, synDeviceGetMemoryInfo, id_, &memory.free,
            &memory.total);
  return memory;
}

StatusOr<DevicePtr> acquireDevice(const LibraryPtr &library, synDeviceType type,
                                  int index) {
  static std::weak_ptr<Device> held;
  std::lock_guard<std::mutex> lock(deviceMutex());
  if (DevicePtr device = held.lock();
      device && device->library_ == library && device->type_ == type) {
    return device;
  }
  DevicePtr device(new Device(library));
  BERTC_RETURN_IF_ERROR(device->acquire(type, index));
  BERTC_RETURN_IF_ERROR(device->describe(type));
  held = device;
  return device;
}

} // namespace bertc::rt::syn
