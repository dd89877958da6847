// SPDX-License-Identifier: Apache-2.0
//
// The accounting that tests read: which objects are alive, what was leaked when
// the device was given back, how often each function was called.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace bertc::standin {

struct Library;

/// Live objects by kind.
std::map<std::string, uint64_t> liveObjects(const Library &library);

/// Writes them and the calls to the file of SYNAPSE_STAND_IN_REPORT, if set:
///   {"live": {"graph": 0, ...}, "leaked": {"stream": 1},
///    "peak_device_bytes": N, "launches": N,
///    "calls": {"synLaunch": {"calls": 3, "failed": 1}, ...}}
void writeReport(const Library &library);

} // namespace bertc::standin
