// SPDX-License-Identifier: Apache-2.0
//
// How gradients flow through the operations of the dialect, attached to them
// from outside as models of DifferentiableOpInterface. An operation without
// one does not occur between a variable and a loss.
#pragma once

#include "mlir/IR/DialectRegistry.h"

namespace bertc::bert {

/// Attaches all of them, when the dialect is loaded.
void registerBertGradients(mlir::DialectRegistry &registry);

} // namespace bertc::bert
