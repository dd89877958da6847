// SPDX-License-Identifier: Apache-2.0
//
// Reductions of dense tensors in f32: over any axes, index of the maximum, half
// the sum of squares. Partial sums are cut by the shape alone and combined in a
// fixed order.
#pragma once

#include "runtime/kernels/common/Operand.h"

namespace bertc::rt::kernels {

/// Numbered as in plan.fbs.
enum class ReduceKind : uint8_t { Sum = 0, Mean, Max };

/// A reduction as alternating kept and reduced runs of axes, innermost last;
/// made by reduceShape().
struct ReduceShape {
  int rank = 0;
  int64_t dims[kMaxRank] = {};
  bool reduced[kMaxRank] = {};
};

/// Merges neighbouring axes that are both kept or both reduced; `axes` lists
/// distinct axes of x.
ReduceShape reduceShape(const int64_t *dims, int rank, const uint32_t *axes,
                        int axisCount);

/// y = x reduced; x dense f32, bf16 or (Sum and Max) i32, y dense of x's type
/// or f32. Sums of no elements are 0, Mean of none NaN, Max of none -inf.
/// `scratch` has reduceScratch(shape) bytes, 64-byte aligned.
void reduce(ReduceKind kind, const ReduceShape &shape, Buffer y, Buffer x,
            void *scratch);
int64_t reduceScratch(const ReduceShape &shape);

/// True when `reduce` has a kernel for these types.
bool reduceSupports(ReduceKind kind, DType y, DType x);

/// y[r] = index of the first maximum of x[r, :]; NaN counts as the maximum.
/// x f32 or bf16, [rows, columns] dense, columns > 0.
void argMax(int32_t *y, Buffer x, int64_t rows, int64_t columns);

/// sum(x^2) / 2, partial sums in f64; x f32 or bf16 dense.
float l2Loss(Buffer x, int64_t elements);

} // namespace bertc::rt::kernels
