// SPDX-License-Identifier: Apache-2.0

#include "runtime/synapse/Resources.h"

namespace bertc::rt::syn {

void giveStream(const Device &device, synStreamHandle stream) {
  BERTC_SYN_GIVE(device.library(), synStreamDestroy, stream);
}

void giveEvent(const Device &device, synEventHandle event) {
  BERTC_SYN_GIVE(device.library(), synEventDestroy, event);
}

void giveDeviceMemory(const Device &device, uint64_t address) {
  BERTC_SYN_GIVE(device.library(), synDeviceFree, device.id(), address, 0);
}

void giveHostMemory(const Device &device, void *memory) {
  BERTC_SYN_GIVE(device.library(), synHostFree, device.id(), memory, 0);
}

StatusOr<Event> Event::make(const DevicePtr &device, bool timed) {
  synEventHandle handle = nullptr;
  BERTC_SYN(device->library(), synEventCreate, &handle, device->id(),
            timed ? EVENT_COLLECT_TIME : 0);
  return Event(device, handle);
}

Status Event::wait() const {
  return BERTC_SYN_STATUS(device()->library(), synEventSynchronize, get());
}

StatusOr<bool> Event::isOver() const {
  const Library &library = device()->library();
  synStatus status = library.functions().synEventQuery(get());
  if (status == synBusy) {
    return false;
  }
  BERTC_RETURN_IF_ERROR(library.outcome(status, "synEventQuery"));
  return true;
}

StatusOr<Stream> Stream::make(const DevicePtr &device) {
  synStreamHandle handle = nullptr;
  BERTC_SYN(device->library(), synStreamCreateGeneric, &handle, device->id(),
            0);
  return Stream(device, handle);
}

Status Stream::record(const Event &event) const {
  return BERTC_SYN_STATUS(device()->library(), synEventRecord, event.get(),
                          get());
}

Status Stream::waitFor(const Event &event) const {
  return BERTC_SYN_STATUS(device()->library(), synStreamWaitEvent, get(),
                          event.get(), 0);
}

Status Stream::synchronize() const {
  return BERTC_SYN_STATUS(device()->library(), synStreamSynchronize, get());
}

Status Stream::upload(const void *host, uint64_t address,
                      uint64_t bytes) const {
  return BERTC_SYN_STATUS(device()->library(), synMemCopyAsync, get(),
                          reinterpret_cast<uint64_t>(host), bytes, address,
                          HOST_TO_DRAM);
}

Status Stream::fillZero(uint64_t address, uint64_t bytes) const {
  return BERTC_SYN_STATUS(device()->library(), synMemsetD8Async, address, 0,
                          bytes, get());
}

StatusOr<DeviceBuffer> DeviceBuffer::make(const DevicePtr &device,
                                          uint64_t bytes, const char *what) {
  DeviceBuffer buffer;
  if (bytes == 0) {
    return buffer;
  }
  uint64_t address = 0;
  Status status = BERTC_SYN_STATUS(device->library(), synDeviceMalloc,
                                   device->id(), bytes, 0, 0, &address);
  if (!status.ok()) {
    StatusOr<Device::Memory> memory = device->memory();
    std::string there =
        memory.ok() ? ", the device has " + std::to_string(memory->free) +
                          " of " + std::to_string(memory->total) + " free"
                    : "";
    return status.annotate("cannot have " + std::to_string(bytes) +
                           " bytes of device memory for " + what + there);
  }
  buffer.memory_ = DeviceMemory(device, address);
  buffer.size_ = bytes;
  if (address % device->alignment() != 0) {
    return internalError("synDeviceMalloc gave address " +
                         std::to_string(address) + " for " + what +
                         ", not a multiple of the device's " +
                         std::to_string(device->alignment()));
  }
  return buffer;
}

StatusOr<HostBuffer> HostBuffer::make(const DevicePtr &device, uint64_t bytes,
                                      const char *what) {
  HostBuffer buffer;
  if (bytes == 0) {
    return buffer;
  }
  void *memory = nullptr;
  Status status = BERTC_SYN_STATUS(device->library(), synHostMalloc,
                                   device->id(), bytes, 0, &memory);
  if (!status.ok()) {
    return status.annotate("cannot have " + std::to_string(bytes) +
                           " bytes of host memory for " + what);
  }
  buffer.memory_ = HostMemory(device, memory);
  buffer.size_ = bytes;
  return buffer;
}

} // namespace bertc::rt::syn
