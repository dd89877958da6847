// SPDX-License-Identifier: Apache-2.0
#include "passes/Dialects.h"

#include "dialects/bert/BertDialect.h"
#include "dialects/bert/BertGradients.h"
#include "dialects/cpu/CpuDialect.h"
#include "dialects/synapse/SynapseDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace bertc {

void registerAllDialects(mlir::DialectRegistry &registry) {
  registry.insert<bert::BertDialect, cpu::CpuDialect, mlir::func::FuncDialect,
                  synapse::SynapseDialect>();
  bert::registerBertGradients(registry);
}

} // namespace bertc
