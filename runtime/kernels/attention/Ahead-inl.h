// SPDX-License-Identifier: Apache-2.0
//
// Memory on its way into the second cache while products are formed. Heads lie
// in rows a page or so apart, or in blocks of a page far apart, where the
// hardware does not look ahead, and a head that waits for them waits for 9% of
// its time; spread over the products of the head before, the way from memory
// costs nothing.

#if defined(BERTC_RUNTIME_KERNELS_ATTENTION_AHEAD_INL_H_) ==                   \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_ATTENTION_AHEAD_INL_H_
#undef BERTC_RUNTIME_KERNELS_ATTENTION_AHEAD_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_ATTENTION_AHEAD_INL_H_
#endif

#include "runtime/kernels/attention/Blocks.h"
#include "runtime/kernels/common/Simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

// Rows of some tensors, line by line: one at a time, as requests that wait in
// a row leave no room for what the products themselves bring from the second
// cache.
class RowsAhead {
public:
  // The first `rows` rows of a head of `size` columns.
  HWY_INLINE void add(const HeadTensor &t, const Head &head, int64_t rows,
                      int64_t size) {
    if (rows == 0) {
      return;
    }
    // The blocks of 32 rows of a head lie one behind the other.
    int64_t together = t.blocked ? amx::kPanel : 1;
    int64_t bytes = elementBytes(t.buffer.dtype) * together;
    int64_t lines = (size * bytes + kLine - 1) / kLine;
    tensors_[count_++] = {static_cast<const char *>(t.buffer.data) +
                              rowOffset(t, head, 0) *
                                  elementBytes(t.buffer.dtype),
                          t.row * bytes, lines, rows / together};
    lines_ += lines * rows / together;
    if (count_ == 1) {
      begin(tensors_[0]);
    }
  }

  // So that about `calls` calls of turn() ask for all lines: as evenly as the
  // work goes on, for a core waits with more than some 16 lines on their way.
  HWY_INLINE void spread(int64_t calls) {
    rate_ = calls > 0 ? (lines_ * kOne + calls - 1) / calls : 0;
  }

  // To be called wherever a row or so has been worked on.
  HWY_INLINE void turn() {
    for (due_ += rate_; due_ >= kOne; due_ -= kOne) {
      fetch();
    }
  }

  // Asks for the next line, if there is one. No calls in here, as products
  // keep their sums in registers.
  HWY_INLINE void fetch() {
    if (lines_ == 0) {
      return;
    }
    --lines_;
    __builtin_prefetch(at_, 0, 2);
    at_ += kLine;
    if (at_ != end_) {
      return;
    }
    if (--now_.rows == 0) {
      begin(tensors_[++current_]);
      return;
    }
    now_.row += now_.pitch;
    at_ = now_.row;
    end_ = at_ + now_.lines * kLine;
  }

private:
  static constexpr int64_t kLine = 64;
  struct Rows {
    const char *row;
    int64_t pitch, lines, rows;
  };

  HWY_INLINE void begin(const Rows &rows) {
    now_ = rows;
    at_ = now_.row;
    end_ = at_ + now_.lines * kLine;
  }

  // Lines a call of turn() and lines due, in parts of kOne.
  static constexpr int64_t kOne = 256;
  int64_t rate_ = 0, due_ = 0;
  int64_t lines_ = 0;
  const char *at_ = nullptr, *end_ = nullptr;
  Rows now_ = {};
  // One more than there may be, which the end of the last one reads.
  Rows tensors_[8] = {};
  int count_ = 0, current_ = 0;
};

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
