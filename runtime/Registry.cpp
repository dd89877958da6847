// SPDX-License-Identifier: Apache-2.0
//
// The table of all step handlers.

#include "runtime/core/StepHandler.h"
#include "runtime/onednn/MatmulStep.h"
#include "runtime/steps/Steps.h"

namespace bertc::rt {

const StepRegistry &stepRegistry() {
  static const StepRegistry registry = [] {
    StepRegistry r;
    registerMatmulSteps(r);
    registerKernelSteps(r);
    return r;
  }();
  return registry;
}

} // namespace bertc::rt
