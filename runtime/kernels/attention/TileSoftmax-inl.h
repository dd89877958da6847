// SPDX-License-Identifier: Apache-2.0
//
// The softmax of attention on tiles, to the base 2, and its results in bf16.

#if defined(BERTC_RUNTIME_KERNELS_ATTENTION_TILESOFTMAX_INL_H_) ==             \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_ATTENTION_TILESOFTMAX_INL_H_
#undef BERTC_RUNTIME_KERNELS_ATTENTION_TILESOFTMAX_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_ATTENTION_TILESOFTMAX_INL_H_
#endif

#include "runtime/kernels/attention/TileHeads-inl.h"
#include "runtime/kernels/common/FoldFour-inl.h"
#include "runtime/kernels/common/HalvesMath-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

constexpr float kLog2E = 1.44269504f;
constexpr float kLn2 = 0.693147181f;

// 2^x for x <= 0 with a relative error of 3e-6, a hundredth of what rounding to
// bf16 adds; 0 from -127 down, which all smaller x become and where 2^r is 1
// and the exponent 0; NaN for the NaN that arithmetic makes.
HWY_INLINE VF exp2NegativeV(VF x) {
  // In this order NaN passes.
  return exp2Scaled(exp2Parts(hn::Max(splat(-127.0f), x)));
}

// The mask of `keys` keys for terms to the base 2, up to whole panels: none for
// a null mask, and keys that are not there can never be chosen.
HWY_INLINE void maskTerms(const float *mask, int64_t keys,
                          float *HWY_RESTRICT to) {
  for (int64_t key = 0; key < keys; ++key) {
    to[key] = mask == nullptr ? 0.0f : mask[key] * kLog2E;
  }
  for (int64_t key = keys; key < padded(keys); ++key) {
    to[key] = -__builtin_inff();
  }
}

// Whether scores of so many keys are terms but for their scale, which does not
// change their order.
HWY_INLINE bool plainTerms(const AttentionProblem &p, int64_t keys) {
  return p.mask == nullptr && keys % kPanel == 0 && p.scale >= 0.0f;
}

// A row of scores: what a vector of terms is, and the largest term.
struct PlainRow {
  const float *scores;
  VF scale;
  HWY_INLINE VF orderOf(int64_t i) const { return hn::Load(DF(), scores + i); }
  HWY_INLINE VF termOf(VF order) const { return hn::Mul(order, scale); }
  HWY_INLINE VF below(int64_t i, VF largest) const {
    return hn::MulSub(hn::Load(DF(), scores + i), scale, largest);
  }
};

struct MaskedRow {
  const float *scores, *mask;
  VF scale;
  HWY_INLINE VF orderOf(int64_t i) const {
    return hn::MulAdd(hn::Load(DF(), scores + i), scale,
                      hn::Load(DF(), mask + i));
  }
  HWY_INLINE VF termOf(VF order) const { return order; }
  HWY_INLINE VF below(int64_t i, VF largest) const {
    return hn::Sub(orderOf(i), largest);
  }
};

// A vector with the largest of `count` terms, whole panels.
template <class Row> HWY_INLINE VF largestOf(const Row &row, int64_t count) {
  // Two, as one would wait for the last result.
  constexpr int64_t kHalf = kPanel / 2, kStep = static_cast<int64_t>(kLanes);
  VF top = row.orderOf(0), top2 = row.orderOf(kHalf);
  for (int64_t key = 0; key < count; key += kPanel) {
    for (int64_t i = key; i < key + kHalf; i += kStep) {
      top = hn::Max(top, row.orderOf(i));
      top2 = hn::Max(top2, row.orderOf(i + kHalf));
    }
  }
  return row.termOf(hn::Max(top, top2));
}

// 2^(terms - largest), rounded, in steps of a panel `step` elements apart,
// those that dropout drops 0; returns a vector that adds up to the sum of all
// of them.
template <class Tiles, bool dropout, class Row>
HWY_INLINE VF powersOf(const Row &row, int64_t count, VF largest,
                       const uint32_t *keep, uint16_t *HWY_RESTRICT out,
                       int64_t step, RowsAhead &ahead) {
  constexpr int64_t kStep = static_cast<int64_t>(kLanes);
  VF sum = hn::Zero(DF());
  for (int64_t key = 0; key < count; key += kPanel, out += step) {
    VF e[kRowVectors];
    for (int64_t i = 0; i < kRowVectors; ++i) {
      int64_t at = key + i * kStep;
      e[i] = exp2NegativeV(row.below(at, largest));
      sum = hn::Add(sum, e[i]);
      if (dropout) {
        e[i] = hn::And(e[i], hn::BitCast(DF(), hn::LoadU(DU(), keep + at)));
      }
    }
    storeRow<Tiles>(e, out);
    ahead.turn();
  }
  return sum;
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
