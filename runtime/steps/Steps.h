// SPDX-License-Identifier: Apache-2.0
//
// Handlers of every step kind but Matmul. Each prepare function checks all that
// can be wrong with a step before data is there, so that the kernels it binds
// need check nothing; the messages name the operand, what was found and what
// was expected.
#pragma once

#include "runtime/core/StepHandler.h"

namespace bertc::rt {

/// Adds all handlers declared below and caps the kernels at usableIsa().
void registerKernelSteps(StepRegistry &registry);

/// Unary, Binary, Compare, Select, Fill, AddN.
void registerElementwiseSteps(StepRegistry &registry);
/// Dropout, Softmax, SoftmaxGrad.
void registerSoftmaxSteps(StepRegistry &registry);
/// LayerNorm, LayerNormGrad.
void registerLayerNormSteps(StepRegistry &registry);
/// Reduce, ArgMax, L2Loss.
void registerReduceSteps(StepRegistry &registry);
/// Gather, GatherGrad, RowNumbers.
void registerGatherSteps(StepRegistry &registry);
/// KeyRanges, RangeMask.
void registerMaskSteps(StepRegistry &registry);
/// LogSoftmax, LogSoftmaxGrad, Nll, NllGrad.
void registerLossSteps(StepRegistry &registry);
/// Attention, AttentionGrad.
void registerAttentionSteps(StepRegistry &registry);
/// GeluWithDerivative, GeluBackward, CrossEntropy, CrossEntropyGrad.
void registerFusedSteps(StepRegistry &registry);
/// AssignAdd, Lamb, AdamW.
void registerOptimizerSteps(StepRegistry &registry);
/// AllReduce, AllReduceSettle.
void registerExchangeSteps(StepRegistry &registry);

} // namespace bertc::rt
