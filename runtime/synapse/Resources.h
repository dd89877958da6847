// SPDX-License-Identifier: Apache-2.0
//
// Things of a device that must be given back: memory, streams, events. Each
// gives itself back when it ends, before the device it shares; a failure then
// is said on stderr.
#pragma once

#include "runtime/synapse/Device.h"

#include <cstddef>
#include <utility>

namespace bertc::rt::syn {

/// A handle with its device; `Give` gives the handle back.
template <typename Handle, void (*Give)(const Device &, Handle)> class Owned {
public:
  Owned() = default;
  Owned(DevicePtr device, Handle handle)
      : device_(std::move(device)), handle_(handle) {}
  Owned(Owned &&other) noexcept
      : device_(std::move(other.device_)),
        handle_(std::exchange(other.handle_, Handle{})) {}
  Owned &operator=(Owned &&other) noexcept {
    std::swap(device_, other.device_);
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Owned() {
    if (handle_ != Handle{}) {
      Give(*device_, handle_);
    }
  }

  Handle get() const { return handle_; }
  const DevicePtr &device() const { return device_; }

private:
  DevicePtr device_;
  Handle handle_{};
};

void giveStream(const Device &device, synStreamHandle stream);
void giveEvent(const Device &device, synEventHandle event);
void giveDeviceMemory(const Device &device, uint64_t address);
void giveHostMemory(const Device &device, void *memory);

/// Device addresses are never 0.
using DeviceMemory = Owned<uint64_t, giveDeviceMemory>;
using HostMemory = Owned<void *, giveHostMemory>;

class Event : public Owned<synEventHandle, giveEvent> {
public:
  using Owned::Owned;
  /// `timed`: may be asked for elapsed time.
  static StatusOr<Event> make(const DevicePtr &device, bool timed = false);
  /// Until what was recorded is done.
  Status wait() const;
  /// Whether it is; does not wait.
  StatusOr<bool> isOver() const;
};

class Stream : public Owned<synStreamHandle, giveStream> {
public:
  using Owned::Owned;
  static StatusOr<Stream> make(const DevicePtr &device);
  Status record(const Event &event) const;
  /// What is queued from here on begins after `event`.
  Status waitFor(const Event &event) const;
  Status synchronize() const;
  /// `host` must come from HostBuffer.
  Status upload(const void *host, uint64_t device, uint64_t bytes) const;
  Status fillZero(uint64_t device, uint64_t bytes) const;
};

/// Memory of the device, aligned as launches want it; empty for 0 bytes.
class DeviceBuffer {
public:
  /// ResourceExhausted, naming `what` and the bytes there are.
  static StatusOr<DeviceBuffer> make(const DevicePtr &device, uint64_t bytes,
                                     const char *what);
  uint64_t address() const { return memory_.get(); }
  uint64_t size() const { return size_; }

private:
  DeviceMemory memory_;
  uint64_t size_ = 0;
};

/// Host memory that the device reads and writes directly.
class HostBuffer {
public:
  static StatusOr<HostBuffer> make(const DevicePtr &device, uint64_t bytes,
                                   const char *what);
  std::byte *data() const { return static_cast<std::byte *>(memory_.get()); }
  uint64_t size() const { return size_; }

private:
  HostMemory memory_;
  uint64_t size_ = 0;
};

} // namespace bertc::rt::syn
