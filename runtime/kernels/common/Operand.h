// SPDX-License-Identifier: Apache-2.0
//
// How kernels see tensors: typed memory (Buffer), and for elementwise work a
// set of operands walked together (ElementwiseShape), made once when a step is
// prepared: broadcasting becomes stride 0, axes that all operands walk alike
// are merged, so that the innermost loop is as long as possible.
#pragma once

#include "bertc/runtime.h"

#include <cstdint>
#include <initializer_list>

namespace bertc::rt::kernels {

/// Bytes of one element.
constexpr int64_t elementBytes(DType dtype) {
  return dtype == DType::F32 || dtype == DType::I32 ? 4
         : dtype == DType::BF16                     ? 2
         : dtype == DType::I64                      ? 8
                                                    : 1;
}

/// True for the types that kernels compute on in f32.
constexpr bool isFloat(DType dtype) {
  return dtype == DType::F32 || dtype == DType::BF16;
}

inline constexpr int kMaxRank = 8;
inline constexpr int kMaxOperands = 4;

/// Typed memory; kernels never write through an input.
struct Buffer {
  void *data = nullptr;
  DType dtype = DType::F32;
};

/// Whether all operands that exist are bf16.
inline bool areHalves(std::initializer_list<Buffer> operands) {
  for (const Buffer &operand : operands) {
    if (operand.data != nullptr && operand.dtype != DType::BF16) {
      return false;
    }
  }
  return true;
}

/// Whether an output of f32 should bypass the caches: an ordinary store first
/// reads the line it overwrites, which for a tensor that no cache keeps until
/// it is used costs more than reading it back from memory later (measured:
/// writing 25 MB and reading it again 4.4 instead of 7.0 ms). Not for outputs
/// that take the place of an input.
constexpr int64_t kStreamBytes = 4 << 20;
inline bool streams(Buffer out, int64_t elements,
                    std::initializer_list<const void *> inputs) {
  for (const void *input : inputs) {
    if (input == out.data) {
      return false;
    }
  }
  return out.dtype == DType::F32 && elements * 4 >= kStreamBytes;
}

/// Type, shape and strides (in elements) of one operand.
struct OperandShape {
  DType dtype = DType::F32;
  int rank = 0;
  int64_t dims[kMaxRank] = {};
  int64_t strides[kMaxRank] = {};

  /// Product of the dimensions; 1 for a scalar.
  int64_t elements() const;
  /// True when the strides are those of a dense row-major tensor; axes of
  /// size 1 may have any stride.
  bool isDense() const;
};

/// A dense row-major operand.
OperandShape denseShape(DType dtype, std::initializer_list<int64_t> dims);
OperandShape denseShape(DType dtype, const int64_t *dims, int rank);

/// Operands of an elementwise kernel over one iteration space; operand 0 is
/// the output. Axes of size 1 are gone and mergeable axes are merged; rank is
/// at least 1.
struct ElementwiseShape {
  int operands = 0;
  int rank = 0;
  int64_t dims[kMaxRank] = {};
  int64_t strides[kMaxOperands][kMaxRank] = {};
  DType dtypes[kMaxOperands] = {};
  int64_t elements = 0;

  /// True when every operand is walked as one dense run.
  bool isFlat() const;
};

/// True when `from` broadcasts to `to` by numpy's rules: aligned at the last
/// axis, each dimension equal or 1.
bool broadcastsTo(const OperandShape &from, const OperandShape &to);

/// Iteration space of `out` with `inputs` (at most three) broadcast to it;
/// every input must satisfy broadcastsTo(input, out).
ElementwiseShape makeElementwise(const OperandShape &out,
                                 std::initializer_list<OperandShape> inputs);

} // namespace bertc::rt::kernels
