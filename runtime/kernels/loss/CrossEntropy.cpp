// SPDX-License-Identifier: Apache-2.0
//
// The loss of labels under a softmax without writing the softmax, and its
// gradient in one pass over the logits.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/loss/Loss.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/loss/CrossEntropy.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/loss/RowSums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

// factor e^(x - shift).
struct ScaledExpOp {
  VF factor, shift;
  HWY_INLINE VF operator()(VF x) const {
    return hn::Mul(factor, expV(hn::Sub(x, shift)));
  }
};

RowSums crossEntropySums(Buffer x, int64_t base, int64_t columns) {
  return rowSumsOf(x, base, columns);
}

void crossEntropyGradRow(Buffer d, Buffer x, int64_t base, int64_t columns,
                         int64_t label, float dloss, float lse, bool stream) {
  HWY_ALIGN float in[kBlock];
  HWY_ALIGN float out[kBlock];
  ScaledExpOp op{splat(dloss), splat(lse)};
  for (int64_t c = 0; c < columns; c += kBlock) {
    size_t n = blockLength(c, columns);
    const float *p = loadBlock(x.data, x.dtype, base + c, 1, n, in);
    float *q = outBlock(d.data, d.dtype, base + c, 1, out, stream);
    mapBlock(op, p, q, n);
    if (label >= c && label < c + static_cast<int64_t>(n)) {
      q[label - c] -= dloss;
    }
    storeBlock(q, d.data, d.dtype, base + c, 1, n, stream);
  }
  finishStreams(stream);
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "runtime/kernels/common/Bf16.h"

#include <cmath>
#include <string>

namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(crossEntropySums);
HWY_EXPORT(crossEntropyGradRow);

Status checkLabels(const CrossEntropyArgs &args) {
  for (int64_t i = 0; i < args.rows; ++i) {
    if (args.labels[i] < 0 || args.labels[i] >= args.columns) {
      return invalidArgument("label " + std::to_string(args.labels[i]) +
                             " at position " + std::to_string(i) +
                             " is outside the " + std::to_string(args.columns) +
                             " classes");
    }
  }
  return Status();
}

float elementAt(Buffer x, int64_t i) {
  return x.dtype == DType::F32
             ? static_cast<const float *>(x.data)[i]
             : bf16ToFloat(static_cast<const uint16_t *>(x.data)[i]);
}

int64_t rowsPerTask(int64_t columns) {
  return std::max<int64_t>(1, kTaskElements / std::max<int64_t>(1, columns));
}
} // namespace

Status crossEntropy(const CrossEntropyArgs &args) {
  BERTC_RETURN_IF_ERROR(checkLabels(args));
  parallelRanges(
      args.rows, rowsPerTask(args.columns), [&](int64_t first, int64_t last) {
        for (int64_t r = first; r < last; ++r) {
          int64_t base = r * args.columns;
          auto sums = HWY_DYNAMIC_DISPATCH(crossEntropySums)(args.logits, base,
                                                             args.columns);
          float logSum = std::log(sums.sum);
          float label = elementAt(args.logits, base + args.labels[r]);
          args.lse[r] = sums.largest + logSum;
          // In this order, as log-softmax has it: largest and label may be
          // large and near each other.
          args.loss[r] = -((label - sums.largest) - logSum);
        }
      });
  return Status();
}

Status crossEntropyGrad(const CrossEntropyArgs &args, Buffer d) {
  BERTC_RETURN_IF_ERROR(checkLabels(args));
  bool stream = streams(d, args.rows * args.columns, {args.logits.data});
  parallelRanges(args.rows, rowsPerTask(args.columns),
                 [&](int64_t first, int64_t last) {
                   for (int64_t r = first; r < last; ++r) {
                     HWY_DYNAMIC_DISPATCH(crossEntropyGradRow)
                     (d, args.logits, r * args.columns, args.columns,
                      args.labels[r], args.loss[r], args.lse[r], stream);
                   }
                 });
  return Status();
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
