// SPDX-License-Identifier: Apache-2.0
//
// Which instruction sets our kernels are compiled for: AVX-512, AVX2 with FMA
// and, so that a CPU below the minimum reaches the message that says so, plain
// x86-64. To be included before any Highway header.
#pragma once

// What lies between plain x86-64 and AVX2 is not worth its compile time.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4)
