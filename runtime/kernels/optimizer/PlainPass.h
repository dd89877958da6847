// SPDX-License-Identifier: Apache-2.0
//
// The yardstick of optimizer updates: one pass over the memory that an update
// cannot leave alone, with next to no arithmetic. `bert-run bench` times it in
// the same run as the update itself.
#pragma once

#include "runtime/kernels/optimizer/Optimizer.h"

namespace bertc::rt::kernels {

/// Reads var, m, v and gradient, writes all four: moments of the gradient, a
/// step along m, gradient = 0. The constants of `args` are not looked at.
void plainPass(const OptimizerArgs &args);

} // namespace bertc::rt::kernels
