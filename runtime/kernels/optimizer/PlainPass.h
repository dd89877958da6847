// SPDX-License-Identifier: Apache-2.0
//
// The yardsticks of optimizer updates: the memory traffic of an update, with
// next to no arithmetic. `bert-run bench` times them in the same run as the
// update itself.
#pragma once

#include "runtime/kernels/optimizer/Optimizer.h"

namespace bertc::rt::kernels {

/// Reads var, m, v and gradient, writes all four: moments of the gradient, a
/// step along m, gradient = 0. The constants of `args` are not looked at.
void plainPass(const OptimizerArgs &args);

/// The same in the two passes that a trust ratio takes, as it is known only
/// when every element was seen: the first reads all four and writes m, v and
/// gradient, the second, from the end, reads gradient and var and writes both.
/// The results are those of plainPass(), but for rounding.
void plainTwoPasses(const OptimizerArgs &args);

} // namespace bertc::rt::kernels
