// SPDX-License-Identifier: Apache-2.0
//
// Matrix products and biases.
#include "compiler/interpret/RowMath.h"

using namespace bertc::bert;

namespace bertc::interpret {

void addLinear(EvaluatorTable &table) {
  table.add<MatmulOp>([](MatmulOp op, Operands x, Results c) {
    multiply(*x[0], *x[1], op.getTransposeA(), op.getTransposeB(), c[0]);
    return Status::okStatus();
  });
  table.add<BatchMatmulOp>([](BatchMatmulOp op, Operands x, Results c) {
    multiply(*x[0], *x[1], op.getAdjX(), op.getAdjY(), c[0]);
    return Status::okStatus();
  });
  table.add<BiasAddOp>([](BiasAddOp op, Operands x, Results y) {
    y[0].values = x[0]->values;
    addToRows(*x[1], y[0]);
    return Status::okStatus();
  });
  table.add<BiasAddGradOp>([](BiasAddGradOp op, Operands dy, Results dbias) {
    sumRows(*dy[0], dbias[0]);
    return Status::okStatus();
  });
}

} // namespace bertc::interpret
