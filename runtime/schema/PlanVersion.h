// SPDX-License-Identifier: Apache-2.0
//
// The version of the plan format. Raised when the meaning of something in
// plan.fbs changes; a runtime refuses every version but its own.
#pragma once

#include <cstdint>

namespace bertc::plan {

constexpr uint32_t kSchemaVersion = 1;

} // namespace bertc::plan
