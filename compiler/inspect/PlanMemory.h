// SPDX-License-Identifier: Apache-2.0
//
// What a plan takes to run, for reports.
#pragma once

#include "runtime/schema/plan_generated.h"

#include <cstdint>

namespace bertc {

/// Resident bytes to expect of bert-run on this CPU: variables, the arena of
/// every entry but `gradients` (which training does not run), packed weights,
/// scratch memory and the runtime. Weights that our own f32 kernels read
/// (core/FloatProducts.h) are not packed. bf16 weights are packed one way
/// round, and a second one is made in scratch memory (core/PackedCopies.h).
/// Where products of bf16 are formed in f32 (PlanPrecision.h), they are not
/// packed, and what is widened is in scratch memory.
uint64_t expectedBytesHere(const plan::Plan &plan);

} // namespace bertc
