// SPDX-License-Identifier: Apache-2.0
//
// Walks the operands of an elementwise kernel block by block. A unit is at most
// kBlock consecutive elements of the innermost axis; units are numbered in
// row-major order, so that a range of them is a task.
#pragma once

#include "runtime/kernels/common/Operand.h"
#include "runtime/kernels/common/Parallel.h"

#include <algorithm>

namespace bertc::rt::kernels {

/// Elements of a unit; its operands as f32 fit in the L1 cache together.
inline constexpr int64_t kBlock = 1024;

inline int64_t blocksPerRow(const ElementwiseShape &shape) {
  return (shape.dims[shape.rank - 1] + kBlock - 1) / kBlock;
}

/// All units of a shape.
inline int64_t unitCount(const ElementwiseShape &shape) {
  int64_t inner = shape.dims[shape.rank - 1];
  return inner == 0 ? 0 : shape.elements / inner * blocksPerRow(shape);
}

/// Units that make up one task of about kTaskElements.
inline int64_t unitsPerTask(const ElementwiseShape &shape) {
  int64_t inner = std::min(shape.dims[shape.rank - 1], kBlock);
  return std::max<int64_t>(1, kTaskElements / std::max<int64_t>(1, inner));
}

/// The current unit and the element offset of each operand at its beginning.
class UnitWalk {
public:
  UnitWalk(const ElementwiseShape &shape, int64_t unit)
      : shape_(shape), unit_(unit), blocks_(blocksPerRow(shape)) {
    int64_t row = unit / blocks_;
    block_ = unit % blocks_;
    for (int axis = shape.rank - 2; axis >= 0; --axis) {
      index_[axis] = row % shape.dims[axis];
      row /= shape.dims[axis];
      for (int k = 0; k < shape.operands; ++k) {
        offsets_[k] += index_[axis] * shape.strides[k][axis];
      }
    }
  }

  int64_t unit() const { return unit_; }
  int64_t count() const {
    return std::min(kBlock, shape_.dims[shape_.rank - 1] - block_ * kBlock);
  }
  int64_t offset(int k) const {
    return offsets_[k] + block_ * kBlock * stride(k);
  }
  int64_t stride(int k) const { return shape_.strides[k][shape_.rank - 1]; }

  void next() {
    ++unit_;
    if (++block_ < blocks_) {
      return;
    }
    block_ = 0;
    for (int axis = shape_.rank - 2; axis >= 0; --axis) {
      bool wraps = ++index_[axis] == shape_.dims[axis];
      int64_t steps = wraps ? 1 - shape_.dims[axis] : 1;
      for (int k = 0; k < shape_.operands; ++k) {
        offsets_[k] += steps * shape_.strides[k][axis];
      }
      if (!wraps) {
        return;
      }
      index_[axis] = 0;
    }
  }

private:
  const ElementwiseShape &shape_;
  int64_t unit_, blocks_, block_ = 0;
  int64_t index_[kMaxRank] = {};
  int64_t offsets_[kMaxOperands] = {};
};

} // namespace bertc::rt::kernels
