// SPDX-License-Identifier: Apache-2.0
//
// Zeroing large outputs on all threads.
#pragma once

#include <cstdint>

namespace bertc::rt::kernels {

/// Zeroes `bytes` at `data`; what no cache could hold is written past them.
void zeroMemory(void *data, int64_t bytes);

} // namespace bertc::rt::kernels
