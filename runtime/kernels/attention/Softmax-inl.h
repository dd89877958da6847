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
#include "runtime/kernels/common/FoldFour-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

// A vector with the largest of `count` terms.
HWY_INLINE VF largestTerm(const AttentionProblem &p, const float *mask,
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
  return hn::Max(top, top2);
}

// Replaces `count` scores by e^(terms - largest), those that dropout drops by
// 0; returns a vector that adds up to the sum of all of them.
HWY_INLINE VF expRow(const AttentionProblem &p, const float *mask,
                     const uint32_t *keep, float *HWY_RESTRICT row,
                     int64_t count, float largest) {
  const DF df;
  const DU du;
  const VF scale = splat(p.scale);
  constexpr int64_t kStep = static_cast<int64_t>(kLanes);
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
  return sum;
}

// expRow() of `rows` rows, at most kRowsTogether, from row `first` of a block
// with keys on; sets their `lse` to the largest terms and `factors` to the
// sums, and as many of each as there could have been.
HWY_INLINE void expRows(const AttentionArgs &args, const Head &head,
                        const QueryBlock &b, int64_t first, int64_t rows,
                        float *HWY_RESTRICT scores, int64_t pitch,
                        KeepRows &keeps, float *HWY_RESTRICT factors,
                        float *HWY_RESTRICT lse) {
  const float *masks[kRowsTogether];
  VF found[kRowsTogether];
  for (int64_t r = 0; r < kRowsTogether; ++r) {
    // What rows that are not there yield is not used.
    int64_t i = first + (r < rows ? r : 0);
    masks[r] = maskRow(args, head, b.query + i, b.first);
    found[r] = largestTerm(args, masks[r], scores + i * pitch, b.keys);
  }
  foldFour(found, MaxFold(), lse + first);
  for (int64_t r = 0; r < rows; ++r) {
    int64_t i = first + r;
    found[r] = expRow(args, masks[r], keeps.next(), scores + i * pitch, b.keys,
                      lse[i]);
  }
  foldFour(found, AddFold(), factors + first);
}

struct ScaleOp {
  VF factor;
  HWY_INLINE VF operator()(VF x) const { return hn::Mul(x, factor); }
};

// What dropout leaves is multiplied with this.
HWY_INLINE float keptFactor(const AttentionProblem &p) {
  return p.dropout.active ? p.dropout.scale.factor : 1.0f;
}

// Sums of rows, as expRow() returns them, become what each row is still to be
// multiplied with; `largest` becomes log of the sum of e^terms. A vector of
// rows at a time: `rows` up to a whole number of vectors.
HWY_INLINE void finishRows(const AttentionProblem &p, int64_t rows,
                           float *HWY_RESTRICT sums,
                           float *HWY_RESTRICT largest) {
  const DF df;
  const VF kept = splat(keptFactor(p));
  for (int64_t i = 0; i < rows; i += static_cast<int64_t>(kLanes)) {
    VF total = hn::LoadU(df, sums + i);
    hn::StoreU(hn::Add(hn::LoadU(df, largest + i), logV(total)), df,
               largest + i);
    hn::StoreU(hn::Div(kept, total), df, sums + i);
  }
}

// The rows of a block under the softmax, `pitch` apart: expRow() of each, and
// in `factors` what it is still to be multiplied with. `factors` and `lse` are
// of kQueryBlock. A query without keys has nothing but lse = 0.
HWY_INLINE void softmaxRows(const AttentionArgs &args, const Head &head,
                            const QueryBlock &b, float *HWY_RESTRICT scores,
                            int64_t pitch, float *HWY_RESTRICT factors,
                            float *HWY_RESTRICT lse,
                            uint32_t *HWY_RESTRICT words) {
  KeepRows keeps(args, head, b, words);
  for (int64_t i = 0; i < b.queries; i += kRowsTogether) {
    int64_t left = b.queries - i;
    int64_t rows = left < kRowsTogether ? left : kRowsTogether;
    if (b.keys > 0) {
      expRows(args, head, b, i, rows, scores, pitch, keeps, factors, lse);
      continue;
    }
    for (int64_t r = i; r < i + rows; ++r) {
      lse[r] = 0.0f;
      factors[r] = 1.0f;
    }
  }
  finishRows(args, b.queries, factors, lse);
  if (args.lse != nullptr) {
    int64_t task = head.batch * args.heads + head.head;
    __builtin_memcpy(args.lse + task * args.queries + b.query, lse,
                     static_cast<size_t>(b.queries) * sizeof(float));
  }
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
