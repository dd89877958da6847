// SPDX-License-Identifier: Apache-2.0
//
// The gradient of attention on tiles, one head a task; scores are transposed,
// keys by queries.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/attention/TileGradScratch.h"
#include "runtime/kernels/common/Parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/attention/TileAttentionGrad.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/attention/TileKeeps-inl.h"
#include "runtime/kernels/attention/TileKeyGrads-inl.h"
#include "runtime/kernels/attention/TileSoftmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

constexpr int64_t kStep = static_cast<int64_t>(kLanes);

void packKeys(const AttentionGradArgs &args, const Head &head,
              const KeyRange &keys, const TileGradScratch &m) {
  int64_t run = padded(keys.count) * kPanel;
  for (int64_t key = 0; key < keys.count; key += kPanel) {
    int64_t first = keys.first + key, rows = panelRows(keys.count, key);
    packPanel(args.v, head, first, rows, args.size, m.wide,
              m.values + key * m.wide);
    plainStep(packPanel(args.k, head, first, rows, args.size, m.wide,
                        m.keys + key * m.wide),
              m.wide, run, m.keyPanels + key * kPanel);
  }
  if (args.maskQuery == 0) {
    maskTerms(maskRow(args, head, 0, keys.first), keys.count, m.mask);
  }
}

// Step `step` of the panels of a block, and the transpose.
HWY_INLINE void packQueries(const HeadTensor &t, const Head &head,
                            const QueryBlock &b, int64_t size, int64_t step,
                            int64_t steps, const TileGradScratch &m,
                            const TileRows &to) {
  PanelRows rows = panelOf(t, head, b.query, b.queries, size, m.wide, m.rows);
  plainStep(rows, m.wide, steps * kStepHalves, to.plain + step * kStepHalves);
  transposedPanel(rows, m.wide, to.transposed);
}

// A query that does not exist has an infinite sum, and so no probabilities.
void prepareQueries(const AttentionGradArgs &args, const Head &head,
                    const QueryBlock &b, const TileGradScratch &m) {
  int64_t row = (head.batch * args.heads + head.head) * args.queries + b.query;
  for (int64_t i = 0; i < kPanel; ++i) {
    m.shift[i] =
        i < b.queries ? -kLog2E * args.lse[row + i] : -__builtin_inff();
  }
  for (int64_t i = 0; i < kPanel && args.maskQuery != 0; ++i) {
    const float *mask =
        i < b.queries ? maskRow(args, head, b.query + i, b.first) : nullptr;
    for (int64_t key = 0; key < padded(b.keys); ++key) {
      m.mask[key * kPanel + i] = key >= b.keys     ? -__builtin_inff()
                                 : mask == nullptr ? 0.0f
                                                   : mask[key] * kLog2E;
    }
  }
}

// What is added to the terms of a vector of queries: the mask apart from what
// the query always gets.
struct NoMask {
  HWY_INLINE VF operator()(VF shift, int64_t, int64_t) const { return shift; }
};

struct KeyMask {
  const float *mask;
  HWY_INLINE VF operator()(VF shift, int64_t key, int64_t) const {
    return hn::Add(shift, splat(mask[key]));
  }
};

struct QueryMask {
  const float *mask;
  HWY_INLINE VF operator()(VF shift, int64_t key, int64_t lane) const {
    return hn::Add(shift, hn::Load(DF(), mask + key * kPanel + lane));
  }
};

// A panel of keys, from `key` on, by the panel of queries: scores become
// probabilities, what dropout leaves of them, and gradients of dropped
// probabilities those of the probabilities, times the scale; summed up for the
// dot of each query.
template <class Tiles, bool dropout, class Mask>
HWY_INLINE void
probabilityRows(const AttentionGradArgs &args, const KeepBits &keeps,
                const Mask &mask, int64_t key, uint16_t *HWY_RESTRICT dropped,
                int64_t upper, const TileGradScratch &m, RowsAhead &ahead) {
  const DF df;
  const VF scale = splat(args.scale * kLog2E);
  const VF factor = splat(dropout ? args.dropout.scale.factor : 1.0f);
  const VF gradScale = hn::Mul(factor, splat(args.scale));
  VF shift[kRowVectors], dots[kRowVectors];
  for (int64_t i = 0; i < kRowVectors; ++i) {
    shift[i] = hn::Load(df, m.shift + i * kStep);
    dots[i] = hn::Load(df, m.dots + i * kStep);
  }
  float *ps = m.probabilities + key * kPanel, *gs = m.gradients + key * kPanel;
  for (int64_t r = 0; r < kPanel; ++r, ps += kPanel, gs += kPanel) {
    ahead.turn();
    VF left[kRowVectors];
    for (int64_t i = 0; i < kRowVectors; ++i) {
      VF p = exp2NegativeV(hn::MulAdd(hn::Load(df, ps + i * kStep), scale,
                                      mask(shift[i], key + r, i * kStep)));
      VF g = hn::Mul(hn::Load(df, gs + i * kStep), gradScale);
      left[i] = p;
      if (dropout) {
        auto keep = keeps.of(key + r, i * kStep);
        g = hn::IfThenElseZero(keep, g);
        left[i] = hn::IfThenElseZero(keep, hn::Mul(p, factor));
      }
      hn::Store(p, df, ps + i * kStep);
      hn::Store(g, df, gs + i * kStep);
      dots[i] = hn::MulAdd(g, p, dots[i]);
    }
    storeRow<Tiles>(left, dropped + r / 16 * upper + r % 16 * kPanel);
  }
  for (int64_t i = 0; i < kRowVectors; ++i) {
    hn::Store(dots[i], df, m.dots + i * kStep);
  }
}

// All keys of a panel of queries, which is step `step` of `steps` of its block.
template <class Tiles, bool dropout, class Mask>
void probabilities(const AttentionGradArgs &args, const QueryBlock &b,
                   const KeepBits &keeps, const Mask &mask, int64_t step,
                   int64_t steps, const TileGradScratch &m, RowsAhead &ahead) {
  const int64_t depth = m.wide / kPanel, upper = steps * kTileHalves;
  __builtin_memset(m.dots, 0, kPanel * sizeof(float));
  for (int64_t key = 0; key < b.keys; key += kPanel) {
    tileProduct<Tiles>(leftOf(packedPanel(m.keys + key * m.wide)),
                       m.q.transposed, depth, false,
                       m.probabilities + key * kPanel, kPanel);
    tileProduct<Tiles>(leftOf(packedPanel(m.values + key * m.wide)),
                       m.dout.transposed, depth, false,
                       m.gradients + key * kPanel, kPanel);
    uint16_t *dropped = m.dropped + key / 16 * upper + step * kTileHalves;
    probabilityRows<Tiles, dropout>(args, keeps, mask, key, dropped, upper, m,
                                    ahead);
  }
}

template <class Tiles, bool dropout>
void maskedProbabilities(const AttentionGradArgs &args, const Head &head,
                         const QueryBlock &b, int64_t step, int64_t steps,
                         const TileGradScratch &m, RowsAhead &ahead) {
  KeepBits keeps = {};
  if (dropout && b.keys > 0) {
    keeps = keepBits(args, head, b, m.keeps);
  }
  if (args.maskQuery != 0) {
    return probabilities<Tiles, dropout>(args, b, keeps, QueryMask{m.mask},
                                         step, steps, m, ahead);
  }
  if (args.mask != nullptr || b.keys % kPanel != 0) {
    return probabilities<Tiles, dropout>(args, b, keeps, KeyMask{m.mask}, step,
                                         steps, m, ahead);
  }
  probabilities<Tiles, dropout>(args, b, keeps, NoMask(), step, steps, m,
                                ahead);
}

// Where row r of tile `half` of what turnPanel() makes comes from.
HWY_INLINE int64_t turnedColumn(int64_t r, int64_t half) {
  return r / 4 * 8 + half * 4 + r % 4;
}

// Two A tiles, 32 rows of 32 columns, become two of their transpose, with rows
// in the order of turnedColumn(): the order in which interleaving yields them.
HWY_INLINE void turnPanel(const uint16_t *lower, const uint16_t *upper,
                          uint16_t *out, int64_t outUpper) {
  HWY_ALIGN uint32_t words[2][256];
  for (int64_t r = 0; r < 16; ++r) {
    const uint16_t *even = (r < 8 ? lower : upper) + r % 8 * 2 * kPanel;
#if HWY_TARGET == HWY_AVX3
    __m512i a = _mm512_load_si512(even);
    __m512i b = _mm512_load_si512(even + kPanel);
    _mm512_store_si512(words[0] + r * 16, _mm512_unpacklo_epi16(a, b));
    _mm512_store_si512(words[1] + r * 16, _mm512_unpackhi_epi16(a, b));
#else
    for (int64_t half = 0; half < 2; ++half) {
      for (int64_t i = 0; i < 16; ++i) {
        const uint16_t *pair = even + turnedColumn(i, half);
        words[half][r * 16 + i] = pair[0] | static_cast<uint32_t>(pair[kPanel])
                                                << 16;
      }
    }
#endif
  }
  transposeTile(words[0], 16, reinterpret_cast<uint32_t *>(out));
  transposeTile(words[1], 16, reinterpret_cast<uint32_t *>(out + outUpper));
}

struct TurnedRows : SameRows {
  HWY_INLINE int64_t row(int64_t r) const {
    return turnedColumn(r % 16, r / 16);
  }
};

// Gradients of the terms of a panel of queries, as they are and turned.
template <class Tiles>
void terms(const QueryBlock &b, int64_t step, int64_t steps,
           const TileGradScratch &m, RowsAhead &ahead) {
  const DF df;
  const int64_t upper = steps * kTileHalves;
  const int64_t keySteps = padded(b.keys) / kPanel;
  VF dots[kRowVectors];
  for (int64_t i = 0; i < kRowVectors; ++i) {
    dots[i] = hn::Load(df, m.dots + i * kStep);
  }
  const float *p = m.probabilities, *g = m.gradients;
  for (int64_t keyStep = 0; keyStep < keySteps; ++keyStep) {
    uint16_t *out = m.dterms + keyStep * 2 * upper + step * kTileHalves;
    for (int64_t r = 0; r < kPanel; ++r, p += kPanel, g += kPanel) {
      VF v[kRowVectors];
      for (int64_t i = 0; i < kRowVectors; ++i) {
        v[i] = hn::Mul(hn::Load(df, p + i * kStep),
                       hn::Sub(hn::Load(df, g + i * kStep), dots[i]));
      }
      ahead.turn();
      storeRow<Tiles>(v, out + r / 16 * upper + r % 16 * kPanel);
    }
    turnPanel(out, out + upper, m.turned + keyStep * kTileHalves,
              keySteps * kTileHalves);
  }
}

template <class Tiles>
void queryGradient(const AttentionGradArgs &args, const Head &head,
                   const QueryBlock &b, const TileGradScratch &m,
                   RowsAhead &ahead) {
  HWY_ALIGN float sums[kPanel * kPanel];
  int64_t keySteps = padded(b.keys) / kPanel;
  TileLeft left = {m.turned, kPanel, kTileHalves, keySteps * kTileHalves};
  for (int64_t col = 0; col < m.wide; col += kPanel) {
    tileProduct<Tiles>(left, m.keyPanels + col * keySteps * kPanel, keySteps,
                       false, sums, kPanel);
    writeRows<Tiles>(sums, kPanel, b.queries, args.size, args.dq, head, b.query,
                     col, TurnedRows(), ahead);
  }
}

// Everything of a panel of queries but what dk and dv get.
template <class Tiles>
void runPanel(const AttentionGradArgs &args, const Head &head,
              const QueryBlock &b, int64_t step, int64_t steps,
              const TileGradScratch &m, RowsAhead &ahead) {
  packQueries(args.q, head, b, args.size, step, steps, m, m.q);
  packQueries(args.dout, head, b, args.size, step, steps, m, m.dout);
  prepareQueries(args, head, b, m);
  args.dropout.active
      ? maskedProbabilities<Tiles, true>(args, head, b, step, steps, m, ahead)
      : maskedProbabilities<Tiles, false>(args, head, b, step, steps, m, ahead);
  terms<Tiles>(b, step, steps, m, ahead);
  queryGradient<Tiles>(args, head, b, m, ahead);
}

// The panels of a block, and what it adds to dk and dv.
template <class Tiles>
void runBlock(const AttentionGradArgs &args, const Head &head,
              const QueryBlock &b, const KeyProduct (&products)[2],
              SumRows &sums, const TileGradScratch &m, RowsAhead &ahead) {
  int64_t steps = padded(b.queries) / kPanel;
  for (int64_t step = 0; step < steps; ++step) {
    int64_t first = step * kPanel;
    QueryBlock panel = {b.query + first, panelRows(b.queries, first), b.first,
                        b.keys};
    runPanel<Tiles>(args, head, panel, step, steps, m, ahead);
  }
  bool whole = b.queries == args.queries;
  bool add = !whole && b.keys > 0 && sums.open(b.first, b.first + b.keys);
  for (const KeyProduct &product : products) {
    whole ? wholeProduct<Tiles>(args, head, b, product, m, ahead)
          : partProduct<Tiles>(b, product, add, m);
  }
}

template <class Tiles>
void runHead(const AttentionGradArgs &args, int64_t task, int64_t next,
             const TileGradScratch &m) {
  amx::TileScope<Tiles> scope;
  Head head = headOf(args, task);
  KeyRange unmasked = unmaskedKeys(args, head.batch), there = {0, 0};
  const KeyProduct products[2] = {{args.dv, m.dropped, m.dout.plain, m.dv},
                                  {args.dk, m.dterms, m.q.plain, m.dk}};
  SumRows sums(m);
  RowsAhead ahead;
  ahead.add(args.dq, head, args.queries, args.size);
  ahead.add(args.dv, head, args.keys, args.size);
  ahead.add(args.dk, head, args.keys, args.size);
  fetchNext(args, next, ahead);
  if (next >= 0) {
    ahead.add(args.dout, headOf(args, next), args.queries, args.size);
  }
  ahead.spread(pairsOf(args, unmasked, head.batch) / kPanel * 2 +
               (args.queries + 2 * args.keys) * m.wide / kPanel);
  bool whole = false;
  for (int64_t s = 0; s < args.queries;) {
    QueryBlock b = queryBlock(args, unmasked, head.batch, s, kTileGradQueries);
    whole = b.queries == args.queries;
    if (b.first != there.first || b.keys != there.count) {
      there = {b.first, b.keys};
      packKeys(args, head, there, m);
    }
    runBlock<Tiles>(args, head, b, products, sums, m, ahead);
    s += b.queries;
  }
  if (!whole) {
    sums.fill(args.keys);
    writeSums<Tiles>(args, head, products[0], m, ahead);
    writeSums<Tiles>(args, head, products[1], m, ahead);
  }
}

void tileGradHead(const AttentionGradArgs &args, int64_t task, int64_t next,
                  const TileGradScratch &m) {
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
HWY_EXPORT(tileGradHead);
} // namespace

size_t tileAttentionGradScratchBytes(const AttentionProblem &p) {
  return TileGradScratch(p, nullptr).bytes;
}

void tileAttentionGrad(const AttentionGradArgs &args, std::byte *scratch) {
  size_t each = tileAttentionGradScratchBytes(args);
  forEachHead(args, scratch, each,
              [&](int64_t task, int64_t next, std::byte *own) {
                TileGradScratch m(args, own);
                HWY_DYNAMIC_DISPATCH(tileGradHead)(args, task, next, m);
              });
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
