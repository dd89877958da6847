// SPDX-License-Identifier: Apache-2.0
//
// One function of the `cpu` dialect as one entry of the plan.
#pragma once

#include "compiler/emit/ConstantPool.h"
#include "runtime/schema/plan_generated.h"

#include "bertc/status.h"
#include "dialects/cpu/CpuOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"

namespace bertc {

/// Positions of module-level symbols in the plan, and its constants.
struct PlanSymbols {
  llvm::StringMap<uint32_t> variables;
  llvm::StringMap<uint32_t> packedWeights;
  ConstantPool constants;
};

/// Writes `function` into `entry`; constants are added to `symbols`. Errors:
/// FailedPrecondition when it has not been through memory planning or holds an
/// operation that no plan knows.
Status writeEntry(mlir::func::FuncOp function, PlanSymbols &symbols,
                  plan::EntryT &entry);

/// Element type in the plan; the dialect has no other types.
plan::DType planType(mlir::Type elementType);

/// Bytes of one element in memory.
int64_t elementBytes(mlir::Type elementType);

} // namespace bertc
