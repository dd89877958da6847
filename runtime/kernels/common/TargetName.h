// SPDX-License-Identifier: Apache-2.0
//
// The ceiling on the instruction sets of the kernels, and what they run with.
// Free of Highway, for callers that are compiled once.
#pragma once

#include "runtime/core/CpuFeatures.h"

namespace bertc::rt::kernels {

/// Caps the kernels at `isa`; calls after the first may only lower the cap.
void limitKernels(Isa isa);

/// The instruction set the kernels run with now: "avx512", "avx2" or "x86-64".
const char *kernelTargetName();

} // namespace bertc::rt::kernels
