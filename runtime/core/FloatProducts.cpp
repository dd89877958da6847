// SPDX-License-Identifier: Apache-2.0

#include "runtime/core/FloatProducts.h"

#include "runtime/core/CpuFeatures.h"

namespace bertc::rt {

bool ownFloatProduct(int64_t m, int64_t n, int64_t k) {
  constexpr int64_t kLeastRows = 256, kLeast = 256;
  return m >= kLeastRows && n >= kLeast && k >= kLeast &&
         usableIsa() >= Isa::Avx512;
}

} // namespace bertc::rt
