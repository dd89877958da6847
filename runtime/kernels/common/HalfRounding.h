// SPDX-License-Identifier: Apache-2.0
//
// Whether vectors of f32 are rounded to bf16 by the instruction of AVX512_BF16,
// one instead of eight steps of integers. It has no target of its own: the
// AVX-512 copy of a kernel asks once for each block or call.
#pragma once

namespace bertc::rt::kernels {

/// False when the CPU lacks the instruction or BERTC_MAX_ISA excludes it.
bool roundsHalvesInHardware();

} // namespace bertc::rt::kernels
