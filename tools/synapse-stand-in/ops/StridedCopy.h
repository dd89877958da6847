// SPDX-License-Identifier: Apache-2.0
//
// Copies of boxes of elements of any size: every node that only moves data is
// one or a few of these.
#pragma once

#include "tools/synapse-stand-in/ops/OpCheck.h"

namespace bertc::standin {

/// One side of a copy: where element (0, 0, ...) is, and how far neighbours
/// along each dimension are apart, in elements. A stride of 0 repeats.
struct Side {
  void *data;
  uint64_t offset;
  Shape strides;
};

/// Strides of a dense tensor of that shape.
Shape denseStrides(const Shape &shape);

/// to(i, j, ...) = from(i, j, ...) for all coordinates below `sizes`.
void copyBox(unsigned elementBytes, const Shape &sizes, const Side &from,
             const Side &to);

/// Copies a tensor of equal size, unless it is the same memory.
void copyWhole(const OpTensor &from, const OpTensor &to);

} // namespace bertc::standin
