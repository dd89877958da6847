// SPDX-License-Identifier: Apache-2.0
//
// Gradients of softmax, layer norm, dropout and the loss.

#include "dialects/bert/BertGradientsDetail.h"

namespace bertc::bert::gradients {

using llvm::LogicalResult;
using llvm::success;
using mlir::Value;

namespace {

LogicalResult softmax(SoftmaxOp op, Flow &f) {
  f.dx[0] = f.make<SoftmaxGradOp>(f.dy[0], op.getY());
  return success();
}

LogicalResult logSoftmax(LogSoftmaxOp op, Flow &f) {
  f.dx[0] = f.make<LogSoftmaxGradOp>(f.dy[0], op.getY());
  return success();
}

/// mean and rstd are there for this gradient only; a loss that uses them
/// otherwise has no gradient here.
LogicalResult layerNorm(LayerNormOp op, Flow &f) {
  if (f.dy[1] || f.dy[2]) {
    return op.emitOpError(
        "has no gradient through its results mean and rstd, expected the loss "
        "to depend on y alone");
  }
  auto grad = f.make<LayerNormGradOp>(f.dy[0], op.getX(), op.getGamma(),
                                      op.getMean(), op.getRstd());
  f.dx[0] = grad.getDx();
  f.dx[1] = grad.getDgamma();
  f.dx[2] = grad.getDbeta();
  return success();
}

LogicalResult dropout(DropoutOp op, Flow &f) {
  f.dx[0] = f.make<DropoutGradOp>(f.dy[0], op.getRng(), op.getRows(),
                                  op.getRate(), op.getOpId());
  return success();
}

LogicalResult nll(NllOp op, Flow &f) {
  int64_t classes = typeOf(op.getLogProbs()).getDimSize(1);
  f.dx[0] = f.make<NllGradOp>(f.dy[0], op.getLabels(), classes);
  return success();
}

} // namespace

void attachNorm(mlir::MLIRContext *context) {
  attach<SoftmaxOp, softmax>(context);
  attach<LogSoftmaxOp, logSoftmax>(context);
  attach<LayerNormOp, layerNorm>(context);
  attach<DropoutOp, dropout>(context);
  attach<NllOp, nll>(context);
}

} // namespace bertc::bert::gradients
