// SPDX-License-Identifier: Apache-2.0
//
// Attention forward, one head a task.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/attention/Attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/attention/Attention.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/attention/Heads-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

// Replaces `count` scores by e^(terms - largest); returns the log of the sum of
// e^terms and, in `factor`, one over the sum of what was written.
HWY_INLINE float expRow(const AttentionProblem &p, const float *mask,
                        float *HWY_RESTRICT row, int64_t count, float *factor) {
  const DF df;
  const VF scale = splat(p.scale);
  constexpr int64_t kStep = static_cast<int64_t>(kLanes);
  VF top = splat(-__builtin_inff());
  for (int64_t i = 0; i < count; i += kStep) {
    VF t = termsV(row, mask, scale, i, count);
    hn::StoreU(t, df, row + i);
    top = hn::Max(top, t);
  }
  float largest = hn::GetLane(hn::MaxOfLanes(df, top));
  VF sum = hn::Zero(df);
  for (int64_t i = 0; i < count; i += kStep) {
    VF e = expV(hn::Sub(hn::LoadU(df, row + i), splat(largest)));
    hn::StoreU(e, df, row + i);
    sum = hn::Add(sum, e);
  }
  float total = hn::GetLane(hn::SumOfLanes(df, sum));
  *factor = 1.0f / total;
  return largest + hn::GetLane(logV(splat(total)));
}

struct ScaleOp {
  VF factor;
  HWY_INLINE VF operator()(VF x) const { return hn::Mul(x, factor); }
};

// row *= factor, dropped where there is dropout.
HWY_INLINE void dropRow(const AttentionProblem &p, int64_t element,
                        float factor, float *HWY_RESTRICT row, int64_t count,
                        uint32_t *HWY_RESTRICT words) {
  if (!p.dropout.active) {
    mapBlock(ScaleOp{splat(factor)}, row, row, static_cast<size_t>(count));
    return;
  }
  for (int64_t i = 0; i < count; i += kBlock) {
    size_t n = static_cast<size_t>(count - i < kBlock ? count - i : kBlock);
    const uint32_t *keep = keepBlock(p.dropout, element + i, n, words);
    dropBlock(row + i, keep, factor * p.dropout.scale.factor, row + i, n);
  }
}

void attentionHead(const AttentionArgs &args, bool stream, int64_t task,
                   float *scratch) {
  Head head = {task / args.heads, task % args.heads};
  int64_t wide = headPitch(args), pitch = keyPitch(args);
  ScratchFloats floats(scratch);
  float *keysT = floats.take(wide * pitch);
  float *values = floats.take(args.keys * wide);
  float *queries = floats.take(kQueryBlock * wide);
  float *out = floats.take(kQueryBlock * wide);
  float *scores = floats.take(kQueryBlock * pitch);
  HWY_ALIGN uint32_t words[kKeepWords];
  packTransposed(args.k, head, args.keys, args.size, wide, queries, keysT,
                 pitch);
  packRows(args.v, head, 0, args.keys, args.keys, args.size, wide, values);
  for (int64_t s = 0; s < args.queries;) {
    QueryBlock b = queryBlock(args, head.batch, s);
    int64_t columns = roundUp(b.keys, static_cast<int64_t>(kLanes));
    packRows(args.q, head, s, b.queries, args.queries, args.size, wide,
             queries);
    smallGemm(b.queries, columns, args.size, {queries, wide, 1},
              {keysT + b.first, pitch}, {scores, pitch}, false);
    for (int64_t i = 0; i < b.queries; ++i) {
      float *row = scores + i * pitch;
      float factor = 0.0f, lse = 0.0f;
      if (b.keys > 0) {
        lse = expRow(args, maskRow(args, head, s + i, b.first), row, b.keys,
                     &factor);
        dropRow(args, elementNumber(args, head, s + i, b.first), factor, row,
                b.keys, words);
      }
      if (args.lse != nullptr) {
        args.lse[task * args.queries + s + i] = lse;
      }
    }
    smallGemm(b.queries, wide, b.keys, {scores, pitch, 1},
              {values + b.first * wide, wide}, {out, wide}, false);
    unpackRows(out, wide, b.queries, args.size, args.out, head, s, stream);
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
  int64_t wide = headPitch(p), pitch = keyPitch(p);
  int64_t floats = wide * pitch + p.keys * wide + 2 * kQueryBlock * wide +
                   kQueryBlock * pitch;
  return static_cast<size_t>(floats) * sizeof(float);
}

void attention(const AttentionArgs &args, std::byte *scratch) {
  size_t each = attentionScratchBytes(args);
  bool stream = streams(args.out.buffer, elementCount(args, args.queries), {});
  parallelTasks(args.batch * args.heads, [&](int64_t task) {
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
