// SPDX-License-Identifier: Apache-2.0
//
// Gradients of keys and values: products over the queries of a block, written
// at once or summed up over blocks.

#if defined(BERTC_RUNTIME_KERNELS_ATTENTION_TILEKEYGRADS_INL_H_) ==            \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_ATTENTION_TILEKEYGRADS_INL_H_
#undef BERTC_RUNTIME_KERNELS_ATTENTION_TILEKEYGRADS_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_ATTENTION_TILEKEYGRADS_INL_H_
#endif

#include "runtime/kernels/attention/TileGradScratch.h"
#include "runtime/kernels/attention/TileHeads-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

HWY_INLINE void zeroRows(const HeadTensor &t, const Head &head, int64_t first,
                         int64_t end, int64_t size) {
  for (int64_t row = first; row < end; ++row) {
    const HeadRows at = headRows(t, head, row);
    const int64_t together = t.blocked ? kPanel : size;
    for (int64_t col = 0; col < size; col += together) {
      __builtin_memset(at.data + col / kPanel * at.step, 0,
                       static_cast<size_t>(together) * 2);
    }
  }
}

// A gradient of keys or values: [keys][queries of a block] times what queries
// have.
struct KeyProduct {
  const HeadTensor &to;
  const uint16_t *left, *right;
  float *sums;
};

// Products of a block that has all queries: written where they belong.
template <class Tiles>
HWY_INLINE void wholeProduct(const AttentionGradArgs &args, const Head &head,
                             const QueryBlock &b, const KeyProduct &product,
                             const TileGradScratch &m, RowsAhead &ahead) {
  HWY_ALIGN float sums[kPanel * kPanel];
  int64_t steps = padded(b.queries) / kPanel;
  for (int64_t key = 0; key < b.keys; key += kPanel) {
    TileLeft left = {product.left + key * steps * kPanel, kPanel, kTileHalves,
                     steps * kTileHalves};
    for (int64_t col = 0; col < m.wide; col += kPanel) {
      tileProduct<Tiles>(left, product.right + col * steps * kPanel, steps,
                         false, sums, kPanel);
      writeRows<Tiles>(sums, kPanel, panelRows(b.keys, key), args.size,
                       product.to, head, b.first + key, col, SameRows(), ahead);
    }
  }
  zeroRows(product.to, head, 0, b.first, args.size);
  zeroRows(product.to, head, b.first + b.keys, args.keys, args.size);
}

// Products of a block that has some of them: added to the sums, or the first.
template <class Tiles>
HWY_INLINE void partProduct(const QueryBlock &b, const KeyProduct &product,
                            bool add, const TileGradScratch &m) {
  int64_t steps = padded(b.queries) / kPanel;
  for (int64_t key = 0; key < b.keys; key += kPanel) {
    TileLeft left = {product.left + key * steps * kPanel, kPanel, kTileHalves,
                     steps * kTileHalves};
    for (int64_t col = 0; col < m.wide; col += kPanel) {
      tileProduct<Tiles>(left, product.right + col * steps * kPanel, steps, add,
                         product.sums + (b.first + key) * m.wide + col, m.wide);
    }
  }
}

// Rows of sums for dk and dv that hold something; those behind them are filled
// when they are needed.
class SumRows {
public:
  SumRows(const TileGradScratch &m) : m_(m) {}

  // Whether keys [first, end) have sums to be added to; if not, the next
  // product is their first, up to a whole panel.
  bool open(int64_t first, int64_t end) {
    bool add = first < filled_;
    fill(add ? end : first);
    filled_ = end > filled_ ? end : filled_;
    return add;
  }

  // Zeros up to row `end`.
  void fill(int64_t end) {
    if (end > filled_) {
      size_t bytes = static_cast<size_t>((end - filled_) * m_.wide) * 4;
      __builtin_memset(m_.dk + filled_ * m_.wide, 0, bytes);
      __builtin_memset(m_.dv + filled_ * m_.wide, 0, bytes);
      filled_ = end;
    }
  }

private:
  const TileGradScratch &m_;
  int64_t filled_ = 0;
};

template <class Tiles>
HWY_INLINE void writeSums(const AttentionGradArgs &args, const Head &head,
                          const KeyProduct &product, const TileGradScratch &m,
                          RowsAhead &ahead) {
  for (int64_t key = 0; key < args.keys; key += kPanel) {
    for (int64_t col = 0; col < m.wide; col += kPanel) {
      writeRows<Tiles>(product.sums + key * m.wide + col, m.wide,
                       panelRows(args.keys, key), args.size, product.to, head,
                       key, col, SameRows(), ahead);
    }
  }
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
