// SPDX-License-Identifier: Apache-2.0
//
// The scalars that change from launch to launch and that the host computes, so
// that no step needs a graph of its own (plan.fbs, Derived).
#pragma once

#include "bertc/status.h"
#include "runtime/schema/plan_generated.h"

#include <array>
#include <cstdint>
#include <optional>

namespace bertc::rt::syn {

/// The inputs of an entry that the host itself reads.
struct StepInputs {
  /// {seed_lo, seed_hi, step, flags}
  std::optional<std::array<int32_t, 4>> rng;
  std::optional<int32_t> updateStep;

  /// Bit 0 of the flags: a run without dropout.
  bool deterministic() const;
};

/// The 4 bytes of one derived tensor: i32 or f32. FailedPrecondition when the
/// entry has no input it follows from.
StatusOr<uint32_t> derivedBits(const plan::Derived &derived,
                               const StepInputs &inputs);

} // namespace bertc::rt::syn
