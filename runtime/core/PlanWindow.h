// SPDX-License-Identifier: Apache-2.0
//
// Checked arithmetic on the shapes and strided windows of an untrusted plan.
#pragma once

#include "bertc/status.h"
#include "runtime/core/WrittenBytes.h"
#include "runtime/schema/plan_generated.h"

#include <cstdint>

namespace bertc::rt {

/// Bytes of a dense tensor. Corrupt when the dtype is unknown, there are more
/// than kMaxRank axes, a dimension is not positive, or the product overflows.
StatusOr<uint64_t> checkedBytes(plan::DType dtype,
                                const flatbuffers::Vector<int64_t> &shape);

/// The window of a tensor inside its storage. Corrupt when the shape is bad,
/// strides are not one positive number an axis, an element would be reached
/// twice, the offset is not a multiple of the element size, or numbers
/// overflow.
StatusOr<ByteWindow> checkedWindow(const plan::Tensor &tensor);

} // namespace bertc::rt
