// SPDX-License-Identifier: Apache-2.0
//
// Reads CPUID and XCR0 by hand: a library flag such as "avx512" would not tell
// whether the operating system saves the registers.

#include "runtime/core/CpuFeatures.h"

#include <cpuid.h>
#include <cstdint>
#include <cstdlib>
#include <sys/syscall.h>
#include <unistd.h>

namespace bertc::rt {
namespace {

struct Regs {
  uint32_t a = 0, b = 0, c = 0, d = 0;
};

Regs cpuid(uint32_t leaf, uint32_t subleaf) {
  Regs r;
  // Fails, leaving zeros, when the CPU has no such leaf.
  __get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d);
  return r;
}

bool bit(uint32_t word, int index) { return ((word >> index) & 1) != 0; }

uint64_t readXcr0() {
  uint32_t lo = 0;
  uint32_t hi = 0;
  __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
  return (static_cast<uint64_t>(hi) << 32) | lo;
}

// Linux gives the 8 KiB of tile state only to processes that ask.
bool requestTilePermission() {
  constexpr long kArchReqXcompPerm = 0x1023;
  constexpr long kXfeatureTileData = 18;
  return syscall(SYS_arch_prctl, kArchReqXcompPerm, kXfeatureTileData) == 0;
}

Isa detect() {
  Regs one = cpuid(1, 0);
  bool osxsave = bit(one.c, 27);
  bool avx = bit(one.c, 28) && bit(one.c, 12) && bit(one.c, 29); // fma, f16c
  Regs seven = cpuid(7, 0);
  bool avx2 = bit(seven.b, 5) && bit(seven.b, 3) && bit(seven.b, 8); // bmi1+2
  if (!osxsave || !avx || !avx2) {
    return Isa::None;
  }
  uint64_t xcr0 = readXcr0();
  constexpr uint64_t kYmm = 0x6;
  constexpr uint64_t kZmm = 0xe6;
  constexpr uint64_t kTiles = 0x60000;
  if ((xcr0 & kYmm) != kYmm) {
    return Isa::None;
  }
  bool avx512 = bit(seven.b, 16) && bit(seven.b, 17) && bit(seven.b, 28) &&
                bit(seven.b, 30) && bit(seven.b, 31); // F, DQ, CD, BW, VL
  if (!avx512 || (xcr0 & kZmm) != kZmm) {
    return Isa::Avx2;
  }
  Regs sevenOne = cpuid(7, 1);
  if (!bit(sevenOne.a, 5)) {
    return Isa::Avx512;
  }
  bool amx = bit(seven.d, 22) && bit(seven.d, 24); // AMX-BF16, AMX-TILE
  if (!amx || (xcr0 & kTiles) != kTiles || !requestTilePermission()) {
    return Isa::Avx512Bf16;
  }
  return Isa::Amx;
}

bool emulatesTiles() {
  const char *wanted = std::getenv("BERTC_EMULATE_AMX");
  return wanted != nullptr && std::string(wanted) == "1";
}

} // namespace

const char *isaName(Isa isa) {
  switch (isa) {
  case Isa::None:
    return "none";
  case Isa::Avx2:
    return "avx2";
  case Isa::Avx512:
    return "avx512";
  case Isa::Avx512Bf16:
    return "avx512_bf16";
  case Isa::Amx:
    return "amx";
  }
  return "none";
}

StatusOr<Isa> parseIsa(const std::string &name) {
  for (Isa isa : {Isa::Avx2, Isa::Avx512, Isa::Avx512Bf16, Isa::Amx}) {
    if (name == isaName(isa)) {
      return isa;
    }
  }
  return invalidArgument("unknown instruction set '" + name +
                         "', expected avx2, avx512, avx512_bf16 or amx");
}

Isa detectedIsa() {
  static const Isa isa = detect();
  return isa;
}

Isa usableIsa() {
  static const Isa isa = [] {
    Isa found = emulatesTiles() ? Isa::Amx : detectedIsa();
    const char *cap = std::getenv("BERTC_MAX_ISA");
    if (cap != nullptr) {
      StatusOr<Isa> wanted = parseIsa(cap);
      if (wanted.ok() && *wanted < found) {
        return *wanted;
      }
    }
    return found;
  }();
  return isa;
}

TileUnit tileUnit() {
  static const TileUnit unit = [] {
    if (usableIsa() != Isa::Amx) {
      return TileUnit::None;
    }
    return emulatesTiles() ? TileUnit::Emulated : TileUnit::Hardware;
  }();
  return unit;
}

Status checkMaxIsa() {
  const char *cap = std::getenv("BERTC_MAX_ISA");
  if (cap == nullptr) {
    return Status();
  }
  return parseIsa(cap).status().annotate("BERTC_MAX_ISA");
}

} // namespace bertc::rt
