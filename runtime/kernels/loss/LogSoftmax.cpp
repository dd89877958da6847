// SPDX-License-Identifier: Apache-2.0
//
// Log-softmax and its gradient: rows as long as a vocabulary, in blocks.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/loss/Loss.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/loss/LogSoftmax.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/loss/RowSums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

HWY_INLINE float sumBlock(const float *x, size_t n) {
  const DF df;
  VF sum = hn::Zero(df);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    sum = hn::Add(sum, hn::LoadU(df, x + i));
  }
  float result = hn::GetLane(hn::SumOfLanes(df, sum));
  for (; i < n; ++i) {
    result += x[i];
  }
  return result;
}

struct SubtractOp {
  VF value;
  HWY_INLINE VF operator()(VF x) const { return hn::Sub(x, value); }
};

// dy - e^y * sum.
struct LogSoftmaxGradOp {
  VF sum;
  HWY_INLINE VF operator()(VF dy, VF y) const {
    return hn::NegMulAdd(expV(y), sum, dy);
  }
};

RowSums logSoftmaxSums(Buffer x, int64_t base, int64_t columns) {
  return rowSumsOf(x, base, columns);
}

// y = (x - largest) - logSum, in this order, for one row.
void logSoftmaxWrite(Buffer y, Buffer x, int64_t base, int64_t columns,
                     float largest, float logSum, bool stream) {
  HWY_ALIGN float in[kBlock];
  HWY_ALIGN float out[kBlock];
  for (int64_t c = 0; c < columns; c += kBlock) {
    size_t n = blockLength(c, columns);
    const float *p = loadBlock(x.data, x.dtype, base + c, 1, n, in);
    float *q = outBlock(y.data, y.dtype, base + c, 1, out, stream);
    mapBlock(SubtractOp{splat(largest)}, p, q, n);
    mapBlock(SubtractOp{splat(logSum)}, q, q, n);
    storeBlock(q, y.data, y.dtype, base + c, 1, n, stream);
  }
  finishStreams(stream);
}

void logSoftmaxGradRow(Buffer dx, Buffer dy, Buffer y, int64_t base,
                       int64_t columns, bool stream) {
  HWY_ALIGN float in0[kBlock];
  HWY_ALIGN float in1[kBlock];
  HWY_ALIGN float out[kBlock];
  double sum = 0.0;
  for (int64_t c = 0; c < columns; c += kBlock) {
    size_t n = blockLength(c, columns);
    const float *d = loadBlock(dy.data, dy.dtype, base + c, 1, n, in0);
    sum += static_cast<double>(sumBlock(d, n));
  }
  LogSoftmaxGradOp op{splat(static_cast<float>(sum))};
  for (int64_t c = 0; c < columns; c += kBlock) {
    size_t n = blockLength(c, columns);
    const float *d = loadBlock(dy.data, dy.dtype, base + c, 1, n, in0);
    const float *p = loadBlock(y.data, y.dtype, base + c, 1, n, in1);
    float *q = outBlock(dx.data, dx.dtype, base + c, 1, out, stream);
    mapBlock(op, d, p, q, n);
    storeBlock(q, dx.data, dx.dtype, base + c, 1, n, stream);
  }
  finishStreams(stream);
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cmath>

namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(logSoftmaxSums);
HWY_EXPORT(logSoftmaxWrite);
HWY_EXPORT(logSoftmaxGradRow);

int64_t rowsPerTask(int64_t columns) {
  return std::max<int64_t>(1, kTaskElements / std::max<int64_t>(1, columns));
}
} // namespace

void logSoftmax(Buffer y, Buffer x, int64_t rows, int64_t columns) {
  bool stream = streams(y, rows * columns, {x.data});
  parallelRanges(rows, rowsPerTask(columns), [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      int64_t base = r * columns;
      auto sums = HWY_DYNAMIC_DISPATCH(logSoftmaxSums)(x, base, columns);
      HWY_DYNAMIC_DISPATCH(logSoftmaxWrite)
      (y, x, base, columns, sums.largest, std::log(sums.sum), stream);
    }
  });
}

void logSoftmaxGrad(Buffer dx, Buffer dy, Buffer y, int64_t rows,
                    int64_t columns) {
  bool stream = streams(dx, rows * columns, {dy.data, y.data});
  parallelRanges(rows, rowsPerTask(columns), [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      HWY_DYNAMIC_DISPATCH(logSoftmaxGradRow)
      (dx, dy, y, r * columns, columns, stream);
    }
  });
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
