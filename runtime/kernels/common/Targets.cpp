// SPDX-License-Identifier: Apache-2.0
//
// Passes the ceiling on instruction sets to Highway's dispatcher.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/common/TargetName.h"

#include "hwy/highway.h"
#include "hwy/targets.h"

namespace bertc::rt::kernels {

void limitKernels(Isa isa) {
  int64_t disabled = 0;
  if (isa < Isa::Avx512) {
    disabled |= HWY_AVX3 | HWY_AVX3_DL;
  }
  if (isa < Isa::Avx2) {
    disabled |= HWY_AVX2;
  }
  if (disabled != 0) {
    hwy::DisableTargets(disabled);
    // The dispatcher may already have chosen.
    hwy::GetChosenTarget().DeInit();
  }
}

const char *kernelTargetName() {
  int64_t targets = hwy::SupportedTargets();
  if ((targets & HWY_AVX3) != 0) {
    return "avx512";
  }
  return (targets & HWY_AVX2) != 0 ? "avx2" : "x86-64";
}

} // namespace bertc::rt::kernels
