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
      : wide(headPitch(p)), pitch(keyPitch(p)) {
    ScratchFloats floats(memory);
    keysT = floats.take(wide * pitch);
    values = floats.take(p.keys * wide);
    queries = floats.take(kQueryBlock * wide);
    out = floats.take(kQueryBlock * wide);
    scores = floats.take(kQueryBlock * pitch);
    factors = floats.take(kQueryBlock);
    lse = floats.take(kQueryBlock);
    words = reinterpret_cast<uint32_t *>(floats.take(keepWords(p)));
  }
  int64_t wide, pitch;
  float *keysT, *values, *queries, *out, *scores, *factors, *lse;
  uint32_t *words;
};

void attentionHead(const AttentionArgs &args, bool stream, int64_t task,
                   float *scratch) {
  Head head = headOf(args, task);
  Scratch m(args, scratch);
  int64_t wide = m.wide, pitch = m.pitch;
  KeyRange unmasked = unmaskedKeys(args, head.batch);
  int64_t keys = keysEnd(args, unmasked, head.batch);
  packTransposed(args.k, head, keys, keyColumns(keys), args.size, wide,
                 m.queries, m.keysT, pitch);
  packRows(args.v, head, 0, keys, keys, args.size, wide, m.values);
  for (int64_t s = 0; s < args.queries;) {
    QueryBlock b = queryBlock(args, unmasked, head.batch, s);
    int64_t columns = roundUp(b.keys, static_cast<int64_t>(kLanes));
    smallGemm(
        b.queries, columns, args.size,
        leftRows(args.q, head, b, args.queries, args.size, wide, m.queries),
        {m.keysT + b.first, pitch}, {m.scores, pitch}, false);
    softmaxRows(args, head, b, m.scores, pitch, m.factors, m.lse, m.words);
    productInto(args.out, head, s, b.queries, b.keys, {m.scores, pitch, 1},
                {m.values + b.first * wide, wide}, args.size, wide, m.out,
                StoreScaled{m.factors, stream});
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
  int64_t floats = wide * pitch + p.keys * wide + 2 * kQueryBlock * wide +
                   kQueryBlock * pitch + 2 * kQueryBlock +
                   roundUp(keepWords(p), kColumnStep);
  return static_cast<size_t>(floats) * sizeof(float);
}

void attention(const AttentionArgs &args, std::byte *scratch) {
  if (runsOnTiles(args)) {
    return tileAttention(args, scratch);
  }
  size_t each = attentionScratchBytes(args);
  bool stream = streams(args.out.buffer, elementCount(args, args.queries), {});
  parallelQueue(args.batch * args.heads, [&](int64_t task) {
    auto thread = static_cast<size_t>(omp_get_thread_num());
    HWY_DYNAMIC_DISPATCH(attentionHead)
    (args, stream, task, reinterpret_cast<float *>(scratch + thread * each));
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
