// SPDX-License-Identifier: Apache-2.0
//
// One function a phase would be too many: a phase is a few lines of one switch.

#include "passes/Pipeline.h"

#include "passes/Passes.h"

#include "mlir/Transforms/Passes.h"

namespace bertc {

namespace {

constexpr std::pair<Phase, llvm::StringLiteral> kPhases[] = {
    {Phase::Import, "import"},         {Phase::Mask, "mask"},
    {Phase::Gradients, "gradients"},   {Phase::Optimizer, "optimizer"},
    {Phase::Precision, "precision"},   {Phase::Fuse, "fuse"},
    {Phase::Distribute, "distribute"}, {Phase::Lower, "lower"},
    {Phase::Memory, "memory"},         {Phase::Plan, "plan"},
};

/// Folds, and what kernels of the CPU do together.
void buildFusions(const PipelineOptions &options,
                  mlir::OpPassManager &functions) {
  functions.addPass(mlir::createCanonicalizerPass());
  functions.addPass(mlir::createCSEPass());
  if (isGraphTarget(options.target)) {
    return;
  }
  functions.addPass(createBertFuseAccumulate());
  functions.addPass(createBertFuseAttentionSoftmax());
  functions.addPass(createBertFuseAttention());
  functions.addPass(createBertFuseCrossEntropy());
  functions.addPass(createBertFuseGatherGrad());
  functions.addPass(createBertFuseGeluBackward());
  functions.addPass(createBertFuseMatmulBias());
  functions.addPass(createBertFuseResidualLayerNorm());
  functions.addPass(createBertFuseMatmulEpilogue());
  functions.addPass(createBertFuseQkv());
  functions.addPass(createBertFuseBiasGrad());
  functions.addPass(createBertPostpone());
  functions.addPass(createBertRematerialize());
}

void buildDistribute(const PipelineOptions &options,
                     mlir::OpPassManager &manager) {
  if (options.exchange.workers < 2) {
    return;
  }
  BertDistributeOptions distribute;
  distribute.workers = options.exchange.workers;
  distribute.microBatches = options.exchange.microBatches;
  distribute.wire = options.exchange.bf16 ? "bf16" : "f32";
  distribute.bucketBytes = options.exchange.bucketBytes;
  distribute.form = isGraphTarget(options.target) ? "apply" : "early";
  manager.addPass(createBertDistribute(distribute));
}

void buildMemory(const PipelineOptions &options, mlir::OpPassManager &manager) {
  if (!isGraphTarget(options.target)) {
    manager.addPass(createCpuPlanMemory());
    return;
  }
  mlir::OpPassManager &functions = manager.nest<mlir::func::FuncOp>();
  functions.addPass(createSynapseOrderUpdates());
  SynapseSplitGraphsOptions split;
  split.maxNodes = options.maxGraphNodes;
  functions.addPass(createSynapseSplitGraphs(split));
  manager.addPass(createSynapsePlanSections());
}

} // namespace

bool isGraphTarget(llvm::StringRef target) {
  return target == "gaudi" || target == "gaudi2";
}

llvm::StringRef phaseName(Phase phase) {
  return kPhases[static_cast<size_t>(phase)].second;
}

std::optional<Phase> parsePhase(llvm::StringRef name) {
  for (const auto &[phase, known] : kPhases) {
    if (known == name) {
      return phase;
    }
  }
  return std::nullopt;
}

std::string allPhaseNames() {
  std::string names;
  for (const auto &[phase, name] : kPhases) {
    names += (names.empty() ? "" : ", ") + name.str();
  }
  return names;
}

void buildPhase(Phase phase, const PipelineOptions &options,
                mlir::OpPassManager &manager) {
  switch (phase) {
  case Phase::Mask:
    // Graphs get their form of it when they are lowered, as it differs between
    // devices.
    if (!isGraphTarget(options.target)) {
      BertPackedAttentionMaskOptions mask;
      mask.form = "ranges";
      manager.addPass(createBertPackedAttentionMask(mask));
    }
    manager.addNestedPass<mlir::func::FuncOp>(createBertNarrowRows());
    break;
  case Phase::Gradients:
    manager.addPass(createBertGradients());
    break;
  case Phase::Optimizer: {
    BertOptimizerOptions optimizer;
    optimizer.optimizer = options.optimizer;
    manager.addPass(createBertOptimizer(optimizer));
    break;
  }
  case Phase::Precision:
    if (options.bf16) {
      BertBf16ConversionOptions conversion;
      conversion.config = options.bf16Config;
      manager.addPass(createBertBf16Conversion(conversion));
    }
    break;
  case Phase::Fuse:
    buildFusions(options, manager.nest<mlir::func::FuncOp>());
    break;
  case Phase::Distribute:
    buildDistribute(options, manager);
    break;
  case Phase::Lower:
    if (isGraphTarget(options.target)) {
      BertToSynapseOptions lower;
      lower.device = options.target;
      manager.addPass(createBertToSynapse(lower));
    } else {
      manager.addPass(createBertToCpu());
    }
    break;
  case Phase::Memory:
    buildMemory(options, manager);
    break;
  case Phase::Import:
  case Phase::Plan:
    break;
  }
}

} // namespace bertc
