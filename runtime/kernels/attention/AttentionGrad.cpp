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

#ifndef BERTC_RUNTIME_KERNELS_ATTENTION_GRAD_SHARED_
#define BERTC_RUNTIME_KERNELS_ATTENTION_GRAD_SHARED_
namespace bertc::rt::kernels {

// Scratch memory of a task: [rows][pitch] each.
struct GradScratch {
  GradScratch(const AttentionGradArgs &p, float *memory)
      : wide(headPitch(p)), pitch(keyPitch(p)),
        stream(streams(p.dk.buffer, elementCount(p, p.keys), {})) {
    ScratchFloats floats(memory);
    keysT = floats.take(wide * pitch);
    valuesT = floats.take(wide * pitch);
    keys = floats.take(p.keys * wide);
    dk = floats.take(p.keys * wide);
    dv = floats.take(p.keys * wide);
    q = floats.take(kGradQueryBlock * wide);
    dout = floats.take(kGradQueryBlock * wide);
    dq = floats.take(kGradQueryBlock * wide);
    probabilities = floats.take(kGradQueryBlock * pitch);
    gradients = floats.take(kGradQueryBlock * pitch);
    row = floats.take(pitch);
    words = reinterpret_cast<uint32_t *>(floats.take(keepWords(p)));
  }
  static int64_t floats(const AttentionProblem &p) {
    int64_t wide = headPitch(p), pitch = keyPitch(p);
    return 2 * wide * pitch + 3 * p.keys * wide + 3 * kGradQueryBlock * wide +
           (2 * kGradQueryBlock + 1) * pitch +
           roundUp(keepWords(p), kColumnStep);
  }
  int64_t wide, pitch;
  // Whether results bypass the caches.
  bool stream;
  float *keysT, *valuesT, *keys, *dk, *dv, *q, *dout, *dq;
  float *probabilities, *gradients, *row;
  uint32_t *words;
};

} // namespace bertc::rt::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

// One row: scores become the probabilities after dropout, their gradient dp
// that of the scores before scaling, times the scale. `kept` is scratch.
HWY_INLINE void gradientRow(const AttentionProblem &p, const float *mask,
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
  VF dot = hn::Set(df, hn::GetLane(hn::SumOfLanes(df, sum)));
  for (int64_t i = 0; i < count; i += kStep) {
    VF y = hn::Mul(hn::LoadU(df, kept + i), scale);
    hn::StoreU(hn::Mul(y, hn::Sub(hn::LoadU(df, dp + i), dot)), df, dp + i);
  }
}

// `alone`: the block has all queries and keys of the head.
void gradientBlock(const AttentionGradArgs &args, const Head &head,
                   const QueryBlock &b, bool alone, const GradScratch &m) {
  int64_t wide = m.wide, pitch = m.pitch, s = b.query;
  int64_t columns = roundUp(b.keys, static_cast<int64_t>(kLanes));
  packRows(args.q, head, s, b.queries, args.queries, args.size, wide, m.q);
  packRows(args.dout, head, s, b.queries, args.queries, args.size, wide,
           m.dout);
  smallGemm(b.queries, columns, args.size, {m.q, wide, 1},
            {m.keysT + b.first, pitch}, {m.probabilities, pitch}, false);
  smallGemm(b.queries, columns, args.size, {m.dout, wide, 1},
            {m.valuesT + b.first, pitch}, {m.gradients, pitch}, false);
  int64_t row = (head.batch * args.heads + head.head) * args.queries + s;
  for (int64_t i = 0; i < b.queries && b.keys > 0; ++i) {
    const uint32_t *keep = keepRow(
        args, elementNumber(args, head, s + i, b.first), b.keys, m.words);
    gradientRow(args, maskRow(args, head, s + i, b.first), args.lse[row + i],
                keep, m.probabilities + i * pitch, m.gradients + i * pitch,
                m.row, b.keys);
  }
  productInto(args.dq, head, s, b.queries, b.keys, {m.gradients, pitch, 1},
              {m.keys + b.first * wide, wide}, args.size, wide, m.dq,
              StoreSums{m.stream});
  GemmLeft probabilities = {m.probabilities, 1, pitch};
  GemmLeft gradients = {m.gradients, 1, pitch};
  GemmPanel<const float> dout = {m.dout, wide}, q = {m.q, wide};
  if (alone) {
    productInto(args.dv, head, 0, b.keys, b.queries, probabilities, dout,
                args.size, wide, m.dv, StoreSums{m.stream});
    productInto(args.dk, head, 0, b.keys, b.queries, gradients, q, args.size,
                wide, m.dk, StoreSums{m.stream});
    return;
  }
  smallGemm(b.keys, wide, b.queries, probabilities, dout,
            {m.dv + b.first * wide, wide}, true);
  smallGemm(b.keys, wide, b.queries, gradients, q,
            {m.dk + b.first * wide, wide}, true);
}

void attentionGradHead(const AttentionGradArgs &args, int64_t task,
                       float *scratch) {
  Head head = headOf(args, task);
  GradScratch m(args, scratch);
  KeyRange unmasked = unmaskedKeys(args, head.batch);
  int64_t keys = keysEnd(args, unmasked, head.batch);
  packTransposed(args.k, head, keys, keyColumns(keys), args.size, m.wide, m.q,
                 m.keysT, m.pitch);
  packTransposed(args.v, head, keys, keyColumns(keys), args.size, m.wide, m.q,
                 m.valuesT, m.pitch);
  packRows(args.k, head, 0, keys, keys, args.size, m.wide, m.keys);
  QueryBlock b = queryBlock(args, unmasked, head.batch, 0, kGradQueryBlock);
  bool alone = b.queries == args.queries && b.keys == args.keys;
  size_t sums = alone ? 0 : static_cast<size_t>(args.keys * m.wide) * 4;
  __builtin_memset(m.dk, 0, sums);
  __builtin_memset(m.dv, 0, sums);
  while (true) {
    gradientBlock(args, head, b, alone, m);
    int64_t next = b.query + b.queries;
    if (next == args.queries) {
      break;
    }
    b = queryBlock(args, unmasked, head.batch, next, kGradQueryBlock);
  }
  if (!alone) {
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
  parallelQueue(args.batch * args.heads, [&](int64_t task) {
    auto thread = static_cast<size_t>(omp_get_thread_num());
    HWY_DYNAMIC_DISPATCH(attentionGradHead)
    (args, task, reinterpret_cast<float *>(scratch + thread * each));
  });
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
