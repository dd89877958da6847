// SPDX-License-Identifier: Apache-2.0
//
// What attention and its gradient share: rows of a head as dense f32, the
// transpose of keys, runs of queries with the same keys, and the terms under
// the softmax.

#if defined(BERTC_RUNTIME_KERNELS_ATTENTION_HEADS_INL_H_) ==                   \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_ATTENTION_HEADS_INL_H_
#undef BERTC_RUNTIME_KERNELS_ATTENTION_HEADS_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_ATTENTION_HEADS_INL_H_
#endif

#include "runtime/kernels/attention/Blocks.h"
#include "runtime/kernels/attention/SmallGemm-inl.h"
#include "runtime/kernels/common/Math-inl.h"
#include "runtime/kernels/common/Transpose-inl.h"
#include "runtime/kernels/dropout/Dropout-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

struct SameOp {
  HWY_INLINE VF operator()(VF x) const { return x; }
};

// Rows lie a page or so apart, where the hardware does not look ahead; so far
// ahead hides the way from the last cache.
constexpr int64_t kRowsAhead = 12;

HWY_INLINE void prefetchRow(const HeadTensor &t, const Head &head, int64_t row,
                            int64_t size) {
  int64_t bytes = elementBytes(t.buffer.dtype);
  const char *p = static_cast<const char *>(t.buffer.data) +
                  rowOffset(t, head, row) * bytes;
  for (int64_t i = 0; i < size * bytes; i += 64) {
    __builtin_prefetch(p + i, 0, 3);
  }
}

// Rows [first, first + rows) as f32 with `pitch` columns, zeros behind `size`;
// the head has `limit` rows.
HWY_INLINE void packRows(const HeadTensor &t, const Head &head, int64_t first,
                         int64_t rows, int64_t limit, int64_t size,
                         int64_t pitch, float *HWY_RESTRICT to) {
  for (int64_t r = 0; r < rows; ++r, to += pitch) {
    if (first + r + kRowsAhead < limit) {
      prefetchRow(t, head, first + r + kRowsAhead, size);
    }
    int64_t offset = rowOffset(t, head, first + r);
    size_t n = static_cast<size_t>(size);
    if (t.buffer.dtype == DType::BF16) {
      bf16ToF32(static_cast<const uint16_t *>(t.buffer.data) + offset, to, n);
    } else {
      mapBlock(SameOp(), static_cast<const float *>(t.buffer.data) + offset, to,
               n);
    }
    for (int64_t c = size; c < pitch; ++c) {
      to[c] = 0.0f;
    }
  }
}

// The other way round; `stream` as streams() says.
HWY_INLINE void unpackRows(const float *HWY_RESTRICT from, int64_t pitch,
                           int64_t rows, int64_t size, const HeadTensor &t,
                           const Head &head, int64_t first, bool stream) {
  for (int64_t r = 0; r < rows; ++r, from += pitch) {
    int64_t offset = rowOffset(t, head, first + r);
    size_t n = static_cast<size_t>(size);
    if (t.buffer.dtype == DType::BF16) {
      f32ToBf16(from, static_cast<uint16_t *>(t.buffer.data) + offset, n);
    } else {
      float *to = static_cast<float *>(t.buffer.data) + offset;
      stream ? streamOut(from, to, n) : mapBlock(SameOp(), from, to, n);
    }
  }
}

// Whether rows of a head can be used where they lie: dense f32 without a gap to
// `pitch` columns.
HWY_INLINE bool inPlace(const HeadTensor &t, int64_t size, int64_t pitch) {
  return t.buffer.dtype == DType::F32 && size == pitch;
}

// Row `row` of such a head.
HWY_INLINE float *rowInPlace(const HeadTensor &t, const Head &head,
                             int64_t row) {
  return static_cast<float *>(t.buffer.data) + rowOffset(t, head, row);
}

// Whether every row of such a head is aligned to vectors.
HWY_INLINE bool rowsAligned(const HeadTensor &t) {
  constexpr int64_t kStep = static_cast<int64_t>(kLanes);
  return reinterpret_cast<uintptr_t>(t.buffer.data) % (kLanes * 4) == 0 &&
         t.batch % kStep == 0 && t.head % kStep == 0 && t.row % kStep == 0;
}

// Asks for what the next task reads of the tensors that both directions have;
// -1 is none. Keys behind the last that counts are read in vain where a head is
// padded: to know them would take as long.
HWY_INLINE void fetchNext(const AttentionProblem &p, int64_t next,
                          RowsAhead &ahead) {
  if (next >= 0) {
    Head head = headOf(p, next);
    ahead.add(p.k, head, p.keys, p.size);
    ahead.add(p.v, head, p.keys, p.size);
    ahead.add(p.q, head, p.queries, p.size);
  }
}

// The rows of a block as the left side of a product: where they lie, or packed
// into `memory`.
HWY_INLINE GemmLeft leftRows(const HeadTensor &t, const Head &head,
                             const QueryBlock &b, int64_t limit, int64_t size,
                             int64_t pitch, float *HWY_RESTRICT memory) {
  if (inPlace(t, size, pitch)) {
    return {rowInPlace(t, head, b.query), t.row, 1};
  }
  packRows(t, head, b.query, b.queries, limit, size, pitch, memory);
  return {memory, pitch, 1};
}

// A product whose rows are rows [first, first + m) of a head: written there, or
// through `memory`. `how` has a `stream`, which asks for the way past the
// caches.
template <class Store>
HWY_INLINE void productInto(const HeadTensor &t, const Head &head,
                            int64_t first, int64_t m, int64_t k, GemmLeft a,
                            GemmPanel<const float> b, int64_t size,
                            int64_t pitch, float *HWY_RESTRICT memory,
                            Store how, RowsAhead &ahead) {
  bool stream = how.stream;
  if (inPlace(t, size, pitch)) {
    how.stream = stream && rowsAligned(t);
    return smallGemm(m, pitch, k, a, b, {rowInPlace(t, head, first), t.row},
                     false, ahead, how);
  }
  how.stream = false;
  smallGemm(m, pitch, k, a, b, {memory, pitch}, false, ahead, how);
  unpackRows(memory, pitch, m, size, t, head, first, stream);
}

// Rows `which` of a head, packed and transposed: to[d][t - first]. `rows`
// [kLanes][pitch] is scratch for those that cannot be read where they lie; up
// to a whole vector, where there is no row, zeros.
HWY_INLINE void packTransposed(const HeadTensor &t, const Head &head,
                               const KeyRange &which, int64_t size,
                               int64_t pitch, float *HWY_RESTRICT rows,
                               float *HWY_RESTRICT to, int64_t toPitch) {
  constexpr int64_t kStep = static_cast<int64_t>(kLanes);
  const int64_t end = which.first + which.count;
  for (int64_t r = 0; r < roundUp(which.count, kColumnStep); r += kStep) {
    int64_t row = which.first + r;
    int64_t there = end - row < kStep ? end - row : kStep;
    there = there < 0 ? 0 : there;
    const float *from = rows;
    int64_t fromPitch = pitch;
    if (there == kStep && inPlace(t, size, pitch)) {
      from = rowInPlace(t, head, row);
      fromPitch = t.row;
    } else {
      packRows(t, head, row, there, end, size, pitch, rows);
      __builtin_memset(rows + there * pitch, 0,
                       static_cast<size_t>((kStep - there) * pitch) *
                           sizeof(float));
    }
    for (int64_t c = 0; c < pitch; c += kStep) {
      transposeVectors(from + c, fromPitch, to + c * toPitch + r, toPitch);
    }
  }
}

// Mask row of a query from key `first` on; null for none.
HWY_INLINE const float *maskRow(const AttentionProblem &p, const Head &head,
                                int64_t query, int64_t first) {
  return p.mask == nullptr
             ? nullptr
             : p.mask + head.batch * p.maskBatch + query * p.maskQuery + first;
}

// Vector i of scale * x + mask for n terms; -inf behind the last one.
HWY_INLINE VF termsV(const float *x, const float *mask, VF scale, int64_t i,
                     int64_t n) {
  const DF df;
  VF t = hn::LoadU(df, x + i);
  size_t left = static_cast<size_t>(n - i);
  if (left >= kLanes) {
    VF m = mask == nullptr ? hn::Zero(df) : hn::LoadU(df, mask + i);
    return hn::MulAdd(t, scale, m);
  }
  VF m = mask == nullptr ? hn::Zero(df) : loadTail(mask + i, left);
  return hn::IfThenElse(hn::FirstN(df, left), hn::MulAdd(t, scale, m),
                        splat(-__builtin_inff()));
}

// Number of element [query, first] in [B,A,S,T], as dropout counts.
HWY_INLINE int64_t elementNumber(const AttentionProblem &p, const Head &head,
                                 int64_t query, int64_t key) {
  int64_t row = (head.batch * p.heads + head.head) * p.queries + query;
  return row * p.keys + key;
}

// Keep masks of the rows of a block, one after the other.
class KeepRows {
public:
  KeepRows(const AttentionProblem &p, const Head &head, const QueryBlock &b,
           uint32_t *words)
      : p_(p), head_(head), b_(b), words_(words),
        atOnce_(keepRowsAtOnce(b.keys)) {}

  // Null without dropout.
  HWY_INLINE const uint32_t *next() {
    if (!p_.dropout.active) {
      return nullptr;
    }
    if (given_ == made_) {
      make(row_);
    }
    ++row_;
    return rows_[given_++];
  }

private:
  // The masks of rows from `i` on: of whole rows, which lie one behind the
  // other, all in one.
  HWY_NOINLINE void make(int64_t i) {
    int64_t rows = b_.queries - i < atOnce_ ? b_.queries - i : atOnce_;
    int64_t begin = elementNumber(p_, head_, b_.query + i, b_.first);
    made_ = rows;
    given_ = 0;
    if (b_.keys != p_.keys) {
      return keepRows(p_.dropout, begin, p_.keys, static_cast<size_t>(b_.keys),
                      rows, words_, rows_);
    }
    rows_[0] = keepBlock(p_.dropout, begin, static_cast<size_t>(rows * b_.keys),
                         words_);
    for (int64_t r = 1; r < rows; ++r) {
      rows_[r] = rows_[r - 1] + b_.keys;
    }
  }

  const AttentionProblem &p_;
  const Head &head_;
  const QueryBlock &b_;
  uint32_t *words_;
  int64_t atOnce_, row_ = 0, made_ = 0, given_ = 0;
  const uint32_t *rows_[8] = {};
};

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
