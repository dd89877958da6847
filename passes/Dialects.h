// SPDX-License-Identifier: Apache-2.0
//
// What every program that reads or makes IR registers: the dialects, and the
// interfaces that are attached to their operations from outside.
#pragma once

#include "mlir/IR/DialectRegistry.h"

namespace bertc {

/// Registers all dialects of a module at any phase, with their gradients.
void registerAllDialects(mlir::DialectRegistry &registry);

} // namespace bertc
