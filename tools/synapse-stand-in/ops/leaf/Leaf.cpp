// SPDX-License-Identifier: Apache-2.0
//
// Chooses the loops that the processor can run.
#include "tools/synapse-stand-in/ops/leaf/Leaf.h"

namespace bertc::standin {

const Leaf &leaf() {
  static const Leaf &chosen = []() -> const Leaf & {
    if (__builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
      return avx512::table;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
      return avx2::table;
    }
    return baseline::table;
  }();
  return chosen;
}

} // namespace bertc::standin
