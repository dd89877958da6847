// SPDX-License-Identifier: Apache-2.0
//
// Gradients of matrix products and biases. For c = a b: da = dc b^T and
// db = a^T dc; the transposed forms follow by transposing both sides.

#include "dialects/bert/BertGradientsDetail.h"

namespace bertc::bert::gradients {

using llvm::LogicalResult;
using llvm::success;
using mlir::Value;

namespace {

/// Sets da and db of c = op(a) op(b); Op takes (x, y, transpose x, transpose
/// y).
template <typename Op>
void product(Value a, Value b, bool transposedA, bool transposedB, Flow &f) {
  Value dc = f.dy[0];
  f.dx[0] = transposedA ? f.make<Op>(b, dc, transposedB, true)
                        : f.make<Op>(dc, b, false, !transposedB);
  f.dx[1] = transposedB ? f.make<Op>(dc, a, true, transposedA)
                        : f.make<Op>(a, dc, !transposedA, false);
}

LogicalResult matmul(MatmulOp op, Flow &f) {
  product<MatmulOp>(op.getA(), op.getB(), op.getTransposeA(),
                    op.getTransposeB(), f);
  return success();
}

LogicalResult batchMatmul(BatchMatmulOp op, Flow &f) {
  product<BatchMatmulOp>(op.getA(), op.getB(), op.getAdjX(), op.getAdjY(), f);
  return success();
}

LogicalResult biasAdd(BiasAddOp op, Flow &f) {
  f.dx[0] = f.dy[0];
  f.dx[1] = f.make<BiasAddGradOp>(f.dy[0]);
  return success();
}

} // namespace

void attachLinear(mlir::MLIRContext *context) {
  attach<MatmulOp, matmul>(context);
  attach<BatchMatmulOp, batchMatmul>(context);
  attach<BiasAddOp, biasAdd>(context);
}

} // namespace bertc::bert::gradients
