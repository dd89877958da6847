// SPDX-License-Identifier: Apache-2.0
//
// Tensors by name against others, in 2-norms.
#pragma once

#include "compiler/interpret/Interpreter.h"

#include <string>

namespace bertc {

/// How far tensors may be apart, in 2-norms: relative to the tensor, plus a
/// share of the largest of its map, against which values that are nothing but
/// rounding are measured.
struct NormTolerance {
  double tensor = 1e-4;
  double largest = 1e-6;
};

/// Ok when `found` has every tensor of `expected`, of its type and near it;
/// else an error that begins with `what`.
Status compareMaps(const std::string &what, const interpret::TensorMap &found,
                   const interpret::TensorMap &expected,
                   NormTolerance tolerance);

} // namespace bertc
