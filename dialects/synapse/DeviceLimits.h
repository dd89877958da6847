// SPDX-License-Identifier: Apache-2.0
//
// Published figures of the devices, and the model of time built on them.
//
//   seconds = sum over nodes of max(flops / peak, bytes / bandwidth)
//
// `flops` are those of products; the vector cores are counted by what they
// read and write, since no peak of theirs is published. `bytes` are all
// operands and results of a node, as if each went through HBM: what the graph
// compiler keeps in SRAM, fuses or runs beside something else makes a step
// faster. The products alone (sum of flops / peak) are what it cannot beat.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace bertc::synapse {

struct DeviceLimits {
  std::string_view name;
  /// Bytes of HBM.
  int64_t memoryBytes;
  /// Bytes a second from and to HBM.
  double bandwidth;
  /// Products in bf16, operations a second.
  double bf16Peak;
  /// Products in f32. No figure is published; a quarter of bf16 is assumed.
  double f32Peak;
};

/// Figures of "gaudi" or "gaudi2"; none for another name.
inline std::optional<DeviceLimits> limitsOf(std::string_view device) {
  constexpr int64_t kGiB = int64_t(1) << 30;
  if (device == "gaudi") {
    return DeviceLimits{"gaudi", 32 * kGiB, 900e9, 60e12, 15e12};
  }
  if (device == "gaudi2") {
    return DeviceLimits{"gaudi2", 96 * kGiB, 2460e9, 432e12, 108e12};
  }
  return std::nullopt;
}

} // namespace bertc::synapse
