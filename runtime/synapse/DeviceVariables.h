// SPDX-License-Identifier: Apache-2.0
//
// The variables of a session on a device: one block of device memory, and the
// host's copy, which is what callers set and read. Each moves when one side
// needs what the other has changed.
#pragma once

#include "runtime/core/VariableStore.h"
#include "runtime/synapse/Staging.h"

#include <memory>
#include <string>
#include <vector>

namespace bertc::rt::syn {

class DeviceVariables {
public:
  /// Sets memory of both sides aside; the host's is mapped and not touched.
  static StatusOr<DeviceVariables> make(const DevicePtr &device,
                                        std::shared_ptr<const PlanFile> file);

  /// The host's copy. A value that is only on the device is not in it until
  /// toHost().
  VariableStore &host() { return *host_; }
  const VariableStore &host() const { return *host_; }
  /// To be called after the host has given variable i a new value.
  void changedOnHost(uint32_t i) { newOnDevice_[i] = false; }
  /// To be called after a launch that writes variable i was queued.
  void changedOnDevice(uint32_t i) { newOnDevice_[i] = true; }

  uint64_t address(uint32_t i) const { return block_.address() + offsets_[i]; }
  uint64_t bytes() const { return block_.size(); }

  /// Memory that holds f32 variables and nothing else but the few bytes of no
  /// meaning that align them.
  struct Stretch {
    uint64_t address, elements;
  };
  /// The fewest that hold these variables: one for all of a role, as a rule.
  /// InvalidArgument, naming the first that is not f32.
  StatusOr<std::vector<Stretch>>
  stretches(const std::vector<uint32_t> &variables) const;

  /// Uploads those of `variables` that the host has changed. `stream` and what
  /// reads the variables must be idle when upToDate() is false.
  bool upToDate(const std::vector<uint32_t> &variables) const;
  Status toDevice(const Stream &stream, Staging &staging,
                  const std::vector<uint32_t> &variables);
  /// Downloads variable i if the device has changed it.
  Status toHost(const Stream &stream, Staging &staging, uint32_t i);
  bool newOnDevice(uint32_t i) const { return newOnDevice_[i]; }

private:
  std::shared_ptr<const PlanFile> file_;
  std::unique_ptr<VariableStore> host_;
  DeviceBuffer block_;
  std::vector<uint64_t> offsets_;
  uint64_t alignment_ = 0;
  /// VariableStore::version() of what the device has; 0 for nothing.
  std::vector<uint64_t> uploaded_;
  std::vector<bool> newOnDevice_;
};

} // namespace bertc::rt::syn
