// SPDX-License-Identifier: Apache-2.0
//
// Whether bf16 instructions make products faster. Tiles (AMX) do by far. The
// dot products of AVX-512 BF16 do on some CPUs and not on others: they start at
// half, a quarter or once the rate of an FMA, for twice its operations. That is
// measured, once a process, on registers alone: the answers of the CPUs lie far
// on either side of the line, so that the choice, and with it every bit of a
// result, is the same in each run.
#pragma once

#include <string>

namespace bertc::rt {

struct Bf16Choice {
  bool inBf16 = false;
  std::string reason;
};

/// Operations a second of bf16 dot products over those of f32 FMA, vectors of
/// 512 bits, one core. 0 where the CPU (capped by BERTC_MAX_ISA) has none.
double bf16InstructionGain();

/// Where products of bf16 operands are formed: `library` is whether the library
/// multiplies bf16 at all. BERTC_BF16_PRODUCTS=bf16 or f32 decides instead of
/// the measurement.
Bf16Choice chooseBf16(bool library);

} // namespace bertc::rt
