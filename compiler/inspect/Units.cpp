// SPDX-License-Identifier: Apache-2.0

#include "compiler/inspect/Units.h"

#include <fmt/format.h>

#include <array>

namespace bertc {

static std::string scaled(uint64_t amount, double step,
                          const std::array<const char *, 5> &units) {
  double value = static_cast<double>(amount);
  size_t unit = 0;
  while (value >= step && unit + 1 < units.size()) {
    value /= step;
    ++unit;
  }
  return fmt::format(unit == 0 ? "{:.0f} {}" : "{:.2f} {}", value, units[unit]);
}

std::string bytesText(uint64_t bytes) {
  return scaled(bytes, 1024, {"B", "KiB", "MiB", "GiB", "TiB"});
}

std::string flopsText(uint64_t flops) {
  return scaled(flops, 1000, {"FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP"});
}

} // namespace bertc
