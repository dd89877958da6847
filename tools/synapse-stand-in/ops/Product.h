// SPDX-License-Identifier: Apache-2.0
//
// Batched matrix products of f32 or bf16 operands, accumulated in f32.
#pragma once

#include "tools/synapse-stand-in/ops/Ops.h"

namespace bertc::standin {

/// A factor [columns, rows, batch...]; `transposed` swaps the first two sizes.
/// A batch dimension that is 1 or missing is repeated.
struct Factor {
  const OpTensor *tensor;
  bool transposed;
};

struct Term {
  Factor a, b;
};

/// c[j, i, batch] = sum over the terms of sum_k a[k, i] b[j, k], rounded to c's
/// dtype; then, as a node of its own would, plus bias[j] when there is one.
void multiply(const std::vector<Term> &terms, const OpTensor *bias,
              const OpTensor &c);

} // namespace bertc::standin
