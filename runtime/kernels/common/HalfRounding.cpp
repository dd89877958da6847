// SPDX-License-Identifier: Apache-2.0
//
// Looks at the CPU once.

#include "runtime/kernels/common/HalfRounding.h"

#include "runtime/core/CpuFeatures.h"

namespace bertc::rt::kernels {

bool roundsHalvesInHardware() {
  // Emulated tiles raise what is usable above what the CPU has.
  static const bool result =
      usableIsa() >= Isa::Avx512Bf16 && detectedIsa() >= Isa::Avx512Bf16;
  return result;
}

} // namespace bertc::rt::kernels
