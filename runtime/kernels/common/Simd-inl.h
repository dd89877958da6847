// SPDX-License-Identifier: Apache-2.0
//
// What every SIMD kernel needs: vectors of f32, loads and stores of the last,
// partial vector, and blocks of any float storage seen as f32. Compiled once
// per instruction set; no function of the standard library may be used here,
// or the linker could keep an AVX-512 copy of it for every caller.

#if defined(BERTC_RUNTIME_KERNELS_COMMON_SIMD_INL_H_) ==                       \
    defined(HWY_TARGET_TOGGLE)
#ifdef BERTC_RUNTIME_KERNELS_COMMON_SIMD_INL_H_
#undef BERTC_RUNTIME_KERNELS_COMMON_SIMD_INL_H_
#else
#define BERTC_RUNTIME_KERNELS_COMMON_SIMD_INL_H_
#endif

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "runtime/kernels/common/HalfRounding.h"
#include "runtime/kernels/common/Operand.h"
#include "runtime/kernels/common/Walk.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::ScalableTag<float>;
using DI = hn::RebindToSigned<DF>;
using DU = hn::RebindToUnsigned<DF>;
using DU16 = hn::Rebind<uint16_t, DF>;
using VF = hn::Vec<DF>;
using VI = hn::Vec<DI>;
using VU = hn::Vec<DU>;

constexpr size_t kLanes = hn::MaxLanes(DF());

HWY_INLINE VF splat(float value) { return hn::Set(DF(), value); }

// The first n < kLanes elements at p; other lanes are 0.
HWY_INLINE VF loadTail(const float *HWY_RESTRICT p, size_t n) {
#if HWY_TARGET == HWY_EMU128
  HWY_ALIGN float lanes[kLanes] = {};
  for (size_t i = 0; i < n; ++i) {
    lanes[i] = p[i];
  }
  return hn::Load(DF(), lanes);
#else
  return hn::MaskedLoad(hn::FirstN(DF(), n), DF(), p);
#endif
}

HWY_INLINE void storeTail(VF v, float *HWY_RESTRICT p, size_t n) {
  HWY_ALIGN float lanes[kLanes];
  hn::Store(v, DF(), lanes);
  for (size_t i = 0; i < n; ++i) {
    p[i] = lanes[i];
  }
}

// bf16 is the upper half of an f32.
HWY_INLINE VF bf16Load(const uint16_t *HWY_RESTRICT p) {
  VU wide = hn::PromoteTo(DU(), hn::LoadU(DU16(), p));
  return hn::BitCast(DF(), hn::ShiftLeft<16>(wide));
}

// Rounds to nearest, ties to even; NaN stays NaN.
HWY_INLINE VU bf16Round(VF v) {
  const DU du;
  VU bits = hn::BitCast(du, v);
  VU odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1));
  VU rounded = hn::Add(bits, hn::Add(odd, hn::Set(du, 0x7fff)));
  VU quiet = hn::Or(bits, hn::Set(du, 0x400000));
  auto isNan = hn::RebindMask(du, hn::IsNaN(v));
  return hn::ShiftRight<16>(hn::IfThenElse(isNan, quiet, rounded));
}

HWY_INLINE void bf16Store(VF v, uint16_t *HWY_RESTRICT p) {
  VI word = hn::BitCast(DI(), bf16Round(v));
  hn::StoreU(hn::DemoteTo(DU16(), word), DU16(), p);
}

// How a kernel rounds vectors to bf16, a parameter of its loop. Both give the
// same bits, but that denormals, which the runtime flushes, become zeros of
// their sign in hardware.
struct SoftwareRounding {
  static HWY_INLINE void store(VF v, uint16_t *p) { bf16Store(v, p); }
};

#if HWY_TARGET == HWY_AVX3
struct HardwareRounding {
  static HWY_INLINE void store(VF v, uint16_t *p) {
    __m256i halves;
    asm("vcvtneps2bf16 %1, %0" : "=v"(halves) : "v"(v.raw));
    _mm256_storeu_si256(reinterpret_cast<__m256i_u *>(p), halves);
  }
};
#endif

// fn(rounding) with the fastest that the CPU has.
template <typename Fn> HWY_INLINE void withRounding(const Fn &fn) {
#if HWY_TARGET == HWY_AVX3
  if (roundsHalvesInHardware()) {
    return fn(HardwareRounding());
  }
#endif
  fn(SoftwareRounding());
}

HWY_INLINE float bf16ToFloat(uint16_t half) {
  uint32_t bits = static_cast<uint32_t>(half) << 16;
  float value;
  __builtin_memcpy(&value, &bits, 4);
  return value;
}

HWY_INLINE void bf16ToF32(const uint16_t *HWY_RESTRICT in,
                          float *HWY_RESTRICT out, size_t n) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    hn::StoreU(bf16Load(in + i), DF(), out + i);
  }
  for (; i < n; ++i) {
    out[i] = bf16ToFloat(in[i]);
  }
}

// Rounds the last n < kLanes elements of a run.
template <class Rounding>
HWY_INLINE void storeHalvesTail(Rounding, VF v, uint16_t *p, size_t n) {
  HWY_ALIGN uint16_t lanes[kLanes];
  Rounding::store(v, lanes);
  for (size_t i = 0; i < n; ++i) {
    p[i] = lanes[i];
  }
}

HWY_INLINE VF loadHalvesTail(const uint16_t *p, size_t n) {
  HWY_ALIGN uint16_t lanes[kLanes] = {};
  for (size_t i = 0; i < n; ++i) {
    lanes[i] = p[i];
  }
  return bf16Load(lanes);
}

HWY_INLINE void f32ToBf16(const float *HWY_RESTRICT in,
                          uint16_t *HWY_RESTRICT out, size_t n) {
  withRounding([&](auto rounding) HWY_ATTR {
    size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      rounding.store(hn::LoadU(DF(), in + i), out + i);
    }
    if (i < n) {
      storeHalvesTail(rounding, loadTail(in + i, n - i), out + i, n - i);
    }
  });
}

// Elements [offset, offset + n * stride) of f32 or bf16 memory as dense f32:
// the memory itself when it is that already, else a copy in `block` (kBlock
// elements).
HWY_INLINE const float *loadBlock(const void *data, DType dtype, int64_t offset,
                                  int64_t stride, size_t n,
                                  float *HWY_RESTRICT block) {
  if (dtype == DType::F32) {
    const float *p = static_cast<const float *>(data) + offset;
    if (stride == 1) {
      return p;
    }
    for (size_t i = 0; i < n; ++i) {
      block[i] = p[static_cast<int64_t>(i) * stride];
    }
    return block;
  }
  const uint16_t *p = static_cast<const uint16_t *>(data) + offset;
  if (stride == 1) {
    bf16ToF32(p, block, n);
    return block;
  }
  for (size_t i = 0; i < n; ++i) {
    block[i] = bf16ToFloat(p[static_cast<int64_t>(i) * stride]);
  }
  return block;
}

// Where to compute a block of the output: its own memory when that is dense
// f32, else `block`, which storeBlock() then writes out. With `stream` (see
// streams()) always the latter.
HWY_INLINE float *outBlock(void *data, DType dtype, int64_t offset,
                           int64_t stride, float *block, bool stream = false) {
  return dtype == DType::F32 && stride == 1 && !stream
             ? static_cast<float *>(data) + offset
             : block;
}

// Writes dense values past the caches; p may be of any alignment.
HWY_INLINE void streamOut(const float *HWY_RESTRICT values,
                          float *HWY_RESTRICT p, size_t n) {
  size_t i = 0;
  if (reinterpret_cast<uintptr_t>(p) % (kLanes * sizeof(float)) == 0) {
    for (; i + kLanes <= n; i += kLanes) {
      hn::Stream(hn::LoadU(DF(), values + i), DF(), p + i);
    }
  }
  for (; i + kLanes <= n; i += kLanes) {
    hn::StoreU(hn::LoadU(DF(), values + i), DF(), p + i);
  }
  for (; i < n; ++i) {
    p[i] = values[i];
  }
}

// Writes `values`, which outBlock() gave, to the output.
HWY_INLINE void storeBlock(const float *HWY_RESTRICT values, void *data,
                           DType dtype, int64_t offset, int64_t stride,
                           size_t n, bool stream = false) {
  if (dtype == DType::F32) {
    float *p = static_cast<float *>(data) + offset;
    if (stride == 1) {
      // Without streaming the values were computed in place.
      return stream ? streamOut(values, p, n) : void();
    }
    for (size_t i = 0; i < n; ++i) {
      p[static_cast<int64_t>(i) * stride] = values[i];
    }
    return;
  }
  uint16_t *p = static_cast<uint16_t *>(data) + offset;
  if (stride == 1) {
    f32ToBf16(values, p, n);
    return;
  }
  HWY_ALIGN uint16_t halves[kBlock];
  f32ToBf16(values, halves, n);
  for (size_t i = 0; i < n; ++i) {
    p[static_cast<int64_t>(i) * stride] = halves[i];
  }
}

// Makes streamed values visible to other threads; at the end of a task.
HWY_INLINE void finishStreams(bool stream) {
  if (stream) {
    hwy::FlushStream();
  }
}

// y[i] = op(x[i]) for dense f32; y may be x.
template <typename Op>
HWY_INLINE void mapBlock(const Op &op, const float *x, float *y, size_t n) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    hn::StoreU(op(hn::LoadU(DF(), x + i)), DF(), y + i);
  }
  if (i < n) {
    storeTail(op(loadTail(x + i, n - i)), y + i, n - i);
  }
}

// z[i] = op(x[i], y[i]) for dense f32; z may be x or y.
template <typename Op>
HWY_INLINE void mapBlock(const Op &op, const float *x, const float *y, float *z,
                         size_t n) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    VF r = op(hn::LoadU(DF(), x + i), hn::LoadU(DF(), y + i));
    hn::StoreU(r, DF(), z + i);
  }
  if (i < n) {
    VF r = op(loadTail(x + i, n - i), loadTail(y + i, n - i));
    storeTail(r, z + i, n - i);
  }
}

// Elements of bf16 that loops which compute much fetch ahead, operands and
// results: by themselves they wait for results to come into the cache that they
// then overwrite. Past the end of memory it does no harm.
constexpr size_t kHalvesAhead = 512;

// y[i] = op(x[i]) for dense bf16; y may be x.
template <class Rounding, typename Op>
HWY_INLINE void mapHalves(Rounding rounding, const Op &op, const uint16_t *x,
                          uint16_t *y, size_t n) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    __builtin_prefetch(x + i + kHalvesAhead, 0, 3);
    __builtin_prefetch(y + i + kHalvesAhead, 1, 3);
    rounding.store(op(bf16Load(x + i)), y + i);
  }
  if (i < n) {
    storeHalvesTail(rounding, op(loadHalvesTail(x + i, n - i)), y + i, n - i);
  }
}

} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // toggled guard
