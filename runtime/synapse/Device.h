// SPDX-License-Identifier: Apache-2.0
//
// The one device of a process, held until its last owner ends. Which one:
// HLS_MODULE_ID when it is set (as launchers of several workers do), else that
// of the worker's number on its host, else any that is free of the type the
// plan is for.
#pragma once

#include "runtime/synapse/Library.h"

#include <cstdint>
#include <memory>
#include <string>

namespace bertc::rt::syn {

/// Device type of a plan's target: "gaudi" or "gaudi2".
StatusOr<synDeviceType> deviceTypeOf(const std::string &target);
/// "gaudi2"; "device type 9" for one that has no name here.
std::string deviceTypeName(synDeviceType type);

class Device {
public:
  ~Device();
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;

  const Library &library() const { return *library_; }
  const LibraryPtr &sharedLibrary() const { return library_; }
  synDeviceId id() const { return id_; }
  synDeviceType type() const { return type_; }
  /// "gaudi2 module 3 (HL-225)".
  const std::string &name() const { return name_; }
  /// Addresses handed to launches are multiples of this.
  uint64_t alignment() const { return alignment_; }

  struct Memory {
    uint64_t free = 0;
    uint64_t total = 0;
  };
  StatusOr<Memory> memory() const;

private:
  friend StatusOr<std::shared_ptr<Device>> acquireDevice(const LibraryPtr &,
                                                         synDeviceType, int);
  explicit Device(LibraryPtr library) : library_(std::move(library)) {}
  Status acquire(synDeviceType wanted, int index);
  bool acquireNumbered(synDeviceType wanted, uint32_t count, int index);
  Status acquireModule(const std::string &text, synDeviceType wanted);
  Status describe(synDeviceType wanted);

  LibraryPtr library_;
  synDeviceId id_ = SYN_INVALID_DEVICE_ID;
  synDeviceType type_ = synDeviceTypeInvalid;
  std::string name_;
  uint64_t alignment_ = 128;
};
using DevicePtr = std::shared_ptr<Device>;

/// Errors: Unavailable when the device is missing, held, or of another type,
/// saying which devices there are; InvalidArgument for a bad HLS_MODULE_ID.
/// Sessions of one process share the device. `index`: of several processes on
/// a host, the number of this one, to spread them in the order of the modules;
/// negative for one alone. It is a wish: where that module is held, or the host
/// has devices of several types, any free one is taken.
StatusOr<DevicePtr> acquireDevice(const LibraryPtr &library, synDeviceType type,
                                  int index = -1);

} // namespace bertc::rt::syn
