// SPDX-License-Identifier: Apache-2.0
//
// One function of the `synapse` dialect, after synapse-plan-sections, as an
// entry of the plan that runs graphs.
#pragma once

#include "compiler/emit/EntryWriter.h"

namespace bertc {

/// Writes signature, graphs and numbers of the host of `function` into `entry`;
/// constants are added to `symbols`. Errors: FailedPrecondition when sections
/// have not been planned or updates have not been ordered.
Status writeGraphEntry(mlir::func::FuncOp function, PlanSymbols &symbols,
                       plan::EntryT &entry);

/// Writes the graphs of `twin`, which is `entry` without dropout, beside those
/// of it. Errors: as above, and when the two have not the same signature in the
/// same places.
Status writeDeterministicGraphs(mlir::func::FuncOp twin, PlanSymbols &symbols,
                                plan::EntryT &entry);

} // namespace bertc
