// SPDX-License-Identifier: Apache-2.0
//
// The gradient of attention, one head a task. Sums over queries (dk, dv) grow
// in the task's scratch memory, block after block, or are written at once where
// a head is one block.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/attention/Attention.h"
#include "runtime/kernels/attention/TileAttention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/attention/AttentionGrad.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/attention/Heads-inl.h"
#include "runtime/kernels/common/FoldFour-inl.h"

#ifndef BERTC_RUNTIME_KERNELS_ATTENTION_GRAD_SHARED_
#define BERTC_RUNTIME_KERNELS_ATTENTION_GRAD_SHARED_
namespace bertc::rt::kernels {

// Scratch memory of a task: [rows][pitch] each.
struct GradScratch {
  GradScratch(const AttentionGradArgs &p, float *memory)
      : wide(headPitch(p)), pitch(keyPitch(p)),
        stream(streams(p.dk.buffer, elementCount(p, p.keys), {})) {
    int64_t block = mostQueries(p);
    ScratchFloats floats(memory);
    keysT = floats.take(wide * pitch);
    valuesT = floats.take(wide * pitch);
    keys = floats.take(p.keys * wide);
    dk = floats.take(p.keys * wide);
    dv = floats.take(p.keys * wide);
    q = floats.take(block * wide);
    dout = floats.take(block * wide);
    dq = floats.take(block * wide);
    probabilities = floats.take(kGradQueryBlock * pitch);
    gradients = floats.take(kGradQueryBlock * pitch);
    kept = floats.take(kRowsTogether * pitch);
    words = reinterpret_cast<uint32_t *>(floats.take(keepWords(p)));
  }
  static int64_t floats(const AttentionProblem &p) {
    int64_t wide = headPitch(p), pitch = keyPitch(p);
    return 2 * wide * pitch + 3 * p.keys * wide + 3 * mostQueries(p) * wide +
           (2 * kGradQueryBlock + kRowsTogether) * pitch +
           roundUp(keepWords(p), kColumnStep);
  }
  int64_t wide, pitch;
  // Whether results bypass the caches.
  bool stream;
  float *keysT, *valuesT, *keys, *dk, *dv, *q, *dout, *dq;
  float *probabilities, *gradients, *kept;
  uint32_t *words;
};

} // namespace bertc::rt::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

// One row: scores become the probabilities after dropout, dp their gradient
// before it, `kept` the probabilities before it. Returns a vector that adds up
// to the dot product of the latter two.
HWY_INLINE VF probabilityRow(const AttentionProblem &p, const float *mask,
                             float lse, const uint32_t *keep,
                             float *HWY_RESTRICT scores, float *HWY_RESTRICT dp,
                             float *HWY_RESTRICT kept, int64_t count) {
  const DF df;
  const DU du;
  const VF scale = splat(p.scale), shift = splat(lse);
  const VF factor = splat(p.dropout.scale.factor);
  constexpr int64_t kStep = static_cast<int64_t>(kLanes);
  VF sum = hn::Zero(df);
  for (int64_t i = 0; i < count; i += kStep) {
    VF t = termsV(scores, mask, scale, i, count);
    VF y = expNegativeV(hn::Sub(t, shift));
    VF g = hn::LoadU(df, dp + i);
    hn::StoreU(y, df, kept + i);
    VF dropped = y;
    if (keep != nullptr) {
      VF k = hn::BitCast(df, hn::LoadU(du, keep + i));
      g = hn::And(k, hn::Mul(g, factor));
      dropped = hn::And(k, hn::Mul(y, factor));
      hn::StoreU(g, df, dp + i);
    }
    hn::StoreU(dropped, df, scores + i);
    sum = hn::MulAdd(g, y, sum);
  }
  return sum;
}

// The gradient of probabilities becomes that of the scores before scaling,
// times the scale.
HWY_INLINE void scoreRow(const AttentionProblem &p,
                         const float *HWY_RESTRICT kept, float dot,
                         float *HWY_RESTRICT dp, int64_t count) {
  const DF df;
  const VF scale = splat(p.scale), less = splat(dot);
  for (int64_t i = 0; i < count; i += static_cast<int64_t>(kLanes)) {
    VF y = hn::Mul(hn::LoadU(df, kept + i), scale);
    hn::StoreU(hn::Mul(y, hn::Sub(hn::LoadU(df, dp + i), less)), df, dp + i);
  }
}

// Whether no key belongs to two blocks, so that the sums over queries of a
// block are complete.
bool blocksShareNoKeys(const AttentionGradArgs &args, const Head &head,
                       const KeyRange &unmasked) {
  int64_t end = 0;
  for (int64_t s = 0; s < args.queries;) {
    QueryBlock b = fullBlock(args, unmasked, head.batch, s, kGradQueryBlock);
    if (b.keys > 0 && b.first < end) {
      return false;
    }
    end = b.keys > 0 ? b.first + b.keys : end;
    s += b.queries;
  }
  return true;
}

// What the blocks of a head have in common.
struct GradHead {
  Head head;
  const GradScratch &m;
  // See blocksShareNoKeys(): products go where the gradients of keys and values
  // belong, those of rows [0, done) did already.
  bool direct;
  int64_t done = 0;
  KeyRange there = {0, 0};
  RowsAhead ahead;
};

// Keys and values of a block as its products want them.
void packBlockKeys(const AttentionGradArgs &args, const QueryBlock &b,
                   GradHead &h) {
  if (b.first == h.there.first && b.keys == h.there.count) {
    return;
  }
  const GradScratch &m = h.m;
  h.there = {b.first, b.keys};
  int64_t pitch = linePitch(b.keys);
  packTransposed(args.k, h.head, h.there, args.size, m.wide, m.q, m.keysT,
                 pitch);
  packTransposed(args.v, h.head, h.there, args.size, m.wide, m.q, m.valuesT,
                 pitch);
  packRows(args.k, h.head, b.first, b.keys, b.first + b.keys, args.size, m.wide,
           m.keys);
}

// The rows of a head from `first` to `end` become zeros.
void clearRows(const HeadTensor &t, const Head &head, int64_t first,
               int64_t end, int64_t size) {
  int64_t bytes = elementBytes(t.buffer.dtype);
  for (; first < end; ++first) {
    __builtin_memset(static_cast<char *>(t.buffer.data) +
                         rowOffset(t, head, first) * bytes,
                     0, static_cast<size_t>(size * bytes));
  }
}

void clearKeys(const AttentionGradArgs &args, int64_t end, GradHead &h) {
  clearRows(args.dk, h.head, h.done, end, args.size);
  clearRows(args.dv, h.head, h.done, end, args.size);
}

// Probabilities and gradients of terms are there: what a block adds to the
// gradients of its keys and values.
void keyGradients(const AttentionGradArgs &args, const QueryBlock &b,
                  GradHead &h) {
  const GradScratch &m = h.m;
  int64_t wide = m.wide, pitch = linePitch(b.keys);
  GemmLeft probabilities = {m.probabilities, 1, pitch};
  GemmLeft gradients = {m.gradients, 1, pitch};
  GemmPanel<const float> dout = {m.dout, wide}, q = {m.q, wide};
  if (h.direct) {
    clearKeys(args, b.keys > 0 ? b.first : h.done, h);
    productInto(args.dv, h.head, b.first, b.keys, b.queries, probabilities,
                dout, args.size, wide, m.dv, StoreSums{m.stream}, h.ahead);
    productInto(args.dk, h.head, b.first, b.keys, b.queries, gradients, q,
                args.size, wide, m.dk, StoreSums{m.stream}, h.ahead);
    h.done = b.keys > 0 ? b.first + b.keys : h.done;
    return;
  }
  smallGemm(b.keys, wide, b.queries, probabilities, dout,
            {m.dv + b.first * wide, wide}, true, h.ahead);
  smallGemm(b.keys, wide, b.queries, gradients, q,
            {m.dk + b.first * wide, wide}, true, h.ahead);
}

// Scores of a block become probabilities after dropout, `gradients` those of
// the scores.
void gradientRows(const AttentionGradArgs &args, const QueryBlock &b,
                  GradHead &h) {
  const GradScratch &m = h.m;
  int64_t pitch = linePitch(b.keys);
  int64_t row = (h.head.batch * args.heads + h.head.head) * args.queries;
  const float *lse = args.lse + row + b.query;
  KeepRows keeps(args, h.head, b, m.words);
  for (int64_t i = 0; i < b.queries && b.keys > 0; i += kRowsTogether) {
    int64_t rows = b.queries - i;
    rows = rows < kRowsTogether ? rows : kRowsTogether;
    VF sums[kRowsTogether] = {hn::Zero(DF()), hn::Zero(DF()), hn::Zero(DF()),
                              hn::Zero(DF())};
    float dots[kRowsTogether];
    for (int64_t r = 0; r < rows; ++r) {
      int64_t at = (i + r) * pitch;
      sums[r] =
          probabilityRow(args, maskRow(args, h.head, b.query + i + r, b.first),
                         lse[i + r], keeps.next(), m.probabilities + at,
                         m.gradients + at, m.kept + r * pitch, b.keys);
    }
    foldFour(sums, AddFold(), dots);
    for (int64_t r = 0; r < rows; ++r) {
      scoreRow(args, m.kept + r * pitch, dots[r], m.gradients + (i + r) * pitch,
               b.keys);
    }
  }
}

void gradientBlock(const AttentionGradArgs &args, const QueryBlock &b,
                   GradHead &h) {
  const GradScratch &m = h.m;
  int64_t wide = m.wide, pitch = linePitch(b.keys), s = b.query;
  int64_t columns = roundUp(b.keys, static_cast<int64_t>(kLanes));
  packBlockKeys(args, b, h);
  packRows(args.q, h.head, s, b.queries, args.queries, args.size, wide, m.q);
  packRows(args.dout, h.head, s, b.queries, args.queries, args.size, wide,
           m.dout);
  smallGemm(b.queries, columns, args.size, {m.q, wide, 1}, {m.keysT, pitch},
            {m.probabilities, pitch}, false, h.ahead);
  smallGemm(b.queries, columns, args.size, {m.dout, wide, 1},
            {m.valuesT, pitch}, {m.gradients, pitch}, false, h.ahead);
  gradientRows(args, b, h);
  productInto(args.dq, h.head, s, b.queries, b.keys, {m.gradients, pitch, 1},
              {m.keys, wide}, args.size, wide, m.dq, StoreSums{m.stream},
              h.ahead);
  keyGradients(args, b, h);
}

void attentionGradHead(const AttentionGradArgs &args, int64_t task,
                       int64_t next, float *scratch) {
  GradScratch m(args, scratch);
  Head head = headOf(args, task);
  KeyRange unmasked = unmaskedKeys(args, head.batch);
  GradHead h = {head, m, blocksShareNoKeys(args, head, unmasked)};
  fetchNext(args, next, h.ahead);
  if (next >= 0) {
    h.ahead.add(args.dout, headOf(args, next), args.queries, args.size);
  }
  size_t sums = h.direct ? 0 : static_cast<size_t>(args.keys * m.wide) * 4;
  __builtin_memset(m.dk, 0, sums);
  __builtin_memset(m.dv, 0, sums);
  for (int64_t s = 0; s < args.queries;) {
    QueryBlock b = fullBlock(args, unmasked, head.batch, s, kGradQueryBlock);
    gradientBlock(args, b, h);
    s += b.queries;
  }
  if (h.direct) {
    clearKeys(args, args.keys, h);
  } else {
    unpackRows(m.dk, m.wide, args.keys, args.size, args.dk, head, 0, m.stream);
    unpackRows(m.dv, m.wide, args.keys, args.size, args.dv, head, 0, m.stream);
  }
  finishStreams(m.stream);
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(attentionGradHead);
} // namespace

size_t attentionGradScratchBytes(const AttentionProblem &p) {
  if (runsOnTiles(p)) {
    return tileAttentionGradScratchBytes(p);
  }
  return static_cast<size_t>(GradScratch::floats(p)) * sizeof(float);
}

void attentionGrad(const AttentionGradArgs &args, std::byte *scratch) {
  if (runsOnTiles(args)) {
    return tileAttentionGrad(args, scratch);
  }
  size_t each = attentionGradScratchBytes(args);
  forEachHead(args, scratch, each,
              [&](int64_t task, int64_t next, std::byte *own) {
                HWY_DYNAMIC_DISPATCH(attentionGradHead)
                (args, task, next, reinterpret_cast<float *>(own));
              });
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
