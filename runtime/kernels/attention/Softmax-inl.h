// SPDX-License-Identifier: Apache-2.0
//
// A row of scores under the softmax of attention.

#if defined(BERTC_RUNTIME_KERNELS_ATTENTION_SOFTMAX_INL_H_) ==                 \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_ATTENTION_SOFTMAX_INL_H_
#undef BERTC_RUNTIME_KERNELS_ATTENTION_SOFTMAX_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_ATTENTION_SOFTMAX_INL_H_
#endif

#include "runtime/kernels/attention/Heads-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

// Largest of `count` terms.
HWY_INLINE float largestTerm(const AttentionProblem &p, const float *mask,
                             const float *row, int64_t count) {
  constexpr int64_t kStep = static_cast<int64_t>(kLanes);
  const VF scale = splat(p.scale);
  VF top = splat(-__builtin_inff()), top2 = top;
  int64_t i = 0;
  // Two, as one would wait for the last result.
  for (; i + 2 * kStep <= count; i += 2 * kStep) {
    top = hn::Max(top, termsV(row, mask, scale, i, count));
    top2 = hn::Max(top2, termsV(row, mask, scale, i + kStep, count));
  }
  for (; i < count; i += kStep) {
    top = hn::Max(top, termsV(row, mask, scale, i, count));
  }
  return hn::GetLane(hn::MaxOfLanes(DF(), hn::Max(top, top2)));
}

// Replaces `count` scores by e^(terms - largest), those that dropout drops by
// 0; returns the sum of all of them and, in `lse`, the log of that of e^terms.
HWY_INLINE float expRow(const AttentionProblem &p, const float *mask,
                        const uint32_t *keep, float *HWY_RESTRICT row,
                        int64_t count, float *lse) {
  const DF df;
  const DU du;
  const VF scale = splat(p.scale);
  constexpr int64_t kStep = static_cast<int64_t>(kLanes);
  float largest = largestTerm(p, mask, row, count);
  VF shift = splat(largest);
  VF sum = hn::Zero(df);
  for (int64_t i = 0; i < count; i += kStep) {
    VF e = expNegativeV(hn::Sub(termsV(row, mask, scale, i, count), shift));
    sum = hn::Add(sum, e);
    if (keep != nullptr) {
      e = hn::And(e, hn::BitCast(df, hn::LoadU(du, keep + i)));
    }
    hn::StoreU(e, df, row + i);
  }
  float total = hn::GetLane(hn::SumOfLanes(df, sum));
  *lse = largest + hn::GetLane(logV(splat(total)));
  return total;
}

struct ScaleOp {
  VF factor;
  HWY_INLINE VF operator()(VF x) const { return hn::Mul(x, factor); }
};

// What dropout leaves is multiplied with this.
HWY_INLINE float keptFactor(const AttentionProblem &p) {
  return p.dropout.active ? p.dropout.scale.factor : 1.0f;
}

// expRow() of row `query`, over the keys of its block; returns what the row is
// still to be multiplied with. A query without keys has nothing but lse = 0.
HWY_INLINE float softmaxRow(const AttentionArgs &args, const Head &head,
                            int64_t query, const QueryBlock &b,
                            float *HWY_RESTRICT row,
                            uint32_t *HWY_RESTRICT words) {
  float lse = 0.0f, total = 1.0f;
  if (b.keys > 0) {
    const uint32_t *keep =
        keepRow(args, elementNumber(args, head, query, b.first), b.keys, words);
    total = expRow(args, maskRow(args, head, query, b.first), keep, row, b.keys,
                   &lse);
  }
  if (args.lse != nullptr) {
    int64_t task = head.batch * args.heads + head.head;
    args.lse[task * args.queries + query] = lse;
  }
  return keptFactor(args) / total;
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
