// SPDX-License-Identifier: Apache-2.0
//
// Reductions over any axes and of integers, in plain loops.
#pragma once

#include "runtime/kernels/reduce/Reduce.h"

namespace bertc::rt::kernels {

/// As `reduce`, without scratch memory. Sums of floats are kept in f64, sums of
/// integers wrap.
void genericReduce(ReduceKind kind, const ReduceShape &shape, Buffer y,
                   Buffer x);

} // namespace bertc::rt::kernels
