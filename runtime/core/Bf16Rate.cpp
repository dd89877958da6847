// SPDX-License-Identifier: Apache-2.0

#include "runtime/core/Bf16Rate.h"

#include "runtime/core/CpuFeatures.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace bertc::rt {
namespace {

// Below this gain f32 is as fast with its conversions, and more exact.
constexpr double kLeastGain = 1.2;

constexpr int kRounds = 4000;

// Twelve independent chains hide the latency of either instruction; written in
// assembly, so that nothing but they is in the loop.
#define BERTC_CHAINS(OP)                                                       \
  OP " %%zmm15, %%zmm15, %%zmm0\n\t" OP " %%zmm15, %%zmm15, %%zmm1\n\t" OP     \
     " %%zmm15, %%zmm15, %%zmm2\n\t" OP " %%zmm15, %%zmm15, %%zmm3\n\t" OP     \
     " %%zmm15, %%zmm15, %%zmm4\n\t" OP " %%zmm15, %%zmm15, %%zmm5\n\t" OP     \
     " %%zmm15, %%zmm15, %%zmm6\n\t" OP " %%zmm15, %%zmm15, %%zmm7\n\t" OP     \
     " %%zmm15, %%zmm15, %%zmm8\n\t" OP " %%zmm15, %%zmm15, %%zmm9\n\t" OP     \
     " %%zmm15, %%zmm15, %%zmm10\n\t" OP " %%zmm15, %%zmm15, %%zmm11\n\t"

#define BERTC_ROUNDS(NAME, OP)                                                 \
  void NAME() {                                                                \
    for (int round = 0; round < kRounds; ++round) {                            \
      asm volatile(BERTC_CHAINS(OP)::                                          \
                       : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",       \
                         "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11");    \
    }                                                                          \
  }

// What the registers hold does not matter to the time of either instruction:
// zeros, so that no denormal does.
void clearRegisters() {
  asm volatile("vzeroall" ::
                   : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
                     "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
                     "xmm14", "xmm15");
}

BERTC_ROUNDS(fmaRounds, "vfmadd231ps")
BERTC_ROUNDS(dotRounds, "vdpbf16ps")

#undef BERTC_ROUNDS
#undef BERTC_CHAINS

// The shortest of some runs: what else the core did in the others is not ours.
double shortest(void (*rounds)()) {
  double least = 1e9;
  clearRegisters();
  for (int run = 0; run < 24; ++run) {
    auto begin = std::chrono::steady_clock::now();
    rounds();
    std::chrono::duration<double> took =
        std::chrono::steady_clock::now() - begin;
    least = std::min(least, took.count());
  }
  return least;
}

} // namespace

double bf16InstructionGain() {
  if (std::min(usableIsa(), detectedIsa()) < Isa::Avx512Bf16) {
    return 0.0;
  }
  return 2.0 * shortest(fmaRounds) / shortest(dotRounds);
}

Bf16Choice chooseBf16(bool library) {
  if (!library) {
    return {false, "f32: the library does not multiply bf16 on this CPU"};
  }
  const char *asked = std::getenv("BERTC_BF16_PRODUCTS");
  std::string wanted = asked == nullptr ? "" : asked;
  if (wanted == "f32" || wanted == "bf16") {
    return {wanted == "bf16", wanted + ": BERTC_BF16_PRODUCTS asks for it"};
  }
  if (tileUnit() == TileUnit::Hardware) {
    return {true, "bf16: the CPU has tiles (AMX)"};
  }
  double gain = bf16InstructionGain();
  char text[96];
  std::snprintf(text, sizeof text, "%s: bf16 instructions do %.2f times the %s",
                gain >= kLeastGain ? "bf16" : "f32", gain,
                "operations of f32 here");
  return {gain >= kLeastGain, text};
}

} // namespace bertc::rt
