// SPDX-License-Identifier: Apache-2.0
//
// What a row's softmax is normalised by; shared by the losses.
#pragma once

#include "runtime/kernels/common/Operand.h"

namespace bertc::rt::kernels {

/// Largest term and sum of e^(x - largest) of a row.
struct RowSums {
  float largest, sum;
};

} // namespace bertc::rt::kernels
