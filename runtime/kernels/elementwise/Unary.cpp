// SPDX-License-Identifier: Apache-2.0
//
// Unary kernels on floating point storage; see Copy.cpp for copies and casts.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/elementwise/Elementwise.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/elementwise/Unary.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/common/Activations-inl.h"
#include "runtime/kernels/common/HalvesMath-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

struct NegOp {
  HWY_INLINE VF operator()(VF x) const { return hn::Neg(x); }
};
struct ExpOp {
  HWY_INLINE VF operator()(VF x) const { return expV(x); }
};
struct LogOp {
  HWY_INLINE VF operator()(VF x) const { return logV(x); }
};
struct SqrtOp {
  HWY_INLINE VF operator()(VF x) const { return hn::Sqrt(x); }
};
struct RsqrtOp {
  // The hardware's estimate has 12 to 14 bits; this is exact.
  HWY_INLINE VF operator()(VF x) const {
    return hn::Div(splat(1.0f), hn::Sqrt(x));
  }
};

// map(op) with the operator of a kind. Where only bf16 is stored, a shorter
// gelu suffices.
template <typename Map>
HWY_INLINE void withUnary(UnaryKind kind, bool toHalves, const Map &map) {
  switch (kind) {
  case UnaryKind::Neg:
    return map(NegOp());
  case UnaryKind::Exp:
    return map(ExpOp());
  case UnaryKind::Log:
    return map(LogOp());
  case UnaryKind::Sqrt:
    return map(SqrtOp());
  case UnaryKind::Rsqrt:
    return map(RsqrtOp());
  case UnaryKind::GeluErf:
    return toHalves ? map(GeluHalvesOp<GeluErfTail>()) : map(GeluErfOp());
  case UnaryKind::GeluTanh:
    return toHalves ? map(GeluHalvesOp<GeluTanhTail>()) : map(GeluTanhOp());
  default:
    return withActivation(kind, map);
  }
}

// bf16 to bf16 without a block of f32 between.
void unaryHalves(UnaryKind kind, const uint16_t *x, uint16_t *y, size_t n) {
  withRounding([&](auto rounding) HWY_ATTR {
    withUnary(kind, true,
              [&](auto op) HWY_ATTR { mapHalves(rounding, op, x, y, n); });
  });
}

void unaryBlock(UnaryKind kind, bool toHalves, const float *x, float *y,
                size_t n) {
  withUnary(kind, toHalves, [&](auto op) HWY_ATTR { mapBlock(op, x, y, n); });
}

void unaryUnits(UnaryKind kind, const ElementwiseShape &shape,
                void *const *data, bool stream, int64_t first, int64_t last) {
  HWY_ALIGN float in[kBlock];
  HWY_ALIGN float out[kBlock];
  const bool toHalves = shape.dtypes[0] == DType::BF16;
  for (UnitWalk walk(shape, first); walk.unit() < last; walk.next()) {
    size_t n = static_cast<size_t>(walk.count());
    if (toHalves && shape.dtypes[1] == DType::BF16 && walk.stride(0) == 1 &&
        walk.stride(1) == 1) {
      unaryHalves(kind, static_cast<const uint16_t *>(data[1]) + walk.offset(1),
                  static_cast<uint16_t *>(data[0]) + walk.offset(0), n);
      continue;
    }
    float *y = outBlock(data[0], shape.dtypes[0], walk.offset(0),
                        walk.stride(0), out, stream);
    // A cast computes nothing; either side is bf16, and may be written at once.
    const bool cast = kind == UnaryKind::Cast;
    const float *x = loadBlock(data[1], shape.dtypes[1], walk.offset(1),
                               walk.stride(1), n, cast ? y : in);
    if (cast) {
      storeBlock(x, data[0], shape.dtypes[0], walk.offset(0), walk.stride(0), n,
                 stream);
      continue;
    }
    unaryBlock(kind, toHalves, x, y, n);
    storeBlock(y, data[0], shape.dtypes[0], walk.offset(0), walk.stride(0), n,
               stream);
  }
  finishStreams(stream);
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "runtime/kernels/elementwise/Copy.h"

namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(unaryUnits);
} // namespace

bool unarySupports(UnaryKind kind, DType y, DType x) {
  switch (kind) {
  case UnaryKind::Copy:
    return y == x;
  case UnaryKind::Cast:
    return true;
  case UnaryKind::Neg:
    return y == x ? x != DType::Bool : isFloat(x) && isFloat(y);
  default:
    return kind <= UnaryKind::Cast && isFloat(x) && isFloat(y);
  }
}

void unary(UnaryKind kind, const ElementwiseShape &shape, void *const *data) {
  bool same = shape.dtypes[0] == shape.dtypes[1];
  bool floats = isFloat(shape.dtypes[0]) && isFloat(shape.dtypes[1]);
  if (kind == UnaryKind::Copy || (kind == UnaryKind::Cast && same)) {
    return copy(shape, data);
  }
  if (!floats) {
    return kind == UnaryKind::Neg ? negateInteger(shape, data)
                                  : convert(shape, data);
  }
  bool stream = streams({data[0], shape.dtypes[0]}, shape.elements, {data[1]});
  parallelRanges(unitCount(shape), unitsPerTask(shape),
                 [&](int64_t first, int64_t last) {
                   HWY_DYNAMIC_DISPATCH(unaryUnits)
                   (kind, shape, data, stream, first, last);
                 });
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
