// SPDX-License-Identifier: Apache-2.0
//
// Constraints and type inference of the losses.
#include "dialects/bert/BertOps.h"
#include "dialects/bert/BertShapes.h"

using namespace mlir;

namespace bertc::bert {

LogicalResult NllOp::verifyConstraints() {
  int64_t rows = getLogProbs().getType().getDimSize(0);
  int64_t labels = getLabels().getType().getDimSize(0);
  // nll C1
  if (rows != labels) {
    return emitOpError("expected log_probs and labels to agree on N, found ")
           << rows << " and " << labels;
  }
  return success();
}

LogicalResult NllOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                      Adaptor op,
                                      SmallVectorImpl<Type> &types) {
  RankedTensorType logProbs = tensorType(op.getLogProbs());
  if (!logProbs || logProbs.getRank() != 2) {
    return failure();
  }
  types.push_back(RankedTensorType::get({logProbs.getDimSize(0)},
                                        logProbs.getElementType()));
  return success();
}

LogicalResult NllGradOp::verifyConstraints() {
  int64_t rows = getDloss().getType().getDimSize(0);
  int64_t labels = getLabels().getType().getDimSize(0);
  // nll_grad C1
  if (rows != labels) {
    return emitOpError("expected dloss and labels to agree on N, found ")
           << rows << " and " << labels;
  }
  int64_t classes = getNumClassesAttr().getInt();
  // nll_grad C2
  if (classes < 1) {
    return emitOpError("expected num_classes to be at least 1, found ")
           << classes;
  }
  return success();
}

LogicalResult NllGradOp::inferReturnTypes(MLIRContext *,
                                          std::optional<Location>, Adaptor op,
                                          SmallVectorImpl<Type> &types) {
  RankedTensorType dloss = tensorType(op.getDloss());
  int64_t classes = op.getNumClassesAttr().getInt();
  if (!dloss || dloss.getRank() != 1 || classes < 1) {
    return failure();
  }
  types.push_back(RankedTensorType::get({dloss.getDimSize(0), classes},
                                        dloss.getElementType()));
  return success();
}

} // namespace bertc::bert
