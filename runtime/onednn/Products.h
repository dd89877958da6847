// SPDX-License-Identifier: Apache-2.0
//
// The matrix products of a plan as data: which ones a step makes, over what
// layouts and with what around them. Reports and the GEMM-only ceiling read a
// plan through this; nothing here executes.
#pragma once

#include "bertc/runtime.h"
#include "runtime/schema/plan_generated.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc::rt {

/// c[batch, m, n] = a[batch, m, k] b[batch, k, n].
struct GemmShape {
  int64_t batch = 1, m = 1, k = 1, n = 1;
  DType in = DType::F32, out = DType::F32;

  bool operator<(const GemmShape &other) const;
  bool operator==(const GemmShape &other) const;
  /// Multiplications and additions.
  double flops() const;
  /// "2048x768x3072" for m, k, n, with "192*" before it for a batch and
  /// " bf16" or " bf16>f32" after it where it is not f32 throughout.
  std::string describe() const;
};

/// Lengths of the sequences in each row of a batch of packs; none where rows
/// are taken as full.
using RowLengths = std::vector<std::vector<int64_t>>;

/// What one step multiplies.
struct StepProducts {
  /// More than one for a group of products, and for fused attention: scores and
  /// values forward; scores and the three gradients backward, not what the
  /// kernel computes again. Where the library does not multiply bf16 the
  /// products are f32, as they run.
  std::vector<GemmShape> shapes;
  /// Order in memory of a and b, and of c when it is not row-major: "n"
  /// row-major, "t" column-major, "s" neither, "p" packed. "heads" for
  /// attention, whose operands are strided windows.
  std::string layout;
  /// What is fused around the product, e.g. "bias+gelu_erf"; "" for nothing.
  std::string epilogue;

  double flops() const;
};

/// Products of a step; no shapes when it makes none. Attention over ranges of
/// keys multiplies within the sequences of `rows` alone. Corrupt when an
/// operand that every product has is missing or shapes do not fit.
StatusOr<StepProducts> productsOfStep(const plan::Entry &entry,
                                      const plan::Step &step,
                                      const RowLengths &rows = {});

} // namespace bertc::rt
