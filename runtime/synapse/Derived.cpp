// SPDX-License-Identifier: Apache-2.0

#include "runtime/synapse/Derived.h"

#include "runtime/kernels/philox/Philox.h"

#include <cmath>
#include <cstring>

namespace bertc::rt::syn {

bool StepInputs::deterministic() const {
  return rng && (static_cast<uint32_t>((*rng)[3]) & philox::kFlagDropoutOff);
}

StatusOr<uint32_t> derivedBits(const plan::Derived &derived,
                               const StepInputs &inputs) {
  if (derived.kind() == plan::DerivedKind::DropoutSeed) {
    if (!inputs.rng) {
      return failedPrecondition("dropout needs an input rng, i32[4]");
    }
    auto word = [&](size_t i) {
      return static_cast<uint32_t>((*inputs.rng)[i]);
    };
    return philox::philox4x32({0, 0, derived.op_id(), word(2)}, word(0),
                              word(1))[0];
  }
  if (!inputs.updateStep) {
    return failedPrecondition("1 - base ^ update_step needs an input "
                              "update_step, i32");
  }
  auto value =
      static_cast<float>(1.0 - std::pow(derived.base(), *inputs.updateStep));
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

} // namespace bertc::rt::syn
