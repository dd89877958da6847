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

// What a panel of queries leaves behind: scores, their powers in tiles
// [query / 16][key / 32], and what rows of the result are multiplied with.
struct TilePanel {
  float *scores, *factors;
  uint16_t *powers;
};

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
    for (TilePanel &panel : panels) {
      panel.powers = parts.take<uint16_t>(amx::kPanel * keys);
      panel.scores = parts.take<float>(amx::kPanel * linePitch(keys));
      panel.factors = parts.take<float>(amx::kPanel);
    }
    mask = parts.take<float>((p.maskQuery == 0 ? 1 : kRowsTogether) * keys);
    lse = parts.take<float>(amx::kPanel);
    words = parts.take<uint32_t>(keepWords(p) + amx::kPanel);
    bytes = parts.bytes();
  }
  int64_t wide;
  size_t bytes;
  uint16_t *rows, *keyPanels, *valuePanels;
  TilePanel panels[2];
  float *mask, *lse;
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

struct FactorRows : SameRows {
  const float *factors;
  HWY_INLINE VF operator()(VF v, int64_t r) const {
    return hn::Mul(v, splat(factors[r]));
  }
};

// Products of a run of queries with the same keys, a block of 32 x 32 each.
template <class Tiles> struct RunProducts {
  const AttentionArgs &args;
  const Head &head;
  const QueryBlock &run;
  const TileScratch &m;
  RowsAhead &ahead;

  int64_t count() const { return padded(run.queries) / kPanel; }
  QueryBlock panel(int64_t index) const {
    int64_t first = index * kPanel;
    return {run.query + first, panelRows(run.queries, first), run.first,
            run.keys};
  }

  // The queries of a panel, for scores().
  PanelRows rows(int64_t index) const {
    QueryBlock b = panel(index);
    return panelOf(args.q, head, b.query, b.queries, args.size, m.wide, m.rows);
  }

  // Scores of keys [key, key + 32).
  HWY_NOINLINE void scores(int64_t index, const PanelRows &q,
                           int64_t key) const {
    int64_t pitch = linePitch(padded(run.keys));
    tileProduct<Tiles>(leftOf(q), m.keyPanels + key * m.wide, m.wide / kPanel,
                       false, m.panels[index % 2].scores + key, pitch);
  }

  // Columns [col, col + 32) of the result.
  HWY_NOINLINE void out(int64_t index, int64_t col) const {
    HWY_ALIGN float sums[kPanel * kPanel];
    const TilePanel &p = m.panels[index % 2];
    int64_t keys = padded(run.keys), steps = keys / kPanel;
    TileLeft powers = {p.powers, kPanel, kTileHalves, steps * kTileHalves};
    tileProduct<Tiles>(powers, m.valuePanels + col * keys, steps, false, sums,
                       kPanel);
    FactorRows how;
    how.factors = p.factors;
    QueryBlock b = panel(index);
    writeRows<Tiles>(sums, kPanel, b.queries, args.size, args.out, head,
                     b.query, col, how, ahead);
  }
};

// Results of the panel before and scores of the one behind a panel, made bit by
// bit while its softmax goes on: the tile unit and the vector units then have
// something to do at the same time.
template <class Tiles> class Meanwhile {
public:
  Meanwhile(const RunProducts<Tiles> &products, int64_t index)
      : products_(products), index_(index) {
    outs_ = index > 0 ? products.m.wide / kPanel : 0;
    count_ = outs_;
    if (index + 1 < products.count()) {
      next_ = products.rows(index + 1);
      count_ += padded(products.run.keys) / kPanel;
    }
  }

  // To be called with part = 1, ... `parts`; in the end all are made.
  HWY_INLINE void go(int64_t part, int64_t parts) {
    for (; made_ * parts < part * count_; ++made_) {
      made_ < outs_
          ? products_.out(index_ - 1, made_ * kPanel)
          : products_.scores(index_ + 1, next_, (made_ - outs_) * kPanel);
    }
  }

private:
  const RunProducts<Tiles> &products_;
  int64_t index_, outs_, count_, made_ = 0;
  PanelRows next_ = {};
};

// Sums of rows become what each row is still to be multiplied with, and the
// largest terms log of the sum of e^terms.
void finishRows(const AttentionProblem &p, float *HWY_RESTRICT factors,
                float *HWY_RESTRICT lse) {
  const DF df;
  const VF kept = splat(p.dropout.active ? p.dropout.scale.factor : 1.0f);
  for (int64_t i = 0; i < kPanel; i += static_cast<int64_t>(kLanes)) {
    VF total = hn::Load(df, factors + i);
    VF sum = hn::MulAdd(hn::Load(df, lse + i), splat(kLn2), logV(total));
    hn::Store(sum, df, lse + i);
    hn::Store(hn::Div(kept, total), df, factors + i);
  }
}

// The softmax of one panel.
template <class Tiles, bool dropout> struct PanelSoftmax {
  const AttentionArgs &args;
  const Head &head;
  const QueryBlock &b;
  const TileScratch &m;
  const TilePanel &p;
  KeepRows keeps;
  Meanwhile<Tiles> meanwhile;
  RowsAhead &ahead;

  // Rows [first, first + rows), at most kRowsTogether: powers, the largest
  // terms into `lse`, sums into `factors`; of both as many as there could have
  // been.
  template <class RowOf>
  HWY_INLINE void together(int64_t first, int64_t rows, const RowOf &rowOf) {
    int64_t keys = padded(b.keys), upper = keys / kPanel * kTileHalves;
    VF found[kRowsTogether];
    for (int64_t r = 0; r < kRowsTogether; ++r) {
      // What rows that are not there yield is not used.
      found[r] = largestOf(rowOf(first + (r < rows ? r : 0)), keys);
    }
    foldFour(found, MaxFold(), m.lse + first);
    for (int64_t i = first; i < first + rows; ++i) {
      uint16_t *out = p.powers + i / 16 * upper + i % 16 * kPanel;
      found[i - first] =
          powersOf<Tiles, dropout>(rowOf(i), keys, splat(m.lse[i]),
                                   keeps.next(), out, kTileHalves, ahead);
      meanwhile.go(i + 1, b.queries);
    }
    foldFour(found, AddFold(), p.factors + first);
  }

  HWY_INLINE void masked(int64_t first, int64_t rows) {
    const VF scale = splat(args.scale * kLog2E);
    const int64_t pitch = linePitch(padded(b.keys));
    const int64_t maskPitch = args.maskQuery == 0 ? 0 : padded(b.keys);
    for (int64_t r = 0; r < rows && maskPitch != 0; ++r) {
      maskTerms(maskRow(args, head, b.query + first + r, b.first), b.keys,
                m.mask + r * maskPitch);
    }
    together(first, rows, [&](int64_t row) HWY_ATTR {
      return MaskedRow{p.scores + row * pitch,
                       m.mask + (row - first) * maskPitch, scale};
    });
  }

  void run() {
    const VF scale = splat(args.scale * kLog2E);
    const int64_t pitch = linePitch(padded(b.keys));
    const bool plain = plainTerms(args, b.keys);
    for (int64_t i = 0; i < b.queries; i += kRowsTogether) {
      int64_t left = b.queries - i;
      int64_t rows = left < kRowsTogether ? left : kRowsTogether;
      if (!plain) {
        masked(i, rows);
        continue;
      }
      together(i, rows, [&](int64_t row) HWY_ATTR {
        return PlainRow{p.scores + row * pitch, scale};
      });
    }
    finishRows(args, p.factors, m.lse);
  }
};

// A panel under the softmax; a query without keys has nothing but lse = 0.
template <class Tiles>
void softmaxPanel(const RunProducts<Tiles> &products, int64_t index) {
  RowsAhead &ahead = products.ahead;
  const AttentionArgs &args = products.args;
  const Head &head = products.head;
  const TileScratch &m = products.m;
  const TilePanel &p = m.panels[index % 2];
  QueryBlock b = products.panel(index);
  KeepRows keeps(args, head, b, m.words);
  Meanwhile<Tiles> meanwhile(products, index);
  if (b.keys == 0) {
    for (int64_t i = 0; i < kPanel; ++i) {
      m.lse[i] = 0.0f;
      p.factors[i] = 1.0f;
    }
    meanwhile.go(1, 1);
  } else if (args.dropout.active) {
    PanelSoftmax<Tiles, true>{args, head, b, m, p, keeps, meanwhile, ahead}
        .run();
  } else {
    PanelSoftmax<Tiles, false>{args, head, b, m, p, keeps, meanwhile, ahead}
        .run();
  }
  if (args.lse != nullptr) {
    int64_t task = head.batch * args.heads + head.head;
    __builtin_memcpy(args.lse + task * args.queries + b.query, m.lse,
                     static_cast<size_t>(b.queries) * sizeof(float));
  }
}

template <class Tiles> void runQueries(const RunProducts<Tiles> &products) {
  PanelRows first = products.rows(0);
  for (int64_t key = 0; key < products.run.keys; key += kPanel) {
    products.scores(0, first, key);
  }
  int64_t count = products.count();
  for (int64_t index = 0; index < count; ++index) {
    softmaxPanel(products, index);
  }
  for (int64_t col = 0; col < products.m.wide; col += kPanel) {
    products.out(count - 1, col);
  }
}

template <class Tiles>
void runHead(const AttentionArgs &args, int64_t task, int64_t next,
             const TileScratch &m) {
  amx::TileScope<Tiles> scope;
  Head head = headOf(args, task);
  KeyRange unmasked = unmaskedKeys(args, head.batch), there = {0, 0};
  RowsAhead ahead;
  ahead.add(args.out, head, args.queries, args.size);
  fetchNext(args, next, ahead);
  ahead.spread(pairsOf(args, unmasked, head.batch) / kPanel +
               args.queries * m.wide / kPanel);
  for (int64_t s = 0; s < args.queries;) {
    QueryBlock run = queryBlock(args, unmasked, head.batch, s, args.queries);
    if (run.first != there.first || run.keys != there.count) {
      there = {run.first, run.keys};
      packKeys(args, head, there, m);
    }
    runQueries(RunProducts<Tiles>{args, head, run, m, ahead});
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
