// SPDX-License-Identifier: Apache-2.0
//
// The session of a plan for Gaudi: its graphs, launched through SynapseAI.
// docs/gaudi.md describes what users see of it.
#pragma once

#include "runtime/core/SessionBackend.h"

#include <memory>

namespace bertc::rt {

/// Opens SynapseAI's library, acquires the device and sets its memory aside.
/// Errors: see Session::create; also InvalidArgument for an environment
/// variable that cannot be.
StatusOr<std::unique_ptr<SessionBackend>>
createSynapseSession(const Plan &plan, const SessionOptions &options);

} // namespace bertc::rt
