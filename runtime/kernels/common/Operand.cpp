// SPDX-License-Identifier: Apache-2.0
//
// Shapes of operands and how several of them are walked together.

#include "runtime/kernels/common/Operand.h"

namespace bertc::rt::kernels {

int64_t OperandShape::elements() const {
  int64_t n = 1;
  for (int i = 0; i < rank; ++i) {
    n *= dims[i];
  }
  return n;
}

bool OperandShape::isDense() const {
  int64_t expected = 1;
  for (int i = rank - 1; i >= 0; --i) {
    if (dims[i] != 1 && strides[i] != expected) {
      return false;
    }
    expected *= dims[i];
  }
  return true;
}

OperandShape denseShape(DType dtype, const int64_t *dims, int rank) {
  OperandShape shape;
  shape.dtype = dtype;
  shape.rank = rank;
  int64_t stride = 1;
  for (int i = rank - 1; i >= 0; --i) {
    shape.dims[i] = dims[i];
    shape.strides[i] = stride;
    stride *= dims[i];
  }
  return shape;
}

OperandShape denseShape(DType dtype, std::initializer_list<int64_t> dims) {
  return denseShape(dtype, dims.begin(), static_cast<int>(dims.size()));
}

bool ElementwiseShape::isFlat() const {
  for (int k = 0; k < operands; ++k) {
    if (strides[k][0] != 1) {
      return false;
    }
  }
  return rank == 1;
}

bool broadcastsTo(const OperandShape &from, const OperandShape &to) {
  int shift = to.rank - from.rank;
  if (shift < 0) {
    return false;
  }
  for (int i = 0; i < from.rank; ++i) {
    if (from.dims[i] != 1 && from.dims[i] != to.dims[i + shift]) {
      return false;
    }
  }
  return true;
}

// Whether axis `inner` continues axis `outer` in every operand.
static bool mergeable(const ElementwiseShape &s, int outer,
                      const int64_t *innerStrides, int64_t innerDim) {
  for (int k = 0; k < s.operands; ++k) {
    if (s.strides[k][outer] != innerStrides[k] * innerDim) {
      return false;
    }
  }
  return true;
}

ElementwiseShape makeElementwise(const OperandShape &out,
                                 std::initializer_list<OperandShape> inputs) {
  const OperandShape *all[kMaxOperands] = {&out};
  ElementwiseShape s;
  s.operands = 1;
  for (const OperandShape &input : inputs) {
    all[s.operands++] = &input;
  }
  for (int k = 0; k < s.operands; ++k) {
    s.dtypes[k] = all[k]->dtype;
  }
  s.elements = out.elements();
  for (int axis = 0; axis < out.rank; ++axis) {
    int64_t dim = out.dims[axis];
    if (dim == 1) {
      continue;
    }
    int64_t strides[kMaxOperands];
    for (int k = 0; k < s.operands; ++k) {
      int own = axis - (out.rank - all[k]->rank);
      bool broadcast = own < 0 || all[k]->dims[own] == 1;
      strides[k] = broadcast ? 0 : all[k]->strides[own];
    }
    bool merge = s.rank > 0 && mergeable(s, s.rank - 1, strides, dim);
    if (!merge) {
      ++s.rank;
    }
    int64_t &target = s.dims[s.rank - 1];
    target = merge ? target * dim : dim;
    for (int k = 0; k < s.operands; ++k) {
      s.strides[k][s.rank - 1] = strides[k];
    }
  }
  if (s.rank == 0) {
    s.rank = 1;
    s.dims[0] = 1;
    for (int k = 0; k < s.operands; ++k) {
      s.strides[k][0] = 1;
    }
  }
  return s;
}

} // namespace bertc::rt::kernels
