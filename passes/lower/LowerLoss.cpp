// SPDX-License-Identifier: Apache-2.0
//
// Gathers, log-softmax and the likelihood of labels, with gradients.

#include "passes/lower/FunctionLowering.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace bertc::lower {

namespace {

bool gather(FunctionLowering &f, bert::GatherOp op) {
  f.set(op.getY(),
        cpu::GatherOp::create(f.builder(), f.loc(), op.getY().getType(),
                              f.getContiguous(op.getTable()),
                              f.getContiguous(op.getIndices()),
                              op.getBatchDimsAttr(), f.scope(), nullptr));
  return true;
}

bool rowNumbers(FunctionLowering &f, bert::RowNumbersOp op) {
  SmallVector<Value> positions;
  for (Value part : op.getPositions()) {
    positions.push_back(f.getContiguous(part));
  }
  f.set(op.getRows(),
        cpu::RowNumbersOp::create(f.builder(), f.loc(), op.getRows().getType(),
                                  positions, op.getSequenceLengthAttr(),
                                  f.scope(), nullptr));
  return true;
}

bool gatherGrad(FunctionLowering &f, bert::GatherGradOp op) {
  f.set(op.getDtable(),
        cpu::GatherGradOp::create(
            f.builder(), f.loc(), op.getDtable().getType(),
            f.getFloats(op.getDy()), f.getContiguous(op.getIndices()),
            /*base=*/nullptr, op.getBatchDimsAttr(), f.scope(), nullptr));
  return true;
}

/// Rows of the last axis as a matrix, the shape of the log-softmax kernels.
Value asMatrix(FunctionLowering &f, Value x) {
  Value rows = f.getContiguous(x);
  int64_t columns = typeOf(rows).getShape().back();
  return f.reshape(rows, {typeOf(rows).getNumElements() / columns, columns});
}

bool logSoftmax(FunctionLowering &f, bert::LogSoftmaxOp op) {
  Value x = asMatrix(f, op.getX());
  auto type =
      RankedTensorType::get(typeOf(x).getShape(), typeOf(x).getElementType());
  Value y = cpu::LogSoftmaxOp::create(f.builder(), f.loc(), type, x, f.scope(),
                                      nullptr);
  f.set(op.getY(), f.reshape(y, typeOf(op.getY()).getShape()));
  return true;
}

bool logSoftmaxGrad(FunctionLowering &f, bert::LogSoftmaxGradOp op) {
  Value dy = asMatrix(f, op.getDy()), y = asMatrix(f, op.getY());
  auto type =
      RankedTensorType::get(typeOf(y).getShape(), typeOf(y).getElementType());
  Value dx = cpu::LogSoftmaxGradOp::create(f.builder(), f.loc(), type, dy, y,
                                           f.scope(), nullptr);
  f.set(op.getDx(), f.reshape(dx, typeOf(op.getDx()).getShape()));
  return true;
}

bool nll(FunctionLowering &f, bert::NllOp op) {
  f.set(op.getLoss(), cpu::NllOp::create(
                          f.builder(), f.loc(), op.getLoss().getType(),
                          f.getFloats(op.getLogProbs()),
                          f.getContiguous(op.getLabels()), f.scope(), nullptr));
  return true;
}

bool nllGrad(FunctionLowering &f, bert::NllGradOp op) {
  f.setStored(op.getDlogProbs(),
              cpu::NllGradOp::create(
                  f.builder(), f.loc(), f.storedType(op.getDlogProbs()),
                  f.getContiguous(op.getDloss()),
                  f.getContiguous(op.getLabels()), f.scope(), nullptr));
  return true;
}

} // namespace

FailureOr<bool> lowerLoss(FunctionLowering &f, Operation *op) {
  return llvm::TypeSwitch<Operation *, FailureOr<bool>>(op)
      .Case([&](bert::GatherOp o) { return gather(f, o); })
      .Case([&](bert::GatherGradOp o) { return gatherGrad(f, o); })
      .Case([&](bert::RowNumbersOp o) { return rowNumbers(f, o); })
      .Case([&](bert::LogSoftmaxOp o) { return logSoftmax(f, o); })
      .Case([&](bert::LogSoftmaxGradOp o) { return logSoftmaxGrad(f, o); })
      .Case([&](bert::NllOp o) { return nll(f, o); })
      .Case([&](bert::NllGradOp o) { return nllGrad(f, o); })
      .Default([](Operation *) { return FailureOr<bool>(false); });
}

} // namespace bertc::lower
