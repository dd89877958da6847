// SPDX-License-Identifier: Apache-2.0
//
// The part of `binary` that works on integers.
#pragma once

#include "runtime/kernels/elementwise/Elementwise.h"

namespace bertc::rt::kernels {

/// data[0] = data[1] op data[2], all i32 or all i64; sums and products wrap.
void binaryInteger(BinaryKind kind, const ElementwiseShape &shape,
                   void *const *data);

} // namespace bertc::rt::kernels
