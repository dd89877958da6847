// SPDX-License-Identifier: Apache-2.0
//
// Which bf16 matrices in the arena are kept in blocks of 32 x 32
// (kernels/amx/Panels.h) while an entry runs. The products of the tile unit
// read and write these one behind the other, where rows are thousands of bytes
// apart (docs/rationale/amx.md). A plan knows nothing of it: a block takes no
// more room than its part of the rows, and which CPU runs it is known here.
#pragma once

#include "runtime/core/StepHandler.h"

#include <vector>

namespace bertc::rt {

/// Rows and columns of a block; those of the matrix are multiples of it.
inline constexpr int64_t kBlockSide = 32;

/// Operands of one step, and how it may find them.
struct StepOperands {
  std::vector<TensorRef> inputs, outputs;
  StepLayouts layouts;
};

/// Sets `blocked` of every operand that holds a value in blocks: one made by a
/// step of these, in order, and read, as a whole, by steps that all take it so.
/// `results` are what is read after the last step, row by row.
void chooseBlocked(std::vector<StepOperands> &steps,
                   const std::vector<TensorRef> &results);

} // namespace bertc::rt
