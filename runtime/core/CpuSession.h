// SPDX-License-Identifier: Apache-2.0
//
// The CPU's session: memory blocks, lazily prepared entries, the loop over
// steps.
#pragma once

#include "runtime/core/SessionBackend.h"

#include <memory>

namespace bertc::rt {

/// See Session::create.
StatusOr<std::unique_ptr<SessionBackend>>
createCpuSession(const Plan &plan, const SessionOptions &options);

} // namespace bertc::rt
