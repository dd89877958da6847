// SPDX-License-Identifier: Apache-2.0
//
// What a program has used of memory, for summaries.
#pragma once

#include <cstdint>

namespace bertc {

/// Most bytes of this process that were in memory at once.
uint64_t peakResidentBytes();

} // namespace bertc
