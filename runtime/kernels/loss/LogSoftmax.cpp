// SPDX-License-Identifier: Apache-2.0
//
// Log-softmax and its gradient: rows as long as a vocabulary, in blocks.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/loss/Loss.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/loss/LogSoftmax.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/common/HalvesMath-inl.h"
#include "runtime/kernels/common/Vectors-inl.h"
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

// The sums of a row of bf16 whose log-softmax becomes bf16.
RowSums logSoftmaxHalfSums(const uint16_t *x, int64_t columns) {
  FourSums tops;
  tops.v[0] = tops.v[1] = tops.v[2] = tops.v[3] = splat(-__builtin_inff());
  forVectors(columns, [&](int j, int64_t i, size_t n) BERTC_STEP {
    VF v = loadHalves(x + i, n);
    // Past the end there is the first element again.
    v = n == kLanes ? v : replaceRest(v, n, splat(bf16ToFloat(x[0])));
    tops.v[j] = hn::Max(tops.v[j], v);
  });
  const float largest =
      hn::GetLane(hn::MaxOfLanes(DF(), hn::Max(hn::Max(tops.v[0], tops.v[1]),
                                               hn::Max(tops.v[2], tops.v[3]))));
  const VF shift = splat(largest);
  FourSums sums;
  forVectors(columns, [&](int j, int64_t i, size_t n) BERTC_STEP {
    // Of the next row, whose first pass has too little to do to wait for it.
    hwy::Prefetch(x + columns + i);
    VF e = expHalvesV(hn::Sub(loadHalves(x + i, n), shift));
    sums.v[j] = hn::Add(sums.v[j], firstOf(e, n));
  });
  return {largest, sums.total()};
}

void logSoftmaxHalfWrite(uint16_t *y, const uint16_t *x, int64_t columns,
                         float largest, float logSum) {
  const VF first = splat(largest), second = splat(logSum);
  withRounding([&](auto rounding) HWY_ATTR {
    forVectors(columns, [&](int, int64_t i, size_t n) BERTC_STEP {
      VF v = hn::Sub(hn::Sub(loadHalves(x + i, n), first), second);
      storeHalves(rounding, v, y + i, n);
    });
  });
}

void logSoftmaxGradHalfRow(uint16_t *dx, const uint16_t *dy, const uint16_t *y,
                           int64_t columns) {
  double sum = 0.0;
  for (int64_t c = 0; c < columns; c += kBlock) {
    FourSums sums;
    forVectors(columns - c < kBlock ? columns - c : kBlock,
               [&](int j, int64_t i, size_t n) BERTC_STEP {
                 VF d = loadHalves(dy + c + i, n);
                 sums.v[j] = hn::Add(sums.v[j], d);
               });
    sum += static_cast<double>(sums.total());
  }
  const VF total = splat(static_cast<float>(sum));
  withRounding([&](auto rounding) HWY_ATTR {
    forVectors(columns, [&](int, int64_t i, size_t n) BERTC_STEP {
      // As above.
      hwy::Prefetch(dy + columns + i);
      VF e = expHalvesV(loadHalves(y + i, n));
      VF d = hn::NegMulAdd(e, total, loadHalves(dy + i, n));
      storeHalves(rounding, d, dx + i, n);
    });
  });
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <cmath>

namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(logSoftmaxSums);
HWY_EXPORT(logSoftmaxWrite);
HWY_EXPORT(logSoftmaxGradRow);
HWY_EXPORT(logSoftmaxHalfSums);
HWY_EXPORT(logSoftmaxHalfWrite);
HWY_EXPORT(logSoftmaxGradHalfRow);

int64_t rowsPerTask(int64_t columns) {
  return std::max<int64_t>(1, kTaskElements / std::max<int64_t>(1, columns));
}

uint16_t *halves(Buffer b, int64_t base) {
  return static_cast<uint16_t *>(b.data) + base;
}

void logSoftmaxHalfRow(Buffer y, Buffer x, int64_t base, int64_t columns) {
  auto sums =
      HWY_DYNAMIC_DISPATCH(logSoftmaxHalfSums)(halves(x, base), columns);
  HWY_DYNAMIC_DISPATCH(logSoftmaxHalfWrite)
  (halves(y, base), halves(x, base), columns, sums.largest, std::log(sums.sum));
}
} // namespace

void logSoftmax(Buffer y, Buffer x, int64_t rows, int64_t columns) {
  bool stream = streams(y, rows * columns, {x.data});
  parallelRanges(rows, rowsPerTask(columns), [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      int64_t base = r * columns;
      if (areHalves({x, y})) {
        logSoftmaxHalfRow(y, x, base, columns);
        continue;
      }
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
      int64_t base = r * columns;
      if (areHalves({dx, dy, y})) {
        HWY_DYNAMIC_DISPATCH(logSoftmaxGradHalfRow)
        (halves(dx, base), halves(dy, base), halves(y, base), columns);
      } else {
        HWY_DYNAMIC_DISPATCH(logSoftmaxGradRow)
        (dx, dy, y, base, columns, stream);
      }
    }
  });
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
