// SPDX-License-Identifier: Apache-2.0
//
// What a structurally sound plan must mean before anything follows its numbers:
//   names     unique, short, printable
//   shapes    positive, products without overflow, at most kMaxRank axes
//   windows   inside arena, variable or constants; aligned to the element; no
//             element reached twice
//   indices   of tensors, variables, packed weights, owners in range
//   state     variables do not overlap and lie in the state block
//   order     no step reads arena bytes that no input or earlier step wrote;
//             outputs of an entry are written
// Work is bounded by the size of the file. What a step kind demands of its
// operands (dtypes, shapes) is checked by its handler (StepHandler.h).
#pragma once

#include "bertc/status.h"
#include "runtime/schema/plan_generated.h"

namespace bertc::rt {

/// Corrupt, with the place and the figures, at the first violation.
Status verifyPlan(const plan::Plan &plan);

} // namespace bertc::rt
