// SPDX-License-Identifier: Apache-2.0
//
// What is done to 32 x 32 sums on their way to C.

#if defined(BERTC_RUNTIME_KERNELS_AMX_EPILOGUE_INL_H_) ==                      \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_AMX_EPILOGUE_INL_H_
#undef BERTC_RUNTIME_KERNELS_AMX_EPILOGUE_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_AMX_EPILOGUE_INL_H_
#endif

#include "runtime/kernels/amx/Gemm.h"
#include "runtime/kernels/amx/Product-inl.h"
#include "runtime/kernels/common/Activations-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {

// Vectors in a row of 32.
constexpr int64_t kRowVectors = 32 / static_cast<int64_t>(kLanes);

// Rounds a vector to bf16 to nearest even.
template <class Tiles> HWY_INLINE void storeHalves(VF v, uint16_t *p) {
#if HWY_TARGET == HWY_AVX3
  if constexpr (Tiles::kHardware) {
    // A CPU with tiles has the instruction.
    return HardwareRounding::store(v, p);
  }
#endif
  bf16Store(v, p);
}

// Element i of a row of either type, as f32; whole vectors.
HWY_INLINE VF loadEither(Buffer row, int64_t i) {
  return row.dtype == DType::F32
             ? hn::LoadU(DF(), static_cast<const float *>(row.data) + i)
             : bf16Load(static_cast<const uint16_t *>(row.data) + i);
}

HWY_INLINE Buffer advance(Buffer b, int64_t elements) {
  if (b.data != nullptr) {
    b.data =
        static_cast<std::byte *>(b.data) + elements * elementBytes(b.dtype);
  }
  return b;
}

// Where the operands of one row of a block are.
struct EpilogueRow {
  Buffer c, bias, factor, residual, before;
};

// A whole row of 32.
template <class Tiles, typename Op>
HWY_INLINE void finishRow(const Op &op, float scale, const float *sums,
                          const EpilogueRow &row) {
  for (int64_t i = 0; i < 32; i += kLanes) {
    VF v = hn::Mul(hn::Load(DF(), sums + i), splat(scale));
    if (row.bias.data != nullptr) {
      v = hn::Add(v, loadEither(row.bias, i));
    }
    v = op(v);
    if (row.factor.data != nullptr) {
      v = hn::Mul(v, loadEither(row.factor, i));
    }
    if (row.residual.data != nullptr) {
      v = hn::Add(v, loadEither(row.residual, i));
    }
    if (row.before.data != nullptr) {
      v = hn::Add(v, loadEither(row.before, i));
    }
    if (row.c.dtype == DType::F32) {
      hn::StoreU(v, DF(), static_cast<float *>(row.c.data) + i);
    } else {
      storeHalves<Tiles>(v, static_cast<uint16_t *>(row.c.data) + i);
    }
  }
}

// Copies what exists of a row to 32 elements, which stand for it then.
HWY_INLINE Buffer padRow(Buffer row, int64_t cols, float *space) {
  if (row.data == nullptr) {
    return row;
  }
  __builtin_memset(space, 0, 32 * 4);
  __builtin_memcpy(space, row.data,
                   static_cast<size_t>(cols * elementBytes(row.dtype)));
  return {space, row.dtype};
}

// A row of which `cols` < 32 elements exist.
template <class Tiles, typename Op>
HWY_INLINE void finishPartRow(const Op &op, float scale, const float *sums,
                              const EpilogueRow &row, int64_t cols) {
  HWY_ALIGN float space[5][32];
  EpilogueRow padded = {{space[0], row.c.dtype},
                        padRow(row.bias, cols, space[1]),
                        padRow(row.factor, cols, space[2]),
                        padRow(row.residual, cols, space[3]),
                        padRow(row.before, cols, space[4])};
  finishRow<Tiles>(op, scale, sums, padded);
  __builtin_memcpy(row.c.data, space[0],
                   static_cast<size_t>(cols * elementBytes(row.c.dtype)));
}

// Rounds 32 elements to bf16.
template <class Tiles>
HWY_INLINE void storeRow(const VF (&v)[kRowVectors], uint16_t *p) {
#if HWY_TARGET == HWY_AVX3
  if constexpr (Tiles::kHardware) {
    __m512i halves;
    asm("vcvtne2ps2bf16 %1, %2, %0"
        : "=v"(halves)
        : "v"(v[0].raw), "v"(v[1].raw));
    _mm512_storeu_si512(p, halves);
    return;
  }
#endif
  for (int64_t i = 0; i < kRowVectors; ++i) {
    storeHalves<Tiles>(v[i], p + i * static_cast<int64_t>(kLanes));
  }
}

// The first element of a block of x, and how far apart rows are there.
HWY_INLINE Buffer blockAt(const amx::Rows &x, int64_t row, int64_t col) {
  return advance(x.buffer, x.blocked ? amx::blockOffset(row, col, x.pitch)
                                     : row * x.pitch + col);
}
HWY_INLINE int64_t pitchOf(const amx::Rows &x) {
  return x.blocked ? amx::kPanel : x.pitch;
}

// Which third operand a block of bf16 meets.
enum class Meets { Nothing, Factor, Residual };

// A whole block of bf16 with at most one operand beside the bias, in the type
// of C: what nearly every product of a model has.
template <class Tiles, Meets meets, typename Op>
HWY_INLINE void finishWhole(const Op &op, const amx::GemmTask &t,
                            const float *sums, int64_t row, int64_t col) {
  const amx::Rows &other = meets == Meets::Factor ? t.factor : t.residual;
  auto *c = static_cast<uint16_t *>(blockAt(t.c, row, col).data);
  auto *with = static_cast<const uint16_t *>(blockAt(other, row, col).data);
  const int64_t pitch = pitchOf(t.c), pitchWith = pitchOf(other);
  constexpr auto kStep = static_cast<int64_t>(kLanes);
  const VF scale = splat(t.scale);
  // Minus zero changes no number it is added to.
  VF bias[kRowVectors], v[kRowVectors];
  for (int64_t i = 0; i < kRowVectors; ++i) {
    bias[i] = t.bias.data == nullptr
                  ? splat(-0.0f)
                  : loadEither(advance(t.bias, col), i * kStep);
  }
  for (int64_t r = 0; r < 32; ++r) {
    for (int64_t i = 0; i < kRowVectors; ++i) {
      VF sum = hn::Load(DF(), sums + r * 32 + i * kStep);
      v[i] = op(hn::Add(hn::Mul(sum, scale), bias[i]));
      if constexpr (meets == Meets::Factor) {
        v[i] = hn::Mul(v[i], bf16Load(with + i * kStep));
      } else if constexpr (meets == Meets::Residual) {
        v[i] = hn::Add(v[i], bf16Load(with + i * kStep));
      }
    }
    storeRow<Tiles>(v, c);
    c += pitch;
    with += pitchWith;
  }
}

// Rows row .. and columns col .. of C from `sums` [32][32], as far as C goes.
template <class Tiles, typename Op>
HWY_INLINE void finishBlock(const Op &op, const amx::GemmTask &t,
                            const float *sums, int64_t row, int64_t col) {
  int64_t rows = t.m - row < 32 ? t.m - row : 32;
  int64_t cols = t.n - col < 32 ? t.n - col : 32;
  for (int64_t r = 0; r < rows; ++r) {
    auto at = [&](const amx::Rows &x) HWY_ATTR {
      return advance(x.buffer, (row + r) * x.pitch + col);
    };
    EpilogueRow operands = {at(t.c), advance(t.bias, col), at(t.factor),
                            at(t.residual),
                            at(t.accumulate ? t.c : amx::Rows())};
    if (cols == 32) {
      finishRow<Tiles>(op, t.scale, sums + r * 32, operands);
    } else {
      finishPartRow<Tiles>(op, t.scale, sums + r * 32, operands, cols);
    }
  }
}

// What finish() will touch.
HWY_INLINE BlockRows rowsOfBlock(const amx::GemmTask &t, int64_t row,
                                 int64_t col) {
  BlockRows rows;
  for (const amx::Rows *x : {&t.c, &t.factor, &t.residual}) {
    if (x->buffer.data != nullptr) {
      int64_t size = elementBytes(x->buffer.dtype);
      rows.operands[rows.count++] = {
          static_cast<const std::byte *>(blockAt(*x, row, col).data),
          pitchOf(*x) * size, 32 * size};
    }
  }
  return rows;
}

template <class Tiles>
HWY_INLINE void finish(const amx::GemmTask &t, const float *sums, int64_t row,
                       int64_t col) {
  bool factor = t.factor.buffer.data != nullptr;
  bool residual = t.residual.buffer.data != nullptr;
  bool whole = t.m - row >= 32 && t.n - col >= 32 &&
               t.c.buffer.dtype == DType::BF16 && !t.accumulate &&
               !(factor && residual);
  withActivation(t.activation, [&](auto op) HWY_ATTR {
    if (!whole) {
      finishBlock<Tiles>(op, t, sums, row, col);
    } else if (factor) {
      finishWhole<Tiles, Meets::Factor>(op, t, sums, row, col);
    } else if (residual) {
      finishWhole<Tiles, Meets::Residual>(op, t, sums, row, col);
    } else {
      finishWhole<Tiles, Meets::Nothing>(op, t, sums, row, col);
    }
  });
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
