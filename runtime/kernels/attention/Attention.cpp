// SPDX-License-Identifier: Apache-2.0
//
// Attention forward, one head a task.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/attention/Attention.h"
#include "runtime/kernels/attention/TileAttention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/attention/Attention.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/attention/Softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

// Scratch memory of a task.
struct Scratch {
  Scratch(const AttentionProblem &p, float *memory)
      : wide(headPitch(p)), pitch(keyPitch(p)), rows(mostQueries(p)) {
    ScratchFloats floats(memory);
    keysT = floats.take(wide * pitch);
    values = floats.take(p.keys * wide);
    queries = floats.take(rows * wide);
    out = floats.take(rows * wide);
    scores = floats.take(kQueryBlock * pitch);
    factors = floats.take(rows);
    lse = floats.take(rows);
    words = reinterpret_cast<uint32_t *>(floats.take(keepWords(p)));
  }
  int64_t wide, pitch, rows;
  float *keysT, *values, *queries, *out, *scores, *factors, *lse;
  uint32_t *words;
};

void attentionHead(const AttentionArgs &args, bool stream, int64_t task,
                   int64_t next, float *scratch) {
  Head head = headOf(args, task);
  Scratch m(args, scratch);
  int64_t wide = m.wide;
  KeyRange unmasked = unmaskedKeys(args, head.batch), there = {0, 0};
  RowsAhead ahead;
  fetchNext(args, next, ahead);
  for (int64_t s = 0; s < args.queries;) {
    QueryBlock b = fullBlock(args, unmasked, head.batch, s, kQueryBlock);
    int64_t pitch = linePitch(b.keys);
    if (b.first != there.first || b.keys != there.count) {
      there = {b.first, b.keys};
      packTransposed(args.k, head, there, args.size, wide, m.queries, m.keysT,
                     pitch);
      packRows(args.v, head, b.first, b.keys, b.first + b.keys, args.size, wide,
               m.values);
    }
    smallGemm(
        b.queries, roundUp(b.keys, static_cast<int64_t>(kLanes)), args.size,
        leftRows(args.q, head, b, args.queries, args.size, wide, m.queries),
        {m.keysT, pitch}, {m.scores, pitch}, false, ahead);
    softmaxRows(args, head, b, m.scores, pitch, m.factors, m.lse, m.words);
    productInto(args.out, head, s, b.queries, b.keys, {m.scores, pitch, 1},
                {m.values, wide}, args.size, wide, m.out,
                StoreScaled{m.factors, stream}, ahead);
    s += b.queries;
  }
  finishStreams(stream);
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(attentionHead);
} // namespace

size_t attentionScratchBytes(const AttentionProblem &p) {
  if (runsOnTiles(p)) {
    return tileAttentionScratchBytes(p);
  }
  int64_t wide = headPitch(p), pitch = keyPitch(p);
  int64_t rows = mostQueries(p);
  int64_t floats = wide * pitch + p.keys * wide + 2 * rows * wide +
                   kQueryBlock * pitch + 2 * rows +
                   roundUp(keepWords(p), kColumnStep);
  return static_cast<size_t>(floats) * sizeof(float);
}

void attention(const AttentionArgs &args, std::byte *scratch) {
  if (runsOnTiles(args)) {
    return tileAttention(args, scratch);
  }
  size_t each = attentionScratchBytes(args);
  bool stream = streams(args.out.buffer, elementCount(args, args.queries), {});
  forEachHead(args, scratch, each,
              [&](int64_t task, int64_t next, std::byte *own) {
                HWY_DYNAMIC_DISPATCH(attentionHead)
                (args, stream, task, next, reinterpret_cast<float *>(own));
              });
}

bool rangesAreValid(const int32_t *ranges, int64_t queries, int64_t keys) {
  for (int64_t i = 0; i < queries; ++i) {
    int64_t first = ranges[2 * i], end = ranges[2 * i + 1];
    if (first < 0 || end < first || end > keys) {
      return false;
    }
  }
  return true;
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
