// SPDX-License-Identifier: Apache-2.0
//
// bf16 in scalar code: the upper half of an IEEE f32, rounded to nearest even.
#pragma once

#include <cstdint>
#include <cstring>

namespace bertc::rt::kernels {

inline float bf16ToFloat(uint16_t half) {
  uint32_t bits = static_cast<uint32_t>(half) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline uint16_t floatToBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return static_cast<uint16_t>((bits | 0x400000u) >> 16);
  }
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
}

} // namespace bertc::rt::kernels
