// SPDX-License-Identifier: Apache-2.0
//
// A batched matmul over arbitrary strides brought to the fewest axes, so that
// the library sees a plain 2-D product wherever there is one:
//   c[batch.., m, n] = a[batch.., m, k] b[batch.., k, n]
#pragma once

#include "bertc/status.h"
#include "runtime/core/StepHandler.h"

#include <cstdint>
#include <vector>

namespace bertc::rt {

/// One operand: strides (in elements) of the batch axes, the row and the
/// column. A batch stride of 0 repeats the operand along that axis.
struct MatrixStrides {
  std::vector<int64_t> batch;
  int64_t row = 0;
  int64_t col = 0;
};

struct MatmulGeometry {
  std::vector<int64_t> batch;
  int64_t m = 1, k = 1, n = 1;
  MatrixStrides a, b, c;
  /// All zero without a residual.
  MatrixStrides residual;

  int64_t batchCount() const;
};

/// Checks that shapes fit (numpy broadcasting of batch axes; `residual` may be
/// absent, else it has the shape of c) and merges axes: batch axes that lie
/// one behind the other in every operand become one, and those that b repeats
/// along become rows. Corrupt, naming the operand, when shapes do not fit.
StatusOr<MatmulGeometry> matmulGeometry(const TensorRef &a, const TensorRef &b,
                                        const TensorRef &c,
                                        const TensorRef &residual);

/// The same product seen as c^T = b^T a^T.
MatmulGeometry transposed(const MatmulGeometry &g);

/// Row-major strides without gaps for an operand of `rows` x `cols` that is
/// repeated along the batch axes where `like` is.
MatrixStrides denseStrides(const std::vector<int64_t> &batch, int64_t rows,
                           int64_t cols, const MatrixStrides &like);

/// Elements that denseStrides() spans.
int64_t denseElements(const std::vector<int64_t> &batch, int64_t rows,
                      int64_t cols, const MatrixStrides &like);

/// The same with the rows behind each other in memory where `like` has them so:
/// what a copy that does not transpose makes.
MatrixStrides denseStridesAs(const std::vector<int64_t> &batch, int64_t rows,
                             int64_t cols, const MatrixStrides &like);

/// Copies one strided operand to another of the same shape on all threads;
/// elements of 2 or 4 bytes. Repeated batch axes are copied once. Elements of 4
/// bytes are floats and are multiplied by `scale`.
void copyMatrix(const std::vector<int64_t> &batch, int64_t rows, int64_t cols,
                size_t elementBytes, const MatrixStrides &from,
                const void *source, const MatrixStrides &to, void *target,
                float scale = 1.0f);

/// The same from bf16 to f32, and from f32 to bf16, rounded to nearest even.
void widenMatrix(const std::vector<int64_t> &batch, int64_t rows, int64_t cols,
                 const MatrixStrides &from, const void *source,
                 const MatrixStrides &to, void *target, float scale = 1.0f);
void narrowMatrix(const std::vector<int64_t> &batch, int64_t rows, int64_t cols,
                  const MatrixStrides &from, const void *source,
                  const MatrixStrides &to, void *target);
/// From f32 to f32, rounded to what bf16 can hold, then times `scale`.
void roundMatrix(const std::vector<int64_t> &batch, int64_t rows, int64_t cols,
                 const MatrixStrides &from, const void *source,
                 const MatrixStrides &to, void *target, float scale = 1.0f);

} // namespace bertc::rt
