// SPDX-License-Identifier: Apache-2.0
//
// The gradient of attention on tiles, one head a task; scores are transposed,
// keys by queries.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/attention/TileAttention.h"
#include "runtime/kernels/common/Parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/attention/TileAttentionGrad.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/attention/TileHeads-inl.h"

#ifndef BERTC_RUNTIME_KERNELS_TILE_ATTENTION_GRAD_SHARED_
#define BERTC_RUNTIME_KERNELS_TILE_ATTENTION_GRAD_SHARED_
namespace bertc::rt::kernels {

// A block of queries or of their dout: rows, and panels of them and of their
// transpose.
struct TileRows {
  uint16_t *rows, *plain, *transposed;
};

// Scratch memory of a task; wide columns unless said otherwise. Sums for dk and
// dv have a panel of rows behind the last, as sequences end anywhere.
struct TileGradScratch {
  TileGradScratch(const AttentionProblem &p, std::byte *memory)
      : wide(padded(p.size)), sumRows(p.keys + amx::kPanel) {
    int64_t keys = padded(p.keys);
    ScratchParts parts(memory);
    this->keys = parts.take<uint16_t>(keys * wide);
    values = parts.take<uint16_t>(keys * wide);
    keyPanels = parts.take<uint16_t>(keys * wide);
    for (TileRows *block : {&q, &dout}) {
      block->rows = parts.take<uint16_t>(kQueryBlock * wide);
      block->plain = parts.take<uint16_t>(kQueryBlock * wide);
      block->transposed = parts.take<uint16_t>(kQueryBlock * wide);
    }
    dropped = parts.take<uint16_t>(keys * kQueryBlock);
    dterms = parts.take<uint16_t>(keys * kQueryBlock);
    turned = parts.take<uint16_t>(keys * kQueryBlock);
    probabilities = parts.take<float>(keys * kQueryBlock);
    gradients = parts.take<float>(keys * kQueryBlock);
    lse = parts.take<float>(kQueryBlock);
    dots = parts.take<float>(kQueryBlock);
    dk = parts.take<float>(sumRows * wide);
    dv = parts.take<float>(sumRows * wide);
    kept = parts.take<uint32_t>(kQueryBlock / amx::kPanel * keys);
    words = parts.take<uint32_t>(keepWords(p));
    bytes = parts.bytes();
  }
  int64_t wide, sumRows;
  size_t bytes;
  uint16_t *keys, *values, *keyPanels;
  TileRows q, dout;
  // [keys][kQueryBlock]; `turned` in tiles of queries by keys.
  uint16_t *dropped, *dterms, *turned;
  float *probabilities, *gradients;
  float *lse, *dots;
  float *dk, *dv;
  // Bit i of kept[panel][key]: dropout leaves query i of the panel that key.
  uint32_t *kept, *words;
};

} // namespace bertc::rt::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

constexpr int64_t kStep = static_cast<int64_t>(kLanes);

void packKeys(const AttentionGradArgs &args, const Head &head,
              const KeyRange &keys, const TileGradScratch &m) {
  packHalves(args.v, head, keys.first, keys.count, args.size, m.wide, m.values);
  packHalves(args.k, head, keys.first, keys.count, args.size, m.wide, m.keys);
  plainPanels(m.keys, padded(keys.count), m.wide, m.keyPanels);
}

HWY_INLINE void packBlock(const HeadTensor &t, const Head &head,
                          const QueryBlock &b, int64_t size, int64_t wide,
                          const TileRows &to) {
  packHalves(t, head, b.query, b.queries, size, wide, to.rows);
  plainPanels(to.rows, padded(b.queries), wide, to.plain);
  transposedPanels(to.rows, padded(b.queries), wide, to.transposed);
}

// Sums of exponentials and keep bits of a block. A query that does not exist
// has an infinite sum, and so no probabilities.
void prepareQueries(const AttentionGradArgs &args, const Head &head,
                    const QueryBlock &b, const TileGradScratch &m) {
  int64_t row = (head.batch * args.heads + head.head) * args.queries + b.query;
  for (int64_t i = 0; i < padded(b.queries); ++i) {
    m.lse[i] = i < b.queries ? args.lse[row + i] : __builtin_inff();
    m.dots[i] = 0.0f;
  }
  if (!args.dropout.active) {
    return;
  }
  const DU du;
  int64_t keys = padded(b.keys);
  __builtin_memset(m.kept, 0,
                   static_cast<size_t>(padded(b.queries) / kPanel * keys) * 4);
  KeepRows keeps(args, head, b, m.words);
  for (int64_t i = 0; i < b.queries && b.keys > 0; ++i) {
    const uint32_t *keep = keeps.next();
    uint32_t *kept = m.kept + i / kPanel * keys;
    VU bit = hn::Set(du, 1u << i % kPanel);
    for (int64_t key = 0; key < b.keys; key += kStep) {
      VU now = hn::And(hn::LoadU(du, keep + key), bit);
      hn::StoreU(hn::Or(now, hn::LoadU(du, kept + key)), du, kept + key);
    }
  }
}

// The mask of one key for a vector of queries from `query` of the block on.
HWY_INLINE VF maskOfKey(const AttentionProblem &p, const Head &head,
                        const QueryBlock &b, int64_t key, int64_t query) {
  if (p.mask == nullptr) {
    return hn::Zero(DF());
  }
  if (p.maskQuery == 0) {
    return splat(maskRow(p, head, b.query, b.first)[key]);
  }
  HWY_ALIGN float lanes[kLanes] = {};
  for (int64_t i = 0; i < kStep && query + i < b.queries; ++i) {
    lanes[i] = maskRow(p, head, b.query + query + i, b.first)[key];
  }
  return hn::Load(DF(), lanes);
}

// All ones where dropout leaves a vector of queries from `lane` of their panel
// on the key that `bits` are of.
HWY_INLINE VF keptLanes(uint32_t bits, int64_t lane) {
  const DU du;
  VU numbers =
      hn::Add(hn::Iota(du, 0), hn::Set(du, static_cast<uint32_t>(lane)));
  VU own = hn::And(hn::Set(du, bits), hn::Shl(hn::Set(du, 1), numbers));
  auto none = hn::Eq(own, hn::Zero(du));
  return hn::BitCast(DF(), hn::IfThenZeroElse(none, hn::Set(du, ~0u)));
}

// A panel of keys by a panel of queries: scores and gradients of dropped
// probabilities become probabilities, dropped ones, and gradients of the
// former, and are summed for the dot of each query.
template <class Tiles>
void probabilityPanel(const AttentionGradArgs &args, const Head &head,
                      const QueryBlock &b, int64_t key, int64_t query,
                      const float *scores, const float *grads,
                      const TileGradScratch &m) {
  const DF df;
  const VF scale = splat(args.scale), factor = splat(args.dropout.scale.factor);
  const uint32_t *kept = m.kept + query / kPanel * padded(b.keys);
  int64_t there = b.keys - key < kPanel ? b.keys - key : kPanel;
  for (int64_t c = 0; c < kPanel; c += kStep) {
    const VF lse = hn::LoadU(df, m.lse + query + c);
    VF dot = hn::LoadU(df, m.dots + query + c);
    for (int64_t r = 0; r < kPanel; ++r) {
      int64_t at = (key + r) * kQueryBlock + query + c;
      VF p = hn::Zero(df), g = p, dropped = p;
      if (r < there) {
        VF t = hn::MulAdd(hn::Load(df, scores + r * kPanel + c), scale,
                          maskOfKey(args, head, b, key + r, query + c));
        p = dropped = expNegativeV(hn::Sub(t, lse));
        g = hn::Load(df, grads + r * kPanel + c);
        if (args.dropout.active) {
          VF keep = keptLanes(kept[key + r], c);
          g = hn::And(keep, hn::Mul(g, factor));
          dropped = hn::And(keep, hn::Mul(p, factor));
        }
      }
      hn::StoreU(p, df, m.probabilities + at);
      hn::StoreU(g, df, m.gradients + at);
      storeHalves<Tiles>(dropped, m.dropped + at);
      dot = hn::MulAdd(g, p, dot);
    }
    hn::StoreU(dot, df, m.dots + query + c);
  }
}

template <class Tiles>
void probabilityBlock(const AttentionGradArgs &args, const Head &head,
                      const QueryBlock &b, const TileGradScratch &m) {
  HWY_ALIGN float scores[kPanel * kPanel];
  HWY_ALIGN float grads[kPanel * kPanel];
  int64_t steps = m.wide / kPanel;
  for (int64_t key = 0; key < b.keys; key += kPanel) {
    for (int64_t query = 0; query < b.queries; query += kPanel) {
      tileProduct<Tiles>(rowMajor(m.keys + key * m.wide, m.wide),
                         m.q.transposed + query * m.wide, steps, false, scores,
                         kPanel);
      tileProduct<Tiles>(rowMajor(m.values + key * m.wide, m.wide),
                         m.dout.transposed + query * m.wide, steps, false,
                         grads, kPanel);
      probabilityPanel<Tiles>(args, head, b, key, query, scores, grads, m);
    }
  }
}

// Gradients of the terms, times the scale, as they are and turned: tile
// [query / 16][key / 32].
template <class Tiles>
void termBlock(const AttentionGradArgs &args, const QueryBlock &b,
               const TileGradScratch &m) {
  const DF df;
  const VF scale = splat(args.scale);
  HWY_ALIGN uint32_t pairs[256];
  int64_t keys = padded(b.keys);
  for (int64_t key = 0; key < keys; ++key) {
    for (int64_t c = 0; c < padded(b.queries); c += kStep) {
      int64_t at = key * kQueryBlock + c;
      VF p = hn::Mul(hn::LoadU(df, m.probabilities + at), scale);
      VF g =
          hn::Sub(hn::LoadU(df, m.gradients + at), hn::LoadU(df, m.dots + c));
      storeHalves<Tiles>(hn::Mul(p, g), m.dterms + at);
    }
  }
  uint16_t *out = m.turned;
  for (int64_t query = 0; query < padded(b.queries); query += 16) {
    for (int64_t key = 0; key < keys; key += kPanel, out += kTileHalves) {
      interleaveTile(m.dterms + key * kQueryBlock + query, kQueryBlock, pairs);
      transposeTile(pairs, 16, reinterpret_cast<uint32_t *>(out));
    }
  }
}

// dq of a block, and what it adds to dk and dv.
template <class Tiles>
void productBlock(const AttentionGradArgs &args, const Head &head,
                  const QueryBlock &b, const TileGradScratch &m) {
  HWY_ALIGN float sums[kPanel * kPanel];
  int64_t keySteps = padded(b.keys) / kPanel, run = keySteps * kTileHalves;
  int64_t querySteps = padded(b.queries) / kPanel;
  for (int64_t col = 0; col < m.wide; col += kPanel) {
    for (int64_t panel = 0; panel < querySteps; ++panel) {
      TileLeft left = {m.turned + 2 * panel * run, kPanel, kTileHalves, run};
      tileProduct<Tiles>(left, m.keyPanels + col * keySteps * kPanel, keySteps,
                         false, sums, kPanel);
      writeHalves(sums, panelRows(b, panel), args.size, args.dq, head,
                  b.query + panel * kPanel, col);
    }
    int64_t right = col * querySteps * kPanel;
    for (int64_t key = 0; key < b.keys; key += kPanel) {
      int64_t at = (b.first + key) * m.wide + col;
      tileProduct<Tiles>(rowMajor(m.dropped + key * kQueryBlock, kQueryBlock),
                         m.dout.plain + right, querySteps, true, m.dv + at,
                         m.wide);
      tileProduct<Tiles>(rowMajor(m.dterms + key * kQueryBlock, kQueryBlock),
                         m.q.plain + right, querySteps, true, m.dk + at,
                         m.wide);
    }
  }
}

template <class Tiles>
void runHead(const AttentionGradArgs &args, int64_t task,
             const TileGradScratch &m) {
  amx::TileScope<Tiles> scope;
  Head head = headOf(args, task);
  KeyRange unmasked = unmaskedKeys(args, head.batch), there = {0, 0};
  size_t sums = static_cast<size_t>(m.sumRows * m.wide) * sizeof(float);
  __builtin_memset(m.dk, 0, sums);
  __builtin_memset(m.dv, 0, sums);
  for (int64_t s = 0; s < args.queries;) {
    QueryBlock b = queryBlock(args, unmasked, head.batch, s);
    if (b.first != there.first || b.keys != there.count) {
      there = {b.first, b.keys};
      packKeys(args, head, there, m);
    }
    packBlock(args.q, head, b, args.size, m.wide, m.q);
    packBlock(args.dout, head, b, args.size, m.wide, m.dout);
    prepareQueries(args, head, b, m);
    probabilityBlock<Tiles>(args, head, b, m);
    termBlock<Tiles>(args, b, m);
    productBlock<Tiles>(args, head, b, m);
    s += b.queries;
  }
  unpackRows(m.dk, m.wide, args.keys, args.size, args.dk, head, 0, false);
  unpackRows(m.dv, m.wide, args.keys, args.size, args.dv, head, 0, false);
}

void tileGradHead(const AttentionGradArgs &args, int64_t task,
                  const TileGradScratch &m) {
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
HWY_EXPORT(tileGradHead);
} // namespace

size_t tileAttentionGradScratchBytes(const AttentionProblem &p) {
  return TileGradScratch(p, nullptr).bytes;
}

void tileAttentionGrad(const AttentionGradArgs &args, std::byte *scratch) {
  size_t each = tileAttentionGradScratchBytes(args);
  forEachHead(args, scratch, each, [&](int64_t task, int64_t, std::byte *own) {
    TileGradScratch m(args, own);
    HWY_DYNAMIC_DISPATCH(tileGradHead)(args, task, m);
  });
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
