// SPDX-License-Identifier: Apache-2.0
//
// Which products of f32 our own kernels form (kernels/gemm), for those who run
// plans and for those who say beforehand what a plan will take.
#pragma once

#include <cstdint>

namespace bertc::rt {

/// Whether c[m, n] = a[m, k] b[k, n] in f32 is left to our kernels rather than
/// to the library: there is AVX-512 (capped by BERTC_MAX_ISA), and enough rows
/// make up for bringing b into panels. Weights are then read as they are.
/// Depends on nothing else, so that the bits of a result do not either.
bool ownFloatProduct(int64_t m, int64_t n, int64_t k);

} // namespace bertc::rt
