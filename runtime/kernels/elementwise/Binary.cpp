// SPDX-License-Identifier: Apache-2.0
//
// Binary kernels on floating point storage, and the gradients of the
// activations; see Select.cpp for integers.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/elementwise/Elementwise.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/elementwise/Binary.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/common/Math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

struct AddOp {
  HWY_INLINE VF operator()(VF x, VF y) const { return hn::Add(x, y); }
};
struct SubOp {
  HWY_INLINE VF operator()(VF x, VF y) const { return hn::Sub(x, y); }
};
struct MulOp {
  HWY_INLINE VF operator()(VF x, VF y) const { return hn::Mul(x, y); }
};
struct DivOp {
  HWY_INLINE VF operator()(VF x, VF y) const { return hn::Div(x, y); }
};
// NaN in either operand gives NaN.
struct MaximumOp {
  HWY_INLINE VF operator()(VF x, VF y) const {
    VF larger = hn::IfThenElse(hn::Gt(x, y), x, y);
    return hn::IfThenElse(hn::IsNaN(x), x, larger);
  }
};
struct MinimumOp {
  HWY_INLINE VF operator()(VF x, VF y) const {
    VF smaller = hn::IfThenElse(hn::Lt(x, y), x, y);
    return hn::IfThenElse(hn::IsNaN(x), x, smaller);
  }
};
struct TanhGradOp {
  HWY_INLINE VF operator()(VF dy, VF y) const {
    return hn::Mul(dy, hn::NegMulAdd(y, y, splat(1.0f)));
  }
};
struct GeluErfGradOp {
  HWY_INLINE VF operator()(VF dy, VF x) const {
    return hn::Mul(dy, geluErfDerivativeV(x));
  }
};
struct GeluTanhGradOp {
  HWY_INLINE VF operator()(VF dy, VF x) const {
    return hn::Mul(dy, geluTanhDerivativeV(x));
  }
};
struct ReluGradOp {
  HWY_INLINE VF operator()(VF dy, VF x) const {
    return hn::IfThenElseZero(hn::Gt(x, hn::Zero(DF())), dy);
  }
};

void binaryBlock(BinaryKind kind, const float *x, const float *y, float *z,
                 size_t n) {
  switch (kind) {
  case BinaryKind::Add:
    return mapBlock(AddOp(), x, y, z, n);
  case BinaryKind::Sub:
    return mapBlock(SubOp(), x, y, z, n);
  case BinaryKind::Mul:
    return mapBlock(MulOp(), x, y, z, n);
  case BinaryKind::Div:
    return mapBlock(DivOp(), x, y, z, n);
  case BinaryKind::Maximum:
    return mapBlock(MaximumOp(), x, y, z, n);
  case BinaryKind::Minimum:
    return mapBlock(MinimumOp(), x, y, z, n);
  case BinaryKind::TanhGrad:
    return mapBlock(TanhGradOp(), x, y, z, n);
  case BinaryKind::GeluErfGrad:
    return mapBlock(GeluErfGradOp(), x, y, z, n);
  case BinaryKind::GeluTanhGrad:
    return mapBlock(GeluTanhGradOp(), x, y, z, n);
  case BinaryKind::ReluGrad:
    return mapBlock(ReluGradOp(), x, y, z, n);
  }
}

void binaryUnits(BinaryKind kind, const ElementwiseShape &shape,
                 void *const *data, bool stream, int64_t first, int64_t last) {
  HWY_ALIGN float in0[kBlock];
  HWY_ALIGN float in1[kBlock];
  HWY_ALIGN float out[kBlock];
  for (UnitWalk walk(shape, first); walk.unit() < last; walk.next()) {
    size_t n = static_cast<size_t>(walk.count());
    const float *x = loadBlock(data[1], shape.dtypes[1], walk.offset(1),
                               walk.stride(1), n, in0);
    const float *y = loadBlock(data[2], shape.dtypes[2], walk.offset(2),
                               walk.stride(2), n, in1);
    float *z = outBlock(data[0], shape.dtypes[0], walk.offset(0),
                        walk.stride(0), out, stream);
    binaryBlock(kind, x, y, z, n);
    storeBlock(z, data[0], shape.dtypes[0], walk.offset(0), walk.stride(0), n,
               stream);
  }
  finishStreams(stream);
}

// y[i] = ((inputs[0][i] + inputs[1][i]) + ...), elements [begin, end).
void addNRange(Buffer y, const Buffer *inputs, int count, int64_t begin,
               int64_t end) {
  HWY_ALIGN float in[kBlock];
  HWY_ALIGN float sum[kBlock];
  for (int64_t at = begin; at < end; at += kBlock) {
    size_t n = static_cast<size_t>(end - at < kBlock ? end - at : kBlock);
    // The sum is kept apart from y, which may be any of the inputs.
    const float *total =
        loadBlock(inputs[0].data, inputs[0].dtype, at, 1, n, sum);
    for (int k = 1; k < count; ++k) {
      const float *x = loadBlock(inputs[k].data, inputs[k].dtype, at, 1, n, in);
      bool last = k == count - 1;
      float *to = last ? outBlock(y.data, y.dtype, at, 1, sum) : sum;
      mapBlock(AddOp(), total, x, to, n);
      total = to;
    }
    if (count == 1) {
      float *to = outBlock(y.data, y.dtype, at, 1, sum);
      for (size_t i = 0; i < n && to != total; ++i) {
        to[i] = total[i];
      }
      total = to;
    }
    storeBlock(total, y.data, y.dtype, at, 1, n);
  }
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "runtime/kernels/elementwise/Select.h"

namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(binaryUnits);
HWY_EXPORT(addNRange);
} // namespace

bool binarySupports(BinaryKind kind, DType z, DType x, DType y) {
  if (kind > BinaryKind::ReluGrad) {
    return false;
  }
  if (isFloat(z) && isFloat(x) && isFloat(y)) {
    return true;
  }
  bool integer = z == DType::I32 || z == DType::I64;
  bool known = kind != BinaryKind::Div && kind <= BinaryKind::Minimum;
  return integer && known && x == z && y == z;
}

void binary(BinaryKind kind, const ElementwiseShape &shape, void *const *data) {
  if (!isFloat(shape.dtypes[0])) {
    return binaryInteger(kind, shape, data);
  }
  bool stream =
      streams({data[0], shape.dtypes[0]}, shape.elements, {data[1], data[2]});
  parallelRanges(unitCount(shape), unitsPerTask(shape),
                 [&](int64_t first, int64_t last) {
                   HWY_DYNAMIC_DISPATCH(binaryUnits)
                   (kind, shape, data, stream, first, last);
                 });
}

void addN(Buffer y, const Buffer *inputs, int count, int64_t elements) {
  parallelRanges(elements, kTaskElements, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(addNRange)(y, inputs, count, begin, end);
  });
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
