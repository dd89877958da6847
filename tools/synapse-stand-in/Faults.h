// SPDX-License-Identifier: Apache-2.0
//
// Faults that tests order through the environment, and the settings of the
// simulated machine. SYNAPSE_STAND_IN_FAULT is a list separated by ";":
//
//   synLaunch:3=26        the third call of synLaunch fails with status 26
//   synMemCopyAsync:2+=4  the second and every later call fail
//   memory=BYTES          size of the device's memory
//   reset_after_launch=N  the device resets when launch N has run
//   slow_stream_ms=N      every piece of work on a stream takes N ms longer
//   poison=1              new device memory, and the workspace before each
//                         launch, are filled with bytes 0xff (NaN)
//   order=last            nodes run in the latest order that their edges allow
//
// What cannot be understood makes synInitialize fail with the reason.
#pragma once

#include "runtime/synapse/Abi.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bertc::standin {

/// One call that fails: the first-th and, if `onward`, those after it.
struct CallFault {
  std::string function;
  uint64_t first = 0;
  bool onward = false;
  int32_t status = 0;
  /// In place of failing, the process sends itself this signal; 0 for none.
  int signal = 0;
};

struct Faults {
  std::vector<CallFault> calls;
  /// 0: what the device type has.
  uint64_t memoryBytes = 0;
  /// 0: never.
  uint64_t resetAfterLaunch = 0;
  uint64_t slowStreamMs = 0;
  bool poison = false;
  bool lastOrder = false;

  /// The status that call number `number` (from 1) of a function fails with.
  std::optional<int32_t> failureOf(const std::string &function,
                                   uint64_t number) const;
};

/// Reads the list above; the reason goes to *problem when it is malformed.
Faults parseFaults(const std::string &text, std::string *problem);

/// One kind of device of the simulated machine.
struct ModuleGroup {
  rt::syn::synDeviceType type;
  uint32_t count;
};

/// Reads SYNAPSE_STAND_IN_DEVICES, e.g. "gaudi2:8,gaudi:8" (the default).
/// Modules are numbered in the order of the list.
std::vector<ModuleGroup> parseDevices(const std::string &text,
                                      std::string *problem);

} // namespace bertc::standin
