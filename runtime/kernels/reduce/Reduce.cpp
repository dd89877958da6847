// SPDX-License-Identifier: Apache-2.0
//
// Reductions. The two that training needs at speed, over the last axis and
// over the leading axes (bias gradients), run on vectors; every other pattern
// and integers take plain loops.

#include "runtime/kernels/common/Targets.h"

#include "runtime/kernels/reduce/Reduce.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/reduce/Reduce.cpp"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"
#include "runtime/kernels/common/Vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bertc::rt::kernels::HWY_NAMESPACE {
namespace {

// NaN in either operand gives NaN.
HWY_INLINE VF larger(VF a, VF b) {
  VF m = hn::IfThenElse(hn::Gt(a, b), a, b);
  return hn::IfThenElse(hn::IsNaN(a), a, m);
}
HWY_INLINE float larger(float a, float b) { return a > b || a != a ? a : b; }

HWY_INLINE float laneMax(VF v) {
  HWY_ALIGN float lanes[kLanes];
  hn::Store(v, DF(), lanes);
  float result = lanes[0];
  for (size_t i = 1; i < kLanes; ++i) {
    result = larger(result, lanes[i]);
  }
  return result;
}

// Sum of a block; four running sums hide the latency of the addition.
HWY_INLINE float sumBlock(const float *x, size_t n) {
  const DF df;
  VF s0 = hn::Zero(df);
  VF s1 = s0;
  VF s2 = s0;
  VF s3 = s0;
  size_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    s0 = hn::Add(s0, hn::LoadU(df, x + i));
    s1 = hn::Add(s1, hn::LoadU(df, x + i + kLanes));
    s2 = hn::Add(s2, hn::LoadU(df, x + i + 2 * kLanes));
    s3 = hn::Add(s3, hn::LoadU(df, x + i + 3 * kLanes));
  }
  for (; i + kLanes <= n; i += kLanes) {
    s0 = hn::Add(s0, hn::LoadU(df, x + i));
  }
  VF sum = hn::Add(hn::Add(s0, s1), hn::Add(s2, s3));
  float result = hn::GetLane(hn::SumOfLanes(df, sum));
  for (; i < n; ++i) {
    result += x[i];
  }
  return result;
}

HWY_INLINE float squaresBlock(const float *x, size_t n) {
  const DF df;
  VF s0 = hn::Zero(df);
  VF s1 = s0;
  size_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    VF a = hn::LoadU(df, x + i);
    VF b = hn::LoadU(df, x + i + kLanes);
    s0 = hn::MulAdd(a, a, s0);
    s1 = hn::MulAdd(b, b, s1);
  }
  float result = hn::GetLane(hn::SumOfLanes(df, hn::Add(s0, s1)));
  for (; i < n; ++i) {
    result += x[i] * x[i];
  }
  return result;
}

HWY_INLINE float maxBlock(const float *x, float start, size_t n) {
  VF top = splat(start);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    top = larger(top, hn::LoadU(DF(), x + i));
  }
  float result = laneMax(top);
  for (; i < n; ++i) {
    result = larger(result, x[i]);
  }
  return result;
}

// Elements [begin, end) reduced to one number; block sums are added in f64.
double runReduce(ReduceKind kind, Buffer x, int64_t begin, int64_t end) {
  HWY_ALIGN float in[kBlock];
  double sum = 0.0;
  float top = -__builtin_inff();
  for (int64_t at = begin; at < end; at += kBlock) {
    size_t n = static_cast<size_t>(end - at < kBlock ? end - at : kBlock);
    const float *p = loadBlock(x.data, x.dtype, at, 1, n, in);
    if (kind == ReduceKind::Max) {
      top = maxBlock(p, top, n);
    } else {
      sum += static_cast<double>(sumBlock(p, n));
    }
  }
  return kind == ReduceKind::Max ? static_cast<double>(top) : sum;
}

HWY_INLINE float halfSquaresBlock(const uint16_t *x, int64_t n) {
  FourSums sums;
  forVectors(n, [&](int j, int64_t i, size_t rest) BERTC_STEP {
    // Zeros past the end.
    VF v = loadHalves(x + i, rest);
    sums.v[j] = hn::MulAdd(v, v, sums.v[j]);
  });
  return sums.total();
}

double squaresRange(Buffer x, int64_t begin, int64_t end) {
  double sum = 0.0;
  for (int64_t at = begin; at < end; at += kBlock) {
    size_t n = static_cast<size_t>(end - at < kBlock ? end - at : kBlock);
    float squares =
        x.dtype == DType::BF16
            ? halfSquaresBlock(static_cast<const uint16_t *>(x.data) + at,
                               static_cast<int64_t>(n))
            : squaresBlock(static_cast<const float *>(x.data) + at, n);
    sum += static_cast<double>(squares);
  }
  return sum;
}

struct AddOp {
  HWY_INLINE VF operator()(VF x, VF y) const { return hn::Add(x, y); }
};
struct MaxOp {
  HWY_INLINE VF operator()(VF x, VF y) const { return larger(x, y); }
};

// sum += ((a + b) + (c + d)): a quarter of the traffic to the sums.
HWY_INLINE void addFourRows(const float *a, const float *b, const float *c,
                            const float *d, float *sum, size_t n) {
  const DF df;
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    VF ab = hn::Add(hn::LoadU(df, a + i), hn::LoadU(df, b + i));
    VF cd = hn::Add(hn::LoadU(df, c + i), hn::LoadU(df, d + i));
    VF s = hn::Add(hn::LoadU(df, sum + i), hn::Add(ab, cd));
    hn::StoreU(s, df, sum + i);
  }
  for (; i < n; ++i) {
    sum[i] += (a[i] + b[i]) + (c[i] + d[i]);
  }
}

// Rows [first, last) of x, at element `offset` and `columns` wide, reduced to
// out[columns].
void columnReduce(ReduceKind kind, Buffer x, int64_t offset, int64_t columns,
                  int64_t first, int64_t last, float *out) {
  HWY_ALIGN float in[4][kBlock];
  float start = kind == ReduceKind::Max ? -__builtin_inff() : 0.0f;
  for (int64_t c = 0; c < columns; ++c) {
    out[c] = start;
  }
  int64_t r = first;
  bool sums = kind != ReduceKind::Max;
  for (; sums && r + 4 <= last; r += 4) {
    for (int64_t c = 0; c < columns; c += kBlock) {
      size_t n =
          static_cast<size_t>(columns - c < kBlock ? columns - c : kBlock);
      const float *rows[4];
      for (int k = 0; k < 4; ++k) {
        rows[k] = loadBlock(x.data, x.dtype, offset + (r + k) * columns + c, 1,
                            n, in[k]);
      }
      addFourRows(rows[0], rows[1], rows[2], rows[3], out + c, n);
    }
  }
  for (; r < last; ++r) {
    for (int64_t c = 0; c < columns; c += kBlock) {
      size_t n =
          static_cast<size_t>(columns - c < kBlock ? columns - c : kBlock);
      const float *p =
          loadBlock(x.data, x.dtype, offset + r * columns + c, 1, n, in[0]);
      if (sums) {
        mapBlock(AddOp(), out + c, p, out + c, n);
      } else {
        mapBlock(MaxOp(), out + c, p, out + c, n);
      }
    }
  }
}

} // namespace
} // namespace bertc::rt::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "runtime/kernels/reduce/GenericReduce.h"

#include "runtime/kernels/common/Bf16.h"

#include <cstring>
#include <limits>

namespace bertc::rt::kernels {
namespace {
HWY_EXPORT(runReduce);
HWY_EXPORT(squaresRange);
HWY_EXPORT(columnReduce);

// A run of n elements is cut in at most this many parts, which the caller's
// stack can hold.
constexpr int64_t kMaxParts = 256;

int64_t partElements(int64_t n) {
  int64_t part = std::max(kTaskElements, (n + kMaxParts - 1) / kMaxParts);
  return (part + kBlock - 1) / kBlock * kBlock;
}

void storeFloat(Buffer y, int64_t i, float value) {
  if (y.dtype == DType::F32) {
    static_cast<float *>(y.data)[i] = value;
  } else {
    static_cast<uint16_t *>(y.data)[i] = floatToBf16(value);
  }
}

float finish(ReduceKind kind, double value, int64_t count) {
  return static_cast<float>(
      kind == ReduceKind::Mean ? value / static_cast<double>(count) : value);
}

// Everything to one number.
void reduceAll(ReduceKind kind, Buffer y, Buffer x, int64_t n) {
  double parts[kMaxParts];
  int64_t part = partElements(n);
  parallelRanges(n, part, [&](int64_t begin, int64_t end) {
    parts[begin / part] = HWY_DYNAMIC_DISPATCH(runReduce)(kind, x, begin, end);
  });
  double total =
      kind == ReduceKind::Max ? -std::numeric_limits<double>::infinity() : 0.0;
  for (int64_t i = 0; i * part < n; ++i) {
    if (kind != ReduceKind::Max) {
      total += parts[i];
    } else if (parts[i] > total || std::isnan(parts[i])) {
      total = parts[i];
    }
  }
  storeFloat(y, 0, finish(kind, total, n));
}

void reduceRows(ReduceKind kind, Buffer y, Buffer x, int64_t rows,
                int64_t columns) {
  int64_t grain =
      std::max<int64_t>(1, kTaskElements / std::max<int64_t>(1, columns));
  parallelRanges(rows, grain, [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      double value = HWY_DYNAMIC_DISPATCH(runReduce)(kind, x, r * columns,
                                                     (r + 1) * columns);
      storeFloat(y, r, finish(kind, value, columns));
    }
  });
}

// [outer, rows, columns] reduced over rows.
struct ColumnPattern {
  int64_t outer = 1, rows = 1, columns = 1;
  // Rows of one partial result.
  int64_t group() const {
    if (outer >= 16) {
      return rows;
    }
    int64_t enough = kTaskElements / std::max<int64_t>(1, columns);
    return std::max<int64_t>({16, enough, (rows + 31) / 32});
  }
  int64_t groups() const { return (rows + group() - 1) / group(); }
};

bool isColumns(const ReduceShape &s, ColumnPattern &pattern) {
  if (s.rank == 2 && s.reduced[0]) {
    pattern = {1, s.dims[0], s.dims[1]};
    return true;
  }
  if (s.rank == 3 && s.reduced[1]) {
    pattern = {s.dims[0], s.dims[1], s.dims[2]};
    return true;
  }
  return false;
}

// Partial results of every group of rows, then, columns in parallel, the
// groups in order.
void reduceColumns(ReduceKind kind, Buffer y, Buffer x, const ColumnPattern &p,
                   float *scratch) {
  int64_t groups = p.groups();
  parallelTasks(p.outer * groups, [&](int64_t task) {
    int64_t first = task % groups * p.group();
    int64_t last = std::min(p.rows, first + p.group());
    HWY_DYNAMIC_DISPATCH(columnReduce)
    (kind, x, task / groups * p.rows * p.columns, p.columns, first, last,
     scratch + task * p.columns);
  });
  int64_t grain = std::max<int64_t>(256, kTaskElements / groups);
  parallelRanges(p.outer * p.columns, grain, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const float *partial =
          scratch + i / p.columns * groups * p.columns + i % p.columns;
      float value = partial[0];
      for (int64_t g = 1; g < groups; ++g) {
        float next = partial[g * p.columns];
        if (kind != ReduceKind::Max) {
          value += next;
        } else if (next > value || std::isnan(next)) {
          value = next;
        }
      }
      storeFloat(y, i, finish(kind, static_cast<double>(value), p.rows));
    }
  });
}

} // namespace

ReduceShape reduceShape(const int64_t *dims, int rank, const uint32_t *axes,
                        int axisCount) {
  ReduceShape shape;
  for (int i = 0; i < rank; ++i) {
    if (dims[i] == 1) {
      continue;
    }
    bool reduced = false;
    for (int a = 0; a < axisCount; ++a) {
      reduced = reduced || axes[a] == static_cast<uint32_t>(i);
    }
    if (shape.rank > 0 && shape.reduced[shape.rank - 1] == reduced) {
      shape.dims[shape.rank - 1] *= dims[i];
      continue;
    }
    shape.dims[shape.rank] = dims[i];
    shape.reduced[shape.rank] = reduced;
    ++shape.rank;
  }
  if (shape.rank == 0) {
    shape.rank = 1;
    shape.dims[0] = 1;
  }
  return shape;
}

bool reduceSupports(ReduceKind kind, DType y, DType x) {
  if (kind > ReduceKind::Max) {
    return false;
  }
  if (isFloat(x)) {
    return isFloat(y);
  }
  return kind != ReduceKind::Mean && x == y &&
         (x == DType::I32 || x == DType::I64);
}

int64_t reduceScratch(const ReduceShape &shape) {
  ColumnPattern p;
  if (!isColumns(shape, p)) {
    return 0;
  }
  return p.outer * p.groups() * p.columns * static_cast<int64_t>(sizeof(float));
}

void reduce(ReduceKind kind, const ReduceShape &shape, Buffer y, Buffer x,
            void *scratch) {
  ColumnPattern columns;
  if (!isFloat(x.dtype)) {
    return genericReduce(kind, shape, y, x);
  }
  if (shape.rank == 1) {
    return shape.reduced[0] ? reduceAll(kind, y, x, shape.dims[0])
                            : reduceRows(kind, y, x, shape.dims[0], 1);
  }
  if (shape.rank == 2 && shape.reduced[1]) {
    return reduceRows(kind, y, x, shape.dims[0], shape.dims[1]);
  }
  if (isColumns(shape, columns)) {
    return reduceColumns(kind, y, x, columns, static_cast<float *>(scratch));
  }
  genericReduce(kind, shape, y, x);
}

float l2Loss(Buffer x, int64_t elements) {
  double parts[kMaxParts];
  int64_t part = partElements(elements);
  parallelRanges(elements, part, [&](int64_t begin, int64_t end) {
    parts[begin / part] = HWY_DYNAMIC_DISPATCH(squaresRange)(x, begin, end);
  });
  double sum = 0.0;
  for (int64_t i = 0; i * part < elements; ++i) {
    sum += parts[i];
  }
  return static_cast<float>(0.5 * sum);
}

} // namespace bertc::rt::kernels
#endif // HWY_ONCE
