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
void unaryBlock(UnaryKind kind, const float *x, float *y, size_t n) {
  switch (kind) {
  case UnaryKind::Neg:
    return mapBlock(NegOp(), x, y, n);
  case UnaryKind::Exp:
    return mapBlock(ExpOp(), x, y, n);
  case UnaryKind::Log:
    return mapBlock(LogOp(), x, y, n);
  case UnaryKind::Sqrt:
    return mapBlock(SqrtOp(), x, y, n);
  case UnaryKind::Rsqrt:
    return mapBlock(RsqrtOp(), x, y, n);
  default:
    return withActivation(kind,
                          [&](auto op) HWY_ATTR { mapBlock(op, x, y, n); });
  }
}

void unaryUnits(UnaryKind kind, const ElementwiseShape &shape,
                void *const *data, bool stream, int64_t first, int64_t last) {
  HWY_ALIGN float in[kBlock];
  HWY_ALIGN float out[kBlock];
  for (UnitWalk walk(shape, first); walk.unit() < last; walk.next()) {
    size_t n = static_cast<size_t>(walk.count());
    const float *x = loadBlock(data[1], shape.dtypes[1], walk.offset(1),
                               walk.stride(1), n, in);
    float *y = outBlock(data[0], shape.dtypes[0], walk.offset(0),
                        walk.stride(0), out, stream);
    unaryBlock(kind, x, y, n);
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
