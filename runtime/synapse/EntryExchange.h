// SPDX-License-Identifier: Apache-2.0
//
// Sums over workers that an entry begins with.
#pragma once

#include "bertc/exchange.h"
#include "bertc/runtime.h"
#include "runtime/core/PlanFile.h"
#include "runtime/synapse/DeviceVariables.h"

namespace bertc::rt::syn {

/// Lets all workers add up what entry `index` of the plan says, until it is
/// done. The exchange ties it to what streams have, and the wait is its own, as
/// it knows whether the others are alive; no graph of the entry is launched
/// behind a sum that failed. `hook`, where there is one, is told of every
/// bucket.
Status addUpFirst(GradientExchange &exchange, const PlanFile &file,
                  size_t index, const DeviceVariables &variables,
                  const ProfileHook &hook);

} // namespace bertc::rt::syn
