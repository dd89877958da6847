// SPDX-License-Identifier: Apache-2.0

#include "runtime/onednn/MatmulGeometry.h"

#include "runtime/kernels/elementwise/ConvertLine.h"
#include "runtime/kernels/elementwise/Copy.h"

#include <algorithm>

namespace bertc::rt {
namespace {

// Size of batch axis i of a result of rank `rank`, 1 where t has no such axis.
int64_t batchDim(const TensorRef &t, int rank, int i) {
  int axis = i - (rank - t.rank);
  return axis < 0 ? 1 : t.dims[axis];
}

int64_t batchStride(const TensorRef &t, int rank, int i) {
  int axis = i - (rank - t.rank);
  return axis < 0 || t.dims[axis] == 1 ? 0 : t.strides[axis];
}

Status checkShapes(const TensorRef &a, const TensorRef &b, const TensorRef &c,
                   const TensorRef &residual) {
  if (a.rank < 2 || b.rank < 2 || c.rank != std::max(a.rank, b.rank)) {
    return corrupt("a is " + a.describe() + ", b is " + b.describe() +
                   " and c is " + c.describe() +
                   ", expected matrices and c of the larger rank");
  }
  if (a.dims[a.rank - 1] != b.dims[b.rank - 2] ||
      a.dims[a.rank - 2] != c.dims[c.rank - 2] ||
      b.dims[b.rank - 1] != c.dims[c.rank - 1]) {
    return corrupt("a is " + a.describe() + ", b is " + b.describe() +
                   " and c is " + c.describe() +
                   ", expected [M,K], [K,N] and [M,N]");
  }
  for (int i = 0; i < c.rank - 2; ++i) {
    int64_t da = batchDim(a, c.rank, i);
    int64_t db = batchDim(b, c.rank, i);
    if ((da != 1 && db != 1 && da != db) || c.dims[i] != std::max(da, db)) {
      return corrupt("batch axis " + std::to_string(i) + " is " +
                     std::to_string(da) + " in a, " + std::to_string(db) +
                     " in b and " + std::to_string(c.dims[i]) + " in c");
    }
  }
  if (residual.present && !sameShape(residual, c)) {
    return corrupt("residual is " + residual.describe() +
                   ", expected the shape of c, " + shapeString(c.shape()));
  }
  return Status();
}

// The four operands as one list, so that merging rules read once.
std::vector<MatrixStrides *> operands(MatmulGeometry &g) {
  return {&g.a, &g.b, &g.c, &g.residual};
}

void fillStrides(const TensorRef &t, int rank, const std::vector<int> &axes,
                 MatrixStrides *strides) {
  for (int axis : axes) {
    strides->batch.push_back(t.present ? batchStride(t, rank, axis) : 0);
  }
  if (t.present) {
    strides->row = t.strides[t.rank - 2];
    strides->col = t.strides[t.rank - 1];
  }
}

// Merges batch axis i with i + 1 when every operand walks them as one.
void mergeBatchAxes(MatmulGeometry &g) {
  for (size_t i = 0; i + 1 < g.batch.size();) {
    auto walksAsOne = [&](const MatrixStrides *s) {
      return s->batch[i] == s->batch[i + 1] * g.batch[i + 1];
    };
    auto all = operands(g);
    if (!std::all_of(all.begin(), all.end(), walksAsOne)) {
      ++i;
      continue;
    }
    g.batch[i + 1] *= g.batch[i];
    g.batch.erase(g.batch.begin() + static_cast<ptrdiff_t>(i));
    for (MatrixStrides *s : all) {
      s->batch.erase(s->batch.begin() + static_cast<ptrdiff_t>(i));
    }
  }
}

// Turns the last batch axis into rows when b repeats along it.
void foldBatchIntoRows(MatmulGeometry &g) {
  while (!g.batch.empty() && g.b.batch.back() == 0) {
    auto continues = [&](const MatrixStrides &s) {
      return g.m == 1 || s.batch.back() == s.row * g.m;
    };
    // a may not repeat itself: a row stride of 0 is no matrix.
    if (g.a.batch.back() == 0 || !continues(g.a) || !continues(g.c) ||
        !continues(g.residual)) {
      return;
    }
    for (MatrixStrides *s : operands(g)) {
      if (g.m == 1 && s != &g.b) {
        s->row = s->batch.back();
      }
      s->batch.pop_back();
    }
    g.m *= g.batch.back();
    g.batch.pop_back();
  }
}

// Calls copyLine(in, out) for every row, batch by batch, on all threads; a
// batch axis that either side repeats is visited once.
template <typename In, typename Out, typename Fn>
void forEachLine(const std::vector<int64_t> &batch, int64_t rows,
                 const MatrixStrides &from, const In *source,
                 const MatrixStrides &to, Out *target, Fn copyLine) {
  int64_t count = 1;
  for (size_t i = 0; i < batch.size(); ++i) {
    count *= from.batch[i] == 0 || to.batch[i] == 0 ? 1 : batch[i];
  }
#pragma omp parallel for schedule(static)
  for (int64_t line = 0; line < count * rows; ++line) {
    int64_t row = line % rows;
    int64_t rest = line / rows;
    const In *in = source + row * from.row;
    Out *out = target + row * to.row;
    for (size_t i = batch.size(); i-- > 0;) {
      if (from.batch[i] == 0 || to.batch[i] == 0) {
        continue;
      }
      in += rest % batch[i] * from.batch[i];
      out += rest % batch[i] * to.batch[i];
      rest /= batch[i];
    }
    copyLine(in, out);
  }
}

template <typename T, typename Fn>
void copyTyped(const std::vector<int64_t> &batch, int64_t rows, int64_t cols,
               const MatrixStrides &from, const T *source,
               const MatrixStrides &to, T *target, Fn convert) {
  forEachLine(batch, rows, from, source, to, target, [&](const T *in, T *out) {
    for (int64_t col = 0; col < cols; ++col) {
      out[col * to.col] = convert(in[col * from.col]);
    }
  });
}

MatrixStrides flipped(MatrixStrides s) {
  std::swap(s.row, s.col);
  return s;
}

// target[col, row] = source[row, col], tile by tile.
void transposeMatrix(int64_t rows, int64_t cols, size_t elementBytes,
                     int64_t sourcePitch, const void *source,
                     int64_t targetPitch, void *target) {
  kernels::OperandShape out, in;
  out.dtype = in.dtype = elementBytes == 2 ? DType::BF16 : DType::F32;
  out.rank = in.rank = 2;
  out.dims[0] = in.dims[0] = cols;
  out.dims[1] = in.dims[1] = rows;
  out.strides[0] = targetPitch;
  out.strides[1] = 1;
  in.strides[0] = 1;
  in.strides[1] = sourcePitch;
  void *data[] = {target, const_cast<void *>(source)};
  kernels::copy(kernels::makeElementwise(out, {in}), data);
}

// Lines along the axis in which both operands are contiguous: convertLine(in,
// out, n); where there is none, that for each element by itself.
template <typename In, typename Out, typename Fn>
void convertTyped(const std::vector<int64_t> &batch, int64_t rows, int64_t cols,
                  const MatrixStrides &givenFrom, const void *source,
                  const MatrixStrides &givenTo, void *target, Fn convertLine) {
  bool byColumns = givenFrom.row == 1 && givenTo.row == 1 && givenFrom.col != 1;
  MatrixStrides from = byColumns ? flipped(givenFrom) : givenFrom;
  MatrixStrides to = byColumns ? flipped(givenTo) : givenTo;
  int64_t length = byColumns ? rows : cols;
  forEachLine(batch, byColumns ? cols : rows, from,
              static_cast<const In *>(source), to, static_cast<Out *>(target),
              [&](const In *in, Out *out) {
                if (from.col == 1 && to.col == 1) {
                  convertLine(in, out, length);
                  return;
                }
                for (int64_t i = 0; i < length; ++i) {
                  convertLine(in + i * from.col, out + i * to.col, 1);
                }
              });
}

} // namespace

int64_t MatmulGeometry::batchCount() const {
  int64_t count = 1;
  for (int64_t dim : batch) {
    count *= dim;
  }
  return count;
}

StatusOr<MatmulGeometry> matmulGeometry(const TensorRef &a, const TensorRef &b,
                                        const TensorRef &c,
                                        const TensorRef &residual) {
  BERTC_RETURN_IF_ERROR(checkShapes(a, b, c, residual));
  MatmulGeometry g;
  g.m = c.dims[c.rank - 2];
  g.n = c.dims[c.rank - 1];
  g.k = a.dims[a.rank - 1];
  std::vector<int> axes;
  for (int i = 0; i < c.rank - 2; ++i) {
    if (c.dims[i] != 1) {
      axes.push_back(i);
      g.batch.push_back(c.dims[i]);
    }
  }
  fillStrides(a, c.rank, axes, &g.a);
  fillStrides(b, c.rank, axes, &g.b);
  fillStrides(c, c.rank, axes, &g.c);
  fillStrides(residual, c.rank, axes, &g.residual);
  foldBatchIntoRows(g);
  mergeBatchAxes(g);
  return g;
}

MatmulGeometry transposed(const MatmulGeometry &g) {
  MatmulGeometry t = g;
  std::swap(t.m, t.n);
  t.a = flipped(g.b);
  t.b = flipped(g.a);
  t.c = flipped(g.c);
  t.residual = flipped(g.residual);
  return t;
}

MatrixStrides denseStrides(const std::vector<int64_t> &batch, int64_t rows,
                           int64_t cols, const MatrixStrides &like) {
  MatrixStrides dense;
  dense.col = 1;
  dense.row = cols;
  dense.batch.resize(batch.size(), 0);
  int64_t stride = rows * cols;
  for (size_t i = batch.size(); i-- > 0;) {
    if (like.batch[i] != 0) {
      dense.batch[i] = stride;
      stride *= batch[i];
    }
  }
  return dense;
}

MatrixStrides denseStridesAs(const std::vector<int64_t> &batch, int64_t rows,
                             int64_t cols, const MatrixStrides &like) {
  return like.row == 1 && like.col != 1
             ? flipped(denseStrides(batch, cols, rows, like))
             : denseStrides(batch, rows, cols, like);
}

int64_t denseElements(const std::vector<int64_t> &batch, int64_t rows,
                      int64_t cols, const MatrixStrides &like) {
  int64_t count = rows * cols;
  for (size_t i = 0; i < batch.size(); ++i) {
    count *= like.batch[i] == 0 ? 1 : batch[i];
  }
  return count;
}

void copyMatrix(const std::vector<int64_t> &batch, int64_t rows, int64_t cols,
                size_t elementBytes, const MatrixStrides &from,
                const void *source, const MatrixStrides &to, void *target,
                float scale) {
  if (batch.empty() && scale == 1.0f && to.row == 1 && from.col == 1) {
    return transposeMatrix(rows, cols, elementBytes, from.row, source, to.col,
                           target);
  }
  if (elementBytes == 2) {
    copyTyped(batch, rows, cols, from, static_cast<const uint16_t *>(source),
              to, static_cast<uint16_t *>(target),
              [](uint16_t x) { return x; });
  } else {
    copyTyped(batch, rows, cols, from, static_cast<const float *>(source), to,
              static_cast<float *>(target),
              [scale](float x) { return x * scale; });
  }
}

void widenMatrix(const std::vector<int64_t> &batch, int64_t rows, int64_t cols,
                 const MatrixStrides &from, const void *source,
                 const MatrixStrides &to, void *target, float scale) {
  convertTyped<uint16_t, float>(
      batch, rows, cols, from, source, to, target,
      [scale](const uint16_t *in, float *out, int64_t n) {
        kernels::widenLine(in, out, n, scale);
      });
}

void narrowMatrix(const std::vector<int64_t> &batch, int64_t rows, int64_t cols,
                  const MatrixStrides &from, const void *source,
                  const MatrixStrides &to, void *target) {
  convertTyped<float, uint16_t>(batch, rows, cols, from, source, to, target,
                                kernels::narrowLine);
}

void roundMatrix(const std::vector<int64_t> &batch, int64_t rows, int64_t cols,
                 const MatrixStrides &from, const void *source,
                 const MatrixStrides &to, void *target, float scale) {
  convertTyped<float, float>(batch, rows, cols, from, source, to, target,
                             [scale](const float *in, float *out, int64_t n) {
                               kernels::roundLine(in, out, n, scale);
                             });
}

} // namespace bertc::rt
