// SPDX-License-Identifier: Apache-2.0
//
// Figures with units, for people.
#pragma once

#include <cstdint>
#include <string>

namespace bertc {

/// "1.50 GiB"; powers of 1024.
std::string bytesText(uint64_t bytes);

/// "22.4 GFLOP"; powers of 1000.
std::string flopsText(uint64_t flops);

} // namespace bertc
