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
#include "runtime/kernels/attention/TileSoftmax-inl.h"

#ifndef BERTC_RUNTIME_KERNELS_TILE_ATTENTION_SHARED_
#define BERTC_RUNTIME_KERNELS_TILE_ATTENTION_SHARED_
namespace bertc::rt::kernels {

// Scratch memory of a task. `rows` is a panel that could not be used where it
// lies.
struct TileScratch {
  TileScratch(const AttentionProblem &p, std::byte *memory)
      : wide(padded(p.size)) {
    int64_t keys = padded(p.keys);
    ScratchParts parts(memory);
    rows = parts.take<uint16_t>(amx::kPanel * wide);
    keyPanels = parts.take<uint16_t>(keys * wide);
    valuePanels = parts.take<uint16_t>(keys * wide);
    powers = parts.take<uint16_t>(amx::kPanel * keys);
    scores = parts.take<float>(amx::kPanel * linePitch(keys));
    mask = parts.take<float>((p.maskQuery == 0 ? 1 : kRowsTogether) * keys);
    factors = parts.take<float>(amx::kPanel);
    lse = parts.take<float>(amx::kPanel);
    words = parts.take<uint32_t>(keepWords(p) + amx::kPanel);
    bytes = parts.bytes();
  }
  int64_t wide;
  size_t bytes;
  uint16_t *rows, *keyPanels, *valuePanels;
  // In tiles [query / 16][key / 32].
  uint16_t *powers;
  float *scores, *mask, *factors, *lse;
  uint32_t *words;
};

} // namespace bertc::rt::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

void packKeys(const AttentionArgs &args, const Head &head, const KeyRange &keys,
              const TileScratch &m) {
  int64_t run = padded(keys.count) * kPanel;
  for (int64_t key = 0; key < keys.count; key += kPanel) {
    int64_t first = keys.first + key, rows = panelRows(keys.count, key);
    transposedPanel(
        panelOf(args.k, head, first, rows, args.size, m.wide, m.rows), m.wide,
        m.keyPanels + key * m.wide);
    plainStep(panelOf(args.v, head, first, rows, args.size, m.wide, m.rows),
              m.wide, run, m.valuePanels + key * kPanel);
  }
  if (args.maskQuery == 0) {
    maskTerms(maskRow(args, head, 0, keys.first), keys.count, m.mask);
  }
}

template <class Tiles>
void scorePanel(const AttentionArgs &args, const Head &head,
                const QueryBlock &b, const TileScratch &m) {
  int64_t keys = padded(b.keys), pitch = linePitch(keys);
  PanelRows q =
      panelOf(args.q, head, b.query, b.queries, args.size, m.wide, m.rows);
  for (int64_t key = 0; key < keys; key += kPanel) {
    tileProduct<Tiles>(rowMajor(q.data, q.pitch), m.keyPanels + key * m.wide,
                       m.wide / kPanel, false, m.scores + key, pitch);
  }
}

// Rows [first, first + rows) of a panel, at most kRowsTogether, under the
// softmax: powers, the largest terms into `lse`, sums into `factors`; of both
// as many as there could have been.
template <class Tiles, bool dropout, class RowOf>
HWY_INLINE void softmaxRows(const QueryBlock &b, int64_t first, int64_t rows,
                            const RowOf &rowOf, KeepRows &keeps,
                            const TileScratch &m) {
  int64_t keys = padded(b.keys), upper = keys / kPanel * kTileHalves;
  VF found[kRowsTogether];
  for (int64_t r = 0; r < kRowsTogether; ++r) {
    // What rows that are not there yield is not used.
    found[r] = largestOf(rowOf(first + (r < rows ? r : 0)), keys);
  }
  foldFour(found, MaxFold(), m.lse + first);
  for (int64_t i = first; i < first + rows; ++i) {
    uint16_t *out = m.powers + i / 16 * upper + i % 16 * kPanel;
    found[i - first] = powersOf<Tiles, dropout>(rowOf(i), keys, splat(m.lse[i]),
                                                keeps.next(), out, kTileHalves);
  }
  foldFour(found, AddFold(), m.factors + first);
}

// Sums of rows become what each row is still to be multiplied with, and the
// largest terms log of the sum of e^terms.
void finishRows(const AttentionProblem &p, const TileScratch &m) {
  const DF df;
  const VF kept = splat(p.dropout.active ? p.dropout.scale.factor : 1.0f);
  for (int64_t i = 0; i < kPanel; i += static_cast<int64_t>(kLanes)) {
    VF total = hn::Load(df, m.factors + i);
    VF lse = hn::MulAdd(hn::Load(df, m.lse + i), splat(kLn2), logV(total));
    hn::Store(lse, df, m.lse + i);
    hn::Store(hn::Div(kept, total), df, m.factors + i);
  }
}

// A panel under the softmax. A query without keys has nothing but lse = 0.
template <class Tiles, bool dropout>
void softmaxPanel(const AttentionArgs &args, const Head &head,
                  const QueryBlock &b, const TileScratch &m, RowsAhead &ahead) {
  const VF scale = splat(args.scale * kLog2E);
  const int64_t pitch = linePitch(padded(b.keys));
  const int64_t lines = ahead.pace((args.queries - b.query) / kRowsTogether);
  const bool plain = plainTerms(args, b.keys);
  KeepRows keeps(args, head, b, m.words);
  for (int64_t i = 0; i < b.queries; i += kRowsTogether) {
    int64_t left = b.queries - i;
    int64_t rows = left < kRowsTogether ? left : kRowsTogether;
    ahead.fetch(lines);
    if (plain) {
      softmaxRows<Tiles, dropout>(
          b, i, rows,
          [&](int64_t row)
              HWY_ATTR { return PlainRow{m.scores + row * pitch, scale}; },
          keeps, m);
      continue;
    }
    int64_t maskPitch = args.maskQuery == 0 ? 0 : padded(b.keys);
    for (int64_t r = 0; r < rows && maskPitch != 0; ++r) {
      maskTerms(maskRow(args, head, b.query + i + r, b.first), b.keys,
                m.mask + r * maskPitch);
    }
    softmaxRows<Tiles, dropout>(
        b, i, rows,
        [&](int64_t row) HWY_ATTR {
          return MaskedRow{m.scores + row * pitch,
                           m.mask + (row - i) * maskPitch, scale};
        },
        keeps, m);
  }
}

struct FactorRows : SameRows {
  const float *factors;
  HWY_INLINE VF operator()(VF v, int64_t r) const {
    return hn::Mul(v, splat(factors[r]));
  }
};

template <class Tiles>
void outPanel(const AttentionArgs &args, const Head &head, const QueryBlock &b,
              const TileScratch &m) {
  HWY_ALIGN float sums[kPanel * kPanel];
  int64_t keys = padded(b.keys), steps = keys / kPanel;
  TileLeft powers = {m.powers, kPanel, kTileHalves, steps * kTileHalves};
  FactorRows how;
  how.factors = m.factors;
  for (int64_t col = 0; col < m.wide; col += kPanel) {
    tileProduct<Tiles>(powers, m.valuePanels + col * keys, steps, false, sums,
                       kPanel);
    writeRows<Tiles>(sums, kPanel, b.queries, args.size, args.out, head,
                     b.query, col, how);
  }
}

template <class Tiles>
void runPanel(const AttentionArgs &args, const Head &head, const QueryBlock &b,
              const TileScratch &m, RowsAhead &ahead) {
  if (b.keys > 0) {
    scorePanel<Tiles>(args, head, b, m);
    args.dropout.active ? softmaxPanel<Tiles, true>(args, head, b, m, ahead)
                        : softmaxPanel<Tiles, false>(args, head, b, m, ahead);
    finishRows(args, m);
  } else {
    for (int64_t i = 0; i < kPanel; ++i) {
      m.lse[i] = 0.0f;
      m.factors[i] = 1.0f;
    }
  }
  if (args.lse != nullptr) {
    int64_t task = head.batch * args.heads + head.head;
    __builtin_memcpy(args.lse + task * args.queries + b.query, m.lse,
                     static_cast<size_t>(b.queries) * sizeof(float));
  }
  outPanel<Tiles>(args, head, b, m);
}

template <class Tiles>
void runHead(const AttentionArgs &args, int64_t task, int64_t next,
             const TileScratch &m) {
  amx::TileScope<Tiles> scope;
  Head head = headOf(args, task);
  KeyRange unmasked = unmaskedKeys(args, head.batch), there = {0, 0};
  RowsAhead ahead;
  fetchNext(args, next, ahead);
  for (int64_t s = 0; s < args.queries;) {
    QueryBlock run = queryBlock(args, unmasked, head.batch, s, args.queries);
    if (run.first != there.first || run.keys != there.count) {
      there = {run.first, run.keys};
      packKeys(args, head, there, m);
    }
    for (int64_t i = 0; i < run.queries; i += kPanel) {
      QueryBlock b = {s + i, panelRows(run.queries, i), run.first, run.keys};
      runPanel<Tiles>(args, head, b, m, ahead);
    }
    s += run.queries;
  }
}

void tileHead(const AttentionArgs &args, int64_t task, int64_t next,
              const TileScratch &m) {
  withTiles(args.tiles, [&](auto tiles) HWY_ATTR {
    runHead<decltype(tiles)>(args, task, next, m);
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
  forEachHead(args, scratch, each,
              [&](int64_t task, int64_t next, std::byte *own) {
                TileScratch m(args, own);
                HWY_DYNAMIC_DISPATCH(tileHead)(args, task, next, m);
              });
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
