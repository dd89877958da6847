// SPDX-License-Identifier: Apache-2.0
//
// HCCL on the variables of a session: large contiguous stretches of device
// memory, on a stream of its own that events tie to the compute stream.
#pragma once

#include "runtime/core/DeviceCollective.h"
#include "runtime/synapse/DeviceVariables.h"

#include <functional>
#include <memory>

namespace bertc::rt::syn {

/// What a session lends; all of it must outlive the collective.
struct HcclSession {
  DevicePtr device;
  DeviceVariables &variables;
  Staging &staging;
  const Stream &upload;
  const Stream &compute;
  /// Until every run is done.
  std::function<Status()> wait;
};

/// Makes nothing on the device before a function needs it.
std::unique_ptr<DeviceCollective> makeHcclCollective(HcclSession session);

} // namespace bertc::rt::syn
