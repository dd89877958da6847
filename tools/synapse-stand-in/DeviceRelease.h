// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tools/synapse-stand-in/Library.h"

namespace bertc::standin {

/// Gives the acquired device back with all that was made on it: streams end,
/// events, device memory and host mappings go. Call it without the lock, for
/// streams finish their work first. Nothing happens when none is acquired.
void releaseDevice(Library &library);

/// Memory of a device type in bytes, and the rest of what a device says of
/// itself.
struct DeviceFacts {
  const char *name;
  uint64_t memoryBytes;
  uint32_t sramBytes;
  uint32_t tpcEngines;
  uint64_t clockMhz;
};
/// Null for types that are not simulated.
const DeviceFacts *deviceFacts(rt::syn::synDeviceType type);

} // namespace bertc::standin
