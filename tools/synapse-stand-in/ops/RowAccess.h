// SPDX-License-Identifier: Apache-2.0
//
// Runs of elements of any dtype as f32, so that a kernel is written once.
#pragma once

#include "tools/synapse-stand-in/ops/Ops.h"
#include "tools/synapse-stand-in/ops/leaf/Leaf.h"

namespace bertc::standin {

/// `n` elements from `first`: the tensor's own memory when it is f32, else
/// `buffer`, which they are converted into.
const float *readFloats(const OpTensor &tensor, uint64_t first, uint64_t n,
                        float *buffer);

/// Rounds `n` numbers into the tensor; nothing to do when they are there.
void writeFloats(const OpTensor &tensor, uint64_t first, uint64_t n,
                 const float *values);

/// Where to compute `n` elements before writeFloats: the tensor's own memory
/// when it is f32, else `buffer`.
float *floatsToWrite(const OpTensor &tensor, uint64_t first, float *buffer);

/// One element; i32 above 2^24 is rounded.
float readFloat(const OpTensor &tensor, uint64_t at);

/// One element of an i32 or i8 tensor.
int32_t readInt(const OpTensor &tensor, uint64_t at);

} // namespace bertc::standin
