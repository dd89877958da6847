// SPDX-License-Identifier: Apache-2.0
//
// Matrix products. A row-major [M,K] is sizes [K,M], which is what the library
// calls A, so operands and transpositions go through as they are.

#include "passes/lower/synapse/SynapseLowering.h"

using namespace mlir;

namespace bertc::lower::syn {

namespace {

template <typename OpTy>
void product(SynapseLowering &g, OpTy op, bool transposeA, bool transposeB) {
  Value a = g.get(op.getA());
  Value b = g.get(op.getB());
  g.set(op.getC(),
        g.gemm(a, b, transposeA, transposeB, getElementTypeOrSelf(op.getC())));
}

/// A sum over rows. Of bf16 it is a product with ones, which reads 16 bits a
/// number and sums in f32; a conversion would write all of it once more.
void biasAddGrad(SynapseLowering &g, bert::BiasAddGradOp op) {
  Value dy = g.get(op.getDy());
  int64_t columns = sizesOf(dy)[0];
  int64_t rows = typeOf(dy).getNumElements() / columns;
  Type element = getElementTypeOrSelf(op.getDbias());
  dy = g.reshape(dy, {columns, rows});
  Value sum;
  if (elementOf(dy).isBF16()) {
    Value ones = g.fill(1.0, g.type({rows, 1}, elementOf(dy)));
    sum = g.gemm(ones, dy, false, false, element);
  } else {
    sum = g.reduce("reduce_sum", dy, {1});
  }
  g.set(op.getDbias(), g.cast(g.reshape(sum, {columns}), element));
}

} // namespace

void addLinear(LoweringTable &table) {
  table.add<bert::MatmulOp>([](SynapseLowering &g, bert::MatmulOp op) {
    product(g, op, op.getTransposeA(), op.getTransposeB());
  });
  table.add<bert::BatchMatmulOp>(
      [](SynapseLowering &g, bert::BatchMatmulOp op) {
        product(g, op, op.getAdjX(), op.getAdjY());
      });
  table.add<bert::BiasAddGradOp>(biasAddGrad);
}

} // namespace bertc::lower::syn
