// SPDX-License-Identifier: Apache-2.0
//
// Products of small f32 matrices that lie in the caches: the inner loop of
// attention. Columns of b and c come in whole vectors; a is read element by
// element through strides, so that it may be transposed.

#if defined(BERTC_RUNTIME_KERNELS_ATTENTION_SMALLGEMM_INL_H_) ==               \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_ATTENTION_SMALLGEMM_INL_H_
#undef BERTC_RUNTIME_KERNELS_ATTENTION_SMALLGEMM_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_ATTENTION_SMALLGEMM_INL_H_
#endif

#include "runtime/kernels/attention/Ahead-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

// a(i, k) = data[i * row + k * col].
struct GemmLeft {
  const float *data;
  int64_t row, col;
};

// Rows `pitch` apart, columns next to each other.
template <typename T> struct GemmPanel {
  T *data;
  int64_t pitch;
};

// With 32 registers 6 x 4 sums, 4 vectors of b and one of a fit; with 16 half
// as many columns.
constexpr int kGemmRows = 6;
constexpr int kGemmVectors = kLanes >= 16 ? 4 : 2;

// Writes a vector; with `stream` past the caches, `to` being aligned then.
HWY_INLINE void storeSum(VF sum, float *to, bool stream) {
  stream ? hn::Stream(sum, DF(), to) : hn::StoreU(sum, DF(), to);
}

// How sums are written: as they are.
struct StoreSums {
  bool stream = false;
  HWY_INLINE StoreSums fromRow(int64_t) const { return *this; }
  HWY_INLINE void operator()(VF sum, int64_t, float *to) const {
    storeSum(sum, to, stream);
  }
};

// Times a factor of their row.
struct StoreScaled {
  const float *factors;
  bool stream;
  HWY_INLINE StoreScaled fromRow(int64_t row) const {
    return {factors + row, stream};
  }
  HWY_INLINE void operator()(VF sum, int64_t row, float *to) const {
    storeSum(hn::Mul(sum, splat(factors[row])), to, stream);
  }
};

// Steps of a tile that hide the way of a line from memory.
constexpr int kStepsPerLine = 4;

// One step of k: all products of its column of a and its row of b.
template <int Rows, int Vectors>
HWY_INLINE void gemmStep(GemmLeft &a, GemmPanel<const float> &b,
                         VF (&sum)[Rows][Vectors]) {
  VF right[Vectors];
  HWY_UNROLL(8)
  for (int j = 0; j < Vectors; ++j) {
    right[j] = hn::LoadU(DF(), b.data + j * static_cast<int64_t>(kLanes));
  }
  HWY_UNROLL(8)
  for (int i = 0; i < Rows; ++i) {
    VF left = splat(a.data[i * a.row]);
    HWY_UNROLL(8)
    for (int j = 0; j < Vectors; ++j) {
      sum[i][j] = hn::MulAdd(left, right[j], sum[i][j]);
    }
  }
  a.data += a.col;
  b.data += b.pitch;
}

// Rows x Vectors sums over k steps; adds to c or overwrites it.
template <int Rows, int Vectors, class Store>
HWY_INLINE void gemmTile(GemmLeft a, GemmPanel<const float> b,
                         GemmPanel<float> c, int64_t k, bool add,
                         RowsAhead &ahead, const Store &store) {
  const DF df;
  VF sum[Rows][Vectors];
  HWY_UNROLL(8)
  for (int i = 0; i < Rows; ++i) {
    HWY_UNROLL(8)
    for (int j = 0; j < Vectors; ++j) {
      sum[i][j] = add ? hn::LoadU(df, c.data + i * c.pitch +
                                          j * static_cast<int64_t>(kLanes))
                      : hn::Zero(df);
    }
  }
  int64_t step = 0;
  for (; step + kStepsPerLine <= k; step += kStepsPerLine) {
    HWY_UNROLL(8)
    for (int i = 0; i < kStepsPerLine; ++i) {
      gemmStep(a, b, sum);
    }
    ahead.fetch();
  }
  for (; step < k; ++step) {
    gemmStep(a, b, sum);
  }
  HWY_UNROLL(8)
  for (int i = 0; i < Rows; ++i) {
    HWY_UNROLL(8)
    for (int j = 0; j < Vectors; ++j) {
      store(sum[i][j], i,
            c.data + i * c.pitch + j * static_cast<int64_t>(kLanes));
    }
  }
}

// Up to kGemmRows rows of Vectors vectors.
template <int Vectors, class Store>
HWY_INLINE void gemmRows(int64_t rows, GemmLeft a, GemmPanel<const float> b,
                         GemmPanel<float> c, int64_t k, bool add,
                         RowsAhead &ahead, const Store &store) {
  switch (rows) {
  case 1:
    return gemmTile<1, Vectors>(a, b, c, k, add, ahead, store);
  case 2:
    return gemmTile<2, Vectors>(a, b, c, k, add, ahead, store);
  case 3:
    return gemmTile<3, Vectors>(a, b, c, k, add, ahead, store);
  case 4:
    return gemmTile<4, Vectors>(a, b, c, k, add, ahead, store);
  case 5:
    return gemmTile<5, Vectors>(a, b, c, k, add, ahead, store);
  default:
    return gemmTile<kGemmRows, Vectors>(a, b, c, k, add, ahead, store);
  }
}

// Columns of one register block, all m rows.
template <int Vectors, class Store>
HWY_NOINLINE void gemmColumns(int64_t m, GemmLeft a, GemmPanel<const float> b,
                              GemmPanel<float> c, int64_t k, bool add,
                              RowsAhead &ahead, Store store) {
  for (int64_t i = 0; i < m;) {
    int64_t rows = evenPart(m - i, kGemmRows);
    gemmRows<Vectors>(rows, {a.data + i * a.row, a.row, a.col}, b,
                      {c.data + i * c.pitch, c.pitch}, k, add, ahead,
                      store.fromRow(i));
    i += rows;
  }
}

// c[m, n] = a[m, k] b[k, n], added to c when `add`; n in whole vectors.
template <class Store = StoreSums>
HWY_INLINE void smallGemm(int64_t m, int64_t n, int64_t k, GemmLeft a,
                          GemmPanel<const float> b, GemmPanel<float> c,
                          bool add, RowsAhead &ahead, Store store = {}) {
  int64_t vectors = n / static_cast<int64_t>(kLanes);
  while (vectors > 0) {
    int64_t now = evenPart(vectors, kGemmVectors);
    switch (now) {
    case 1:
      gemmColumns<1>(m, a, b, c, k, add, ahead, store);
      break;
    case 2:
      gemmColumns<2>(m, a, b, c, k, add, ahead, store);
      break;
#if HWY_TARGET <= HWY_AVX3
    case 3:
      gemmColumns<3>(m, a, b, c, k, add, ahead, store);
      break;
#endif
    default:
      gemmColumns<kGemmVectors>(m, a, b, c, k, add, ahead, store);
    }
    vectors -= now;
    b.data += now * static_cast<int64_t>(kLanes);
    c.data += now * static_cast<int64_t>(kLanes);
  }
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
