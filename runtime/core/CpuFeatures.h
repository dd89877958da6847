// SPDX-License-Identifier: Apache-2.0
//
// Which instruction sets may be used: what CPUID offers, what the operating
// system saves on a context switch (XCR0), and, for the AMX tiles, whether the
// kernel grants this process their use. BERTC_MAX_ISA lowers the ceiling for
// tests and comparisons; it holds for our kernels and for oneDNN.
// BERTC_EMULATE_AMX=1 pretends that there are tiles: our kernels then compute
// what the tile unit would, slowly, on any CPU.
#pragma once

#include "bertc/status.h"

#include <string>

namespace bertc::rt {

/// Levels a plan may ask for; each contains the ones before it.
enum class Isa : int { None = 0, Avx2, Avx512, Avx512Bf16, Amx };

/// "none", "avx2", "avx512", "avx512_bf16", "amx".
const char *isaName(Isa isa);

/// The reverse; InvalidArgument naming the known levels otherwise.
StatusOr<Isa> parseIsa(const std::string &name);

/// What the hardware and the operating system offer, detected once. Asks for
/// permission to use AMX tiles when there are any.
Isa detectedIsa();

/// detectedIsa(), or Amx with BERTC_EMULATE_AMX=1, capped by BERTC_MAX_ISA as
/// they were at the first call. An unknown value of the latter is ignored here
/// and reported by checkMaxIsa.
Isa usableIsa();

/// What executes tile instructions in our kernels: nothing when usableIsa() is
/// below Amx.
enum class TileUnit { None, Hardware, Emulated };
TileUnit tileUnit();

/// InvalidArgument when BERTC_MAX_ISA is set to something unknown.
Status checkMaxIsa();

} // namespace bertc::rt
