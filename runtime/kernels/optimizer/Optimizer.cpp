// SPDX-License-Identifier: Apache-2.0
//
// Optimizer updates. LAMB needs the norms of a whole variable before it can
// change an element: the first pass updates the moments, leaves the update
// where the gradient was and sums both norms; the second reads the update and
// the variable, writes the variable and zeroes the gradient. Reads are what
// costs: two of them in the second pass are less than the three that making the
// update again from the moments takes, and the line of the gradient, which the
// zeroes are written to anyway, is there in both.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/optimizer/Optimizer.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/optimizer/Optimizer.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/common/Vectors-inl.h"

#ifndef BERTC_RUNTIME_KERNELS_OPTIMIZER_SHARED_
#define BERTC_RUNTIME_KERNELS_OPTIMIZER_SHARED_
namespace bertc::rt::kernels {

// The constants of one update, in f32 as the kernels use them.
struct UpdateFactors {
  float beta1, oneMinusBeta1, beta2, oneMinusBeta2;
  // LAMB: 1/(1-beta1^t) and 1/(1-beta2^t). AdamW: unused.
  float correction1, correction2;
  // LAMB: eps. AdamW: eps^2.
  float eps;
  float weightDecay;
  // What the update is multiplied by before it is subtracted.
  float rate;
};

} // namespace bertc::rt::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

HWY_INLINE VF mixV(VF old, VF fresh, float keep, float take) {
  return hn::MulAdd(old, splat(keep), hn::Mul(fresh, splat(take)));
}

// m^ / (sqrt(v^) + eps) + weightDecay * w.
HWY_INLINE VF lambUpdateV(const UpdateFactors &f, VF m, VF v, VF w) {
  VF mHat = hn::Mul(m, splat(f.correction1));
  VF vHat = hn::Mul(v, splat(f.correction2));
  VF u = hn::Div(mHat, hn::Add(hn::Sqrt(vHat), splat(f.eps)));
  return hn::MulAdd(splat(f.weightDecay), w, u);
}

// m / sqrt(v + eps^2) + weightDecay * w.
HWY_INLINE VF adamUpdateV(const UpdateFactors &f, VF m, VF v, VF w) {
  VF u = hn::Div(m, hn::Sqrt(hn::Add(v, splat(f.eps))));
  return hn::MulAdd(splat(f.weightDecay), w, u);
}

// First pass of LAMB over [begin, end): moments, gradient = update, sums of
// squares.
NormSums lambMoments(const OptimizerArgs &a, const UpdateFactors &f,
                     int64_t begin, int64_t end) {
  const DF df;
  NormSums sums = {0.0, 0.0};
  for (int64_t block = begin; block < end; block += kBlock) {
    int64_t stop = end - block < kBlock ? end : block + kBlock;
    VF varSum = hn::Zero(df);
    VF updateSum = hn::Zero(df);
    for (int64_t i = block; i < stop; i += static_cast<int64_t>(kLanes)) {
      size_t n = static_cast<size_t>(stop - i);
      bool whole = n >= kLanes;
      VF g =
          whole ? hn::LoadU(df, a.gradient + i) : loadTail(a.gradient + i, n);
      VF m = whole ? hn::LoadU(df, a.m + i) : loadTail(a.m + i, n);
      VF v = whole ? hn::LoadU(df, a.v + i) : loadTail(a.v + i, n);
      VF w = whole ? hn::LoadU(df, a.var + i) : loadTail(a.var + i, n);
      m = mixV(m, g, f.beta1, f.oneMinusBeta1);
      v = mixV(v, hn::Mul(g, g), f.beta2, f.oneMinusBeta2);
      // Lanes past the end hold zeros, whose update is zero too.
      VF u = lambUpdateV(f, m, v, w);
      u = whole ? u : hn::IfThenElseZero(hn::FirstN(df, n), u);
      varSum = hn::MulAdd(w, w, varSum);
      updateSum = hn::MulAdd(u, u, updateSum);
      if (whole) {
        hn::StoreU(m, df, a.m + i);
        hn::StoreU(v, df, a.v + i);
        hn::StoreU(u, df, a.gradient + i);
      } else {
        storeTail(m, a.m + i, n);
        storeTail(v, a.v + i, n);
        storeTail(u, a.gradient + i, n);
      }
    }
    sums.var += static_cast<double>(hn::GetLane(hn::SumOfLanes(df, varSum)));
    sums.update +=
        static_cast<double>(hn::GetLane(hn::SumOfLanes(df, updateSum)));
  }
  return sums;
}

// What lambMoments() adds for one block.
NormSums lambBlock(const float *var, const float *update, int64_t count) {
  const DF df;
  VF varSum = hn::Zero(df);
  VF updateSum = hn::Zero(df);
  for (int64_t i = 0; i < count; i += static_cast<int64_t>(kLanes)) {
    size_t n = static_cast<size_t>(count - i);
    bool whole = n >= kLanes;
    VF w = whole ? hn::LoadU(df, var + i) : loadTail(var + i, n);
    VF u = whole ? hn::LoadU(df, update + i) : loadTail(update + i, n);
    varSum = hn::MulAdd(w, w, varSum);
    updateSum = hn::MulAdd(u, u, updateSum);
  }
  return {static_cast<double>(hn::GetLane(hn::SumOfLanes(df, varSum))),
          static_cast<double>(hn::GetLane(hn::SumOfLanes(df, updateSum)))};
}

// Second pass: var -= rate * update, gradient = 0.
void lambApply(const OptimizerArgs &a, float rate, int64_t begin, int64_t end) {
  const DF df;
  for (int64_t i = begin; i < end; i += static_cast<int64_t>(kLanes)) {
    size_t n = static_cast<size_t>(end - i);
    bool whole = n >= kLanes;
    VF u = whole ? hn::LoadU(df, a.gradient + i) : loadTail(a.gradient + i, n);
    VF w = whole ? hn::LoadU(df, a.var + i) : loadTail(a.var + i, n);
    w = hn::NegMulAdd(splat(rate), u, w);
    if (whole) {
      hn::StoreU(w, df, a.var + i);
      hn::StoreU(hn::Zero(df), df, a.gradient + i);
    } else {
      storeTail(w, a.var + i, n);
      storeTail(hn::Zero(df), a.gradient + i, n);
    }
  }
}

void adamApply(const OptimizerArgs &a, const UpdateFactors &f, int64_t begin,
               int64_t end) {
  const DF df;
  for (int64_t i = begin; i < end; i += static_cast<int64_t>(kLanes)) {
    size_t n = static_cast<size_t>(end - i);
    bool whole = n >= kLanes;
    VF g = whole ? hn::LoadU(df, a.gradient + i) : loadTail(a.gradient + i, n);
    VF m = whole ? hn::LoadU(df, a.m + i) : loadTail(a.m + i, n);
    VF v = whole ? hn::LoadU(df, a.v + i) : loadTail(a.v + i, n);
    VF w = whole ? hn::LoadU(df, a.var + i) : loadTail(a.var + i, n);
    m = mixV(m, g, f.beta1, f.oneMinusBeta1);
    v = mixV(v, hn::Mul(g, g), f.beta2, f.oneMinusBeta2);
    w = hn::NegMulAdd(splat(f.rate), adamUpdateV(f, m, v, w), w);
    if (whole) {
      hn::StoreU(m, df, a.m + i);
      hn::StoreU(v, df, a.v + i);
      hn::StoreU(w, df, a.var + i);
      hn::StoreU(hn::Zero(df), df, a.gradient + i);
    } else {
      storeTail(m, a.m + i, n);
      storeTail(v, a.v + i, n);
      storeTail(w, a.var + i, n);
      storeTail(hn::Zero(df), a.gradient + i, n);
    }
  }
}

struct ScaledAddOp {
  VF scale;
  HWY_INLINE VF operator()(VF var, VF x) const {
    return hn::MulAdd(x, scale, var);
  }
};

// bf16 without a block of f32 between.
HWY_INLINE void addHalves(const ScaledAddOp &op, float *HWY_RESTRICT var,
                          const uint16_t *HWY_RESTRICT x, size_t n) {
  forVectors(static_cast<int64_t>(n),
             [&](int, int64_t i, size_t rest) BERTC_STEP {
               VF sum = op(loadFloats(var + i, rest), loadHalves(x + i, rest));
               storeFloats(sum, var + i, rest);
             });
}

void assignAddUnits(float scale, const ElementwiseShape &shape,
                    void *const *data, int64_t first, int64_t last) {
  HWY_ALIGN float in0[kBlock];
  HWY_ALIGN float in1[kBlock];
  ScaledAddOp op{splat(scale)};
  for (UnitWalk walk(shape, first); walk.unit() < last; walk.next()) {
    size_t n = static_cast<size_t>(walk.count());
    if (shape.dtypes[1] == DType::BF16 && walk.stride(0) == 1 &&
        walk.stride(1) == 1) {
      addHalves(op, static_cast<float *>(data[0]) + walk.offset(0),
                static_cast<const uint16_t *>(data[1]) + walk.offset(1), n);
      continue;
    }
    const float *var =
        loadBlock(data[0], DType::F32, walk.offset(0), walk.stride(0), n, in0);
    const float *x = loadBlock(data[1], shape.dtypes[1], walk.offset(1),
                               walk.stride(1), n, in1);
    float *to =
        outBlock(data[0], DType::F32, walk.offset(0), walk.stride(0), in0);
    mapBlock(op, var, x, to, n);
    storeBlock(to, data[0], DType::F32, walk.offset(0), walk.stride(0), n);
  }
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cmath>

namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(lambMoments);
HWY_EXPORT(lambBlock);
HWY_EXPORT(lambApply);
HWY_EXPORT(adamApply);
HWY_EXPORT(assignAddUnits);

// Parts of a variable whose norms are summed apart; fits the stack.
constexpr int64_t kMaxParts = 256;

static_assert(kNormBlock == kBlock);

// A decay as it was written: the plan holds 0.999 as f32, whose distance to 1
// is off by 1.3e-5 of itself.
double decimal(float beta) {
  return std::round(static_cast<double>(beta) * 1e7) / 1e7;
}

UpdateFactors factorsOf(const OptimizerArgs &args) {
  UpdateFactors f = {};
  f.beta1 = args.beta1;
  f.beta2 = args.beta2;
  f.oneMinusBeta1 = static_cast<float>(1.0 - decimal(args.beta1));
  f.oneMinusBeta2 = static_cast<float>(1.0 - decimal(args.beta2));
  f.weightDecay = args.weightDecay;
  return f;
}

// 1 / (1 - beta^t).
float correction(float beta, int32_t t) {
  double power = std::pow(decimal(beta), static_cast<double>(t));
  return static_cast<float>(1.0 / (1.0 - power));
}

UpdateFactors lambFactors(const OptimizerArgs &args) {
  UpdateFactors f = factorsOf(args);
  f.eps = args.eps;
  f.correction1 = correction(args.beta1, args.updateStep);
  f.correction2 = correction(args.beta2, args.updateStep);
  return f;
}

NormSums totalOf(const NormSums *parts, int64_t elements, int64_t part) {
  NormSums total = {0.0, 0.0};
  for (int64_t i = 0; i * part < elements; ++i) {
    total.var += parts[i].var;
    total.update += parts[i].update;
  }
  return total;
}

// learningRate * |var| / |update|, the ratio being 1 where either is 0.
float lambRate(const OptimizerArgs &args, const NormSums &total) {
  bool either = total.var == 0.0 || total.update == 0.0;
  double ratio = either ? 1.0 : std::sqrt(total.var / total.update);
  return static_cast<float>(ratio * static_cast<double>(args.learningRate));
}
} // namespace

int64_t normPartElements(int64_t elements) {
  int64_t part =
      std::max(kTaskElements, (elements + kMaxParts - 1) / kMaxParts);
  return (part + kBlock - 1) / kBlock * kBlock;
}

void assignAdd(float scale, const ElementwiseShape &shape, void *const *data) {
  parallelRanges(unitCount(shape), unitsPerTask(shape),
                 [&](int64_t first, int64_t last) {
                   HWY_DYNAMIC_DISPATCH(assignAddUnits)
                   (scale, shape, data, first, last);
                 });
}

void lamb(const OptimizerArgs &args) {
  UpdateFactors f = lambFactors(args);
  int64_t part = normPartElements(args.elements);
  NormSums parts[kMaxParts];
  parallelRangesTwice(
      args.elements, part,
      [&](int64_t begin, int64_t end) {
        parts[begin / part] =
            HWY_DYNAMIC_DISPATCH(lambMoments)(args, f, begin, end);
      },
      [&] { return lambRate(args, totalOf(parts, args.elements, part)); },
      [&](int64_t begin, int64_t end, float rate) {
        HWY_DYNAMIC_DISPATCH(lambApply)(args, rate, begin, end);
      });
}

NormSums lambFirstHalf(const OptimizerArgs &args) {
  return HWY_DYNAMIC_DISPATCH(lambMoments)(args, lambFactors(args), 0,
                                           args.elements);
}

NormSums lambBlockSums(const float *var, const float *update,
                       int64_t elements) {
  return HWY_DYNAMIC_DISPATCH(lambBlock)(var, update, elements);
}

void lambSecondHalf(const OptimizerArgs &args, const NormSums &whole) {
  float rate = lambRate(args, whole);
  parallelRanges(args.elements, kTaskElements, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(lambApply)(args, rate, begin, end);
  });
}

void adamW(const OptimizerArgs &args) {
  UpdateFactors f = factorsOf(args);
  f.eps = args.eps * args.eps;
  f.rate = args.learningRate;
  parallelRanges(args.elements, kTaskElements, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(adamApply)(args, f, begin, end);
  });
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
