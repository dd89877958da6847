// SPDX-License-Identifier: Apache-2.0
//
// The parts of `unary` that compute nothing in floating point: copies, which
// include N-D transposes, conversions from and to integers, integer negation.
#pragma once

#include "runtime/kernels/common/Operand.h"

namespace bertc::rt::kernels {

/// data[0] = data[1], one type of any kind.
void copy(const ElementwiseShape &shape, void *const *data);

/// data[0] = data[1] converted; float to integer truncates and saturates, NaN
/// becomes 0; to Bool: x != 0.
void convert(const ElementwiseShape &shape, void *const *data);

/// data[0] = -data[1], both i32 or both i64, wrapping.
void negateInteger(const ElementwiseShape &shape, void *const *data);

} // namespace bertc::rt::kernels
