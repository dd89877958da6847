// SPDX-License-Identifier: Apache-2.0
//
// What the status codes of SynapseAI and HCCL mean, for people and as codes of
// bertc/status.h.
#pragma once

#include "bertc/status.h"
#include "runtime/synapse/Abi.h"

#include <string>

namespace bertc::rt::syn {

/// "synBusy (22)"; "status 77" for one that no release is known to have.
std::string statusName(synStatus status);

/// Ok for synSuccess. Otherwise "synLaunch: synDeviceReset (17), the device was
/// reset ...; start the same command again ...". `detail` (what the library
/// itself says, may be empty) is put in brackets. Codes: Unavailable for a
/// device that is missing, busy, reset or of another type; ResourceExhausted
/// for memory; Internal for what bertc must have done wrong.
Status statusOf(synStatus status, const char *function,
                const std::string &detail = "");

/// The same for HCCL.
Status statusOf(hcclResult_t result, const char *function,
                const std::string &detail = "");

} // namespace bertc::rt::syn
