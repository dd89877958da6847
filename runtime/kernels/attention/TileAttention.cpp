// SPDX-License-Identifier: Apache-2.0
//
// Attention forward on tiles, one head a task.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/attention/TileAttention.h"
#include "runtime/kernels/common/Parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/attention/TileAttention.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/attention/TileHeads-inl.h"

#ifndef BERTC_RUNTIME_KERNELS_TILE_ATTENTION_SHARED_
#define BERTC_RUNTIME_KERNELS_TILE_ATTENTION_SHARED_
namespace bertc::rt::kernels {

// Scratch memory of a task. `rows` are keys or values before they are panels.
struct TileScratch {
  TileScratch(const AttentionProblem &p, std::byte *memory)
      : wide(padded(p.size)) {
    int64_t keys = padded(p.keys);
    ScratchParts parts(memory);
    rows = parts.take<uint16_t>(keys * wide);
    keyPanels = parts.take<uint16_t>(keys * wide);
    valuePanels = parts.take<uint16_t>(keys * wide);
    queries = parts.take<uint16_t>(kQueryBlock * wide);
    probabilities = parts.take<uint16_t>(kQueryBlock * keys);
    scores = parts.take<float>(kQueryBlock * keys);
    factors = parts.take<float>(kQueryBlock);
    lse = parts.take<float>(kQueryBlock);
    words = parts.take<uint32_t>(keepWords(p));
    bytes = parts.bytes();
  }
  int64_t wide;
  size_t bytes;
  uint16_t *rows, *keyPanels, *valuePanels, *queries, *probabilities;
  float *scores, *factors, *lse;
  uint32_t *words;
};

} // namespace bertc::rt::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

void packKeys(const AttentionArgs &args, const Head &head, const KeyRange &keys,
              const TileScratch &m) {
  int64_t count = padded(keys.count);
  packHalves(args.k, head, keys.first, keys.count, args.size, m.wide, m.rows);
  transposedPanels(m.rows, count, m.wide, m.keyPanels);
  packHalves(args.v, head, keys.first, keys.count, args.size, m.wide, m.rows);
  plainPanels(m.rows, count, m.wide, m.valuePanels);
}

template <class Tiles>
void scoreBlock(const QueryBlock &b, const TileScratch &m) {
  int64_t keys = padded(b.keys), steps = m.wide / kPanel;
  for (int64_t key = 0; key < keys; key += kPanel) {
    const uint16_t *panel = m.keyPanels + key * m.wide;
    for (int64_t query = 0; query < b.queries; query += kPanel) {
      tileProduct<Tiles>(rowMajor(m.queries + query * m.wide, m.wide), panel,
                         steps, false, m.scores + query * keys + key, keys);
    }
  }
}

template <class Tiles>
void softmaxBlock(const AttentionArgs &args, const Head &head,
                  const QueryBlock &b, const TileScratch &m) {
  int64_t keys = padded(b.keys);
  int64_t written = roundUp(b.keys, static_cast<int64_t>(kLanes));
  softmaxRows(args, head, b, m.scores, keys, m.factors, m.lse, m.words);
  for (int64_t i = 0; i < b.queries; ++i) {
    float *row = m.scores + i * keys;
    uint16_t *halves = m.probabilities + i * keys;
    roundRow<Tiles>(row, halves, written);
    __builtin_memset(halves + written, 0,
                     static_cast<size_t>(keys - written) * 2);
  }
}

template <class Tiles>
void outBlock(const AttentionArgs &args, const Head &head, const QueryBlock &b,
              const TileScratch &m) {
  HWY_ALIGN float sums[kPanel * kPanel];
  int64_t keys = padded(b.keys);
  for (int64_t col = 0; col < m.wide; col += kPanel) {
    for (int64_t panel = 0; panel * kPanel < b.queries; ++panel) {
      int64_t query = panel * kPanel, rows = panelRows(b, panel);
      tileProduct<Tiles>(rowMajor(m.probabilities + query * keys, keys),
                         m.valuePanels + col * keys, keys / kPanel, false, sums,
                         kPanel);
      for (int64_t r = 0; r < rows; ++r) {
        float *row = sums + r * kPanel;
        mapBlock(ScaleOp{splat(m.factors[query + r])}, row, row, kPanel);
      }
      writeHalves(sums, rows, args.size, args.out, head, b.query + query, col);
    }
  }
}

template <class Tiles>
void runHead(const AttentionArgs &args, int64_t task, const TileScratch &m) {
  amx::TileScope<Tiles> scope;
  Head head = headOf(args, task);
  KeyRange unmasked = unmaskedKeys(args, head.batch), there = {0, 0};
  for (int64_t s = 0; s < args.queries;) {
    QueryBlock b = queryBlock(args, unmasked, head.batch, s);
    if (b.first != there.first || b.keys != there.count) {
      there = {b.first, b.keys};
      packKeys(args, head, there, m);
    }
    packHalves(args.q, head, s, b.queries, args.size, m.wide, m.queries);
    scoreBlock<Tiles>(b, m);
    softmaxBlock<Tiles>(args, head, b, m);
    outBlock<Tiles>(args, head, b, m);
    s += b.queries;
  }
}

void tileHead(const AttentionArgs &args, int64_t task, const TileScratch &m) {
  withTiles(args.tiles, [&](auto tiles) HWY_ATTR {
    runHead<decltype(tiles)>(args, task, m);
  });
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(tileHead);
} // namespace

size_t tileAttentionScratchBytes(const AttentionProblem &p) {
  return TileScratch(p, nullptr).bytes;
}

void tileAttention(const AttentionArgs &args, std::byte *scratch) {
  size_t each = tileAttentionScratchBytes(args);
  forEachHead(args, scratch, each, [&](int64_t task, int64_t, std::byte *own) {
    TileScratch m(args, own);
    HWY_DYNAMIC_DISPATCH(tileHead)(args, task, m);
  });
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
