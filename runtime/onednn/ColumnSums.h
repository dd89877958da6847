// SPDX-License-Identifier: Apache-2.0
//
// The second output of a Matmul step where the product itself does not yield
// it: a sum over the rows of b, after the product.
#pragma once

#include "runtime/core/StepHandler.h"

#include <memory>

namespace bertc::rt {

/// `product`, and then output 1 of the step from its input 1, both checked.
std::unique_ptr<PreparedStep>
withColumnSums(StepContext &ctx, std::unique_ptr<PreparedStep> product);

} // namespace bertc::rt
