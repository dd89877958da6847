// SPDX-License-Identifier: Apache-2.0
//
// Comparisons, selection, filling and integer arithmetic: plain loops, since
// these touch masks and indices, never the large activations.

#include "runtime/kernels/elementwise/Select.h"

#include "runtime/kernels/common/Bf16.h"
#include "runtime/kernels/common/Walk.h"
#include "runtime/kernels/common/ZeroMemory.h"

#include <cmath>
#include <type_traits>

namespace bertc::rt::kernels {
namespace {

// One operand of the current unit.
template <typename T> struct Strided {
  T *p;
  int64_t step;
  T &operator[](int64_t i) const { return p[i * step]; }
};

template <typename T>
Strided<T> operand(void *const *data, const UnitWalk &walk, int k) {
  return {static_cast<T *>(data[k]) + walk.offset(k), walk.stride(k)};
}

// Calls fn(walk) for every unit, in parallel.
template <typename Fn>
void forUnits(const ElementwiseShape &shape, const Fn &fn) {
  parallelRanges(
      unitCount(shape), unitsPerTask(shape), [&](int64_t first, int64_t last) {
        for (UnitWalk walk(shape, first); walk.unit() < last; walk.next()) {
          fn(walk);
        }
      });
}

// bf16 storage, compared as the number it stands for.
struct Bf16 {
  uint16_t bits;
};
float value(Bf16 x) { return bf16ToFloat(x.bits); }
float value(float x) { return x; }
int32_t value(int32_t x) { return x; }
int64_t value(int64_t x) { return x; }
bool value(uint8_t x) { return x != 0; }

template <typename V> bool holds(CompareKind kind, V x, V y) {
  switch (kind) {
  case CompareKind::Eq:
    return x == y;
  case CompareKind::Ne:
    return x != y;
  case CompareKind::Lt:
    return x < y;
  case CompareKind::Le:
    return x <= y;
  case CompareKind::Gt:
    return x > y;
  case CompareKind::Ge:
    return x >= y;
  }
  return false;
}

template <typename T>
void compareTyped(CompareKind kind, const ElementwiseShape &shape,
                  void *const *data) {
  forUnits(shape, [&](const UnitWalk &walk) {
    auto z = operand<uint8_t>(data, walk, 0);
    auto x = operand<const T>(data, walk, 1);
    auto y = operand<const T>(data, walk, 2);
    for (int64_t i = 0; i < walk.count(); ++i) {
      z[i] = holds(kind, value(x[i]), value(y[i])) ? 1 : 0;
    }
  });
}

template <typename T>
void selectTyped(const ElementwiseShape &shape, void *const *data) {
  forUnits(shape, [&](const UnitWalk &walk) {
    auto z = operand<T>(data, walk, 0);
    auto condition = operand<const uint8_t>(data, walk, 1);
    auto x = operand<const T>(data, walk, 2);
    auto y = operand<const T>(data, walk, 3);
    for (int64_t i = 0; i < walk.count(); ++i) {
      z[i] = condition[i] != 0 ? x[i] : y[i];
    }
  });
}

template <typename T>
void fillTyped(T value, const ElementwiseShape &shape, void *const *data) {
  forUnits(shape, [&](const UnitWalk &walk) {
    auto y = operand<T>(data, walk, 0);
    if (y.step == 1) {
      std::fill(y.p, y.p + walk.count(), value);
      return;
    }
    for (int64_t i = 0; i < walk.count(); ++i) {
      y[i] = value;
    }
  });
}

// Unsigned arithmetic wraps where signed would be undefined.
template <typename T> T apply(BinaryKind kind, T x, T y) {
  using U = std::make_unsigned_t<T>;
  switch (kind) {
  case BinaryKind::Add:
    return static_cast<T>(static_cast<U>(x) + static_cast<U>(y));
  case BinaryKind::Sub:
    return static_cast<T>(static_cast<U>(x) - static_cast<U>(y));
  case BinaryKind::Mul:
    return static_cast<T>(static_cast<U>(x) * static_cast<U>(y));
  case BinaryKind::Maximum:
    return x > y ? x : y;
  default:
    return x < y ? x : y;
  }
}

template <typename T>
void binaryTyped(BinaryKind kind, const ElementwiseShape &shape,
                 void *const *data) {
  forUnits(shape, [&](const UnitWalk &walk) {
    auto z = operand<T>(data, walk, 0);
    auto x = operand<const T>(data, walk, 1);
    auto y = operand<const T>(data, walk, 2);
    for (int64_t i = 0; i < walk.count(); ++i) {
      z[i] = apply(kind, x[i], y[i]);
    }
  });
}

} // namespace

void binaryInteger(BinaryKind kind, const ElementwiseShape &shape,
                   void *const *data) {
  return shape.dtypes[0] == DType::I32
             ? binaryTyped<int32_t>(kind, shape, data)
             : binaryTyped<int64_t>(kind, shape, data);
}

bool compareSupports(DType z, DType x, DType y) {
  return z == DType::Bool && x == y;
}

void compare(CompareKind kind, const ElementwiseShape &shape,
             void *const *data) {
  switch (shape.dtypes[1]) {
  case DType::F32:
    return compareTyped<float>(kind, shape, data);
  case DType::BF16:
    return compareTyped<Bf16>(kind, shape, data);
  case DType::I32:
    return compareTyped<int32_t>(kind, shape, data);
  case DType::I64:
    return compareTyped<int64_t>(kind, shape, data);
  case DType::Bool:
    return compareTyped<uint8_t>(kind, shape, data);
  }
}

bool selectSupports(DType z, DType condition, DType x, DType y) {
  return condition == DType::Bool && x == z && y == z;
}

void select(const ElementwiseShape &shape, void *const *data) {
  switch (elementBytes(shape.dtypes[0])) {
  case 1:
    return selectTyped<uint8_t>(shape, data);
  case 2:
    return selectTyped<uint16_t>(shape, data);
  case 4:
    return selectTyped<uint32_t>(shape, data);
  default:
    return selectTyped<uint64_t>(shape, data);
  }
}

void fill(double value, const ElementwiseShape &shape, void *const *data) {
  // All zeros, but not -0.
  if (value == 0.0 && !std::signbit(value) && shape.isFlat()) {
    return zeroMemory(data[0], shape.elements * elementBytes(shape.dtypes[0]));
  }
  switch (shape.dtypes[0]) {
  case DType::F32:
    return fillTyped(static_cast<float>(value), shape, data);
  case DType::BF16:
    return fillTyped(floatToBf16(static_cast<float>(value)), shape, data);
  case DType::I32:
    return fillTyped(static_cast<int32_t>(value), shape, data);
  case DType::I64:
    return fillTyped(static_cast<int64_t>(value), shape, data);
  case DType::Bool:
    return fillTyped(static_cast<uint8_t>(value != 0 ? 1 : 0), shape, data);
  }
}

} // namespace bertc::rt::kernels
