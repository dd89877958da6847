// SPDX-License-Identifier: Apache-2.0
//
// The dropout kernel: blocks of 1024 elements, eight groups of the generator.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/dropout/Dropout.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/dropout/Dropout.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/dropout/Dropout-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

// Elements [begin, end), numbered from `number` on.
void dropoutRange(const DropoutState &state, Buffer y, Buffer x, bool stream,
                  int64_t begin, int64_t end, int64_t number) {
  HWY_ALIGN float in[kBlock];
  HWY_ALIGN float out[kBlock];
  HWY_ALIGN uint32_t words[kKeepWords];
  for (int64_t at = begin; at < end; at += kBlock) {
    size_t n = static_cast<size_t>(end - at < kBlock ? end - at : kBlock);
    const float *src = loadBlock(x.data, x.dtype, at, 1, n, in);
    float *dst = outBlock(y.data, y.dtype, at, 1, out, stream);
    const uint32_t *keep = keepBlock(state, number + at - begin, n, words);
    dropBlock(src, keep, state.scale.factor, dst, n);
    storeBlock(dst, y.data, y.dtype, at, 1, n, stream);
  }
  finishStreams(stream);
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "runtime/kernels/elementwise/Elementwise.h"

namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(dropoutRange);

// y = x.
void keepAll(Buffer y, Buffer x, int64_t elements) {
  if (y.data == x.data && y.dtype == x.dtype) {
    return;
  }
  ElementwiseShape shape = makeElementwise(denseShape(y.dtype, {elements}),
                                           {denseShape(x.dtype, {elements})});
  void *data[] = {y.data, x.data};
  unary(y.dtype == x.dtype ? UnaryKind::Copy : UnaryKind::Cast, shape, data);
}

PhiloxSchedule philoxSchedule(const philox::DropoutKey &key) {
  PhiloxSchedule s;
  uint32_t key0 = key.seedLo, key1 = key.seedHi;
  for (int round = 0; round < philox::kRounds; ++round) {
    s.keys0[round] = key0;
    s.keys1[round] = key1;
    key0 += philox::kWeyl0;
    key1 += philox::kWeyl1;
  }
  s.firstProduct1 = uint64_t{philox::kMultiplier1} * key.opId;
  s.first2 = key.step ^ s.keys1[0];
  s.second0 = (s.firstProduct1 & 0xffffffffu) ^ s.keys0[1];
  return s;
}
} // namespace

DropoutState dropoutState(float rate, uint32_t opId, const int32_t *rng) {
  DropoutState state;
  if (rng == nullptr) {
    return state;
  }
  state.scale = philox::dropoutScale(rate);
  state.key.seedLo = static_cast<uint32_t>(rng[0]);
  state.key.seedHi = static_cast<uint32_t>(rng[1]);
  state.key.step = static_cast<uint32_t>(rng[2]);
  state.key.opId = opId;
  state.schedule = philoxSchedule(state.key);
  bool off = (static_cast<uint32_t>(rng[3]) & philox::kFlagDropoutOff) != 0;
  state.active = !off && state.scale.threshold != 0;
  return state;
}

void dropout(const DropoutState &state, Buffer y, Buffer x, int64_t elements) {
  if (!state.active) {
    return keepAll(y, x, elements);
  }
  bool stream = streams(y, elements, {x.data});
  parallelRanges(elements, kTaskElements, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(dropoutRange)(state, y, x, stream, begin, end, begin);
  });
}

void dropoutRows(const DropoutState &state, Buffer y, Buffer x,
                 const int32_t *rows, int64_t count, int64_t columns) {
  if (!state.active) {
    return keepAll(y, x, count * columns);
  }
  bool stream = streams(y, count * columns, {x.data});
  int64_t grain =
      std::max<int64_t>(1, kTaskElements / std::max<int64_t>(1, columns));
  parallelRanges(count, grain, [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      HWY_DYNAMIC_DISPATCH(dropoutRange)
      (state, y, x, stream, r * columns, (r + 1) * columns,
       dropoutRow(rows, r) * columns);
    }
  });
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
