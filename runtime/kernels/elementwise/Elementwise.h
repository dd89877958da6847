// SPDX-License-Identifier: Apache-2.0
//
// Kernels that compute each output element from the input elements at the same
// position: unary, binary with broadcasting, comparison, selection, filling and
// sums of many tensors. Floating point work is done in f32 whatever the storage
// (bf16 is rounded to nearest even on the way out); integer work is exact.
// Outputs may share memory with an input of the same shape, type and strides.
#pragma once

#include "runtime/kernels/common/Operand.h"

#include <cstdint>

namespace bertc::rt::kernels {

/// Numbered as in plan.fbs. GeluErf(x) = x Phi(x); GeluTanh(x) =
/// x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
enum class UnaryKind : uint8_t {
  Copy = 0,
  Neg,
  Exp,
  Log,
  Sqrt,
  Rsqrt,
  Tanh,
  GeluErf,
  GeluTanh,
  Relu,
  Cast
};

/// Numbered as in plan.fbs. *Grad(dy, x): dy times the derivative at x;
/// TanhGrad takes the result instead: dy (1 - y^2).
enum class BinaryKind : uint8_t {
  Add = 0,
  Sub,
  Mul,
  Div,
  Maximum,
  Minimum,
  TanhGrad,
  GeluErfGrad,
  GeluTanhGrad,
  ReluGrad
};

/// Numbered as in plan.fbs; comparisons with NaN are false except Ne.
enum class CompareKind : uint8_t { Eq = 0, Ne, Lt, Le, Gt, Ge };

/// True when `unary` has a kernel for these types. Copy: equal types; Cast: any
/// pair; Neg: equal f32, bf16, i32, i64; the others: f32 and bf16 in any mix.
bool unarySupports(UnaryKind kind, DType y, DType x);
/// data[0] = y, data[1] = x. Strided operands are fine; an N-D transpose is a
/// Copy whose x strides are permuted.
void unary(UnaryKind kind, const ElementwiseShape &shape, void *const *data);

/// y = gelu(x), GeluErf or GeluTanh, and its derivative at x; dense, f32 or
/// bf16 in any mix. Either output may be x's memory.
void geluWithDerivative(UnaryKind kind, Buffer y, Buffer derivative, Buffer x,
                        int64_t elements);

/// y = gelu(x), GeluErf or GeluTanh; dx = dy times its derivative at x; dbias =
/// sums of dx over rows. [N,C] dense, f32 or bf16 in any mix; y may be x's
/// memory and dx that of dy.
struct GeluBackwardArgs {
  UnaryKind kind = UnaryKind::GeluErf;
  int64_t rows = 0, columns = 0;
  Buffer dy, x, y, dx;
  /// [C].
  float *dbias = nullptr;
};
size_t geluBackwardScratchBytes(const GeluBackwardArgs &args);
void geluBackward(const GeluBackwardArgs &args, void *scratch);

/// True when `binary` has a kernel: f32 and bf16 in any mix; all i32 or all i64
/// for Add, Sub, Mul, Maximum, Minimum.
bool binarySupports(BinaryKind kind, DType z, DType x, DType y);
/// data[0] = z, data[1] = x, data[2] = y.
void binary(BinaryKind kind, const ElementwiseShape &shape, void *const *data);

/// data[0] = z (Bool), data[1] = x, data[2] = y of one type.
bool compareSupports(DType z, DType x, DType y);
void compare(CompareKind kind, const ElementwiseShape &shape,
             void *const *data);

/// data[0] = z, data[1] = condition (Bool), data[2] = x where true, data[3] = y
/// where false; z, x, y of one type.
bool selectSupports(DType z, DType condition, DType x, DType y);
void select(const ElementwiseShape &shape, void *const *data);

/// data[0] = y, every element `value` converted to y's type.
void fill(double value, const ElementwiseShape &shape, void *const *data);

/// y[i] = inputs[0][i] + inputs[1][i] + ..., in that order, dense, f32 or bf16
/// in any mix; the running sum is f32. y may be inputs[0]'s memory.
void addN(Buffer y, const Buffer *inputs, int count, int64_t elements);

} // namespace bertc::rt::kernels
