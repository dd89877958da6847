// SPDX-License-Identifier: Apache-2.0
//
// Attention masks. Gaudi2 adds a product of two small matrices to a product of
// large ones (masked_batch_gemm), so a mask that is such a product costs
// nothing there: the pass over all scores that adds it goes away. B batch, A
// heads, S positions, P the most sequences a row has.

#include "passes/lower/synapse/SynapseLowering.h"

using namespace mlir;

namespace bertc::lower::syn {

namespace {

/// What is added to a score that must not count.
constexpr double kMasked = -10000.0;

/// 0 where the numbers of query and key are equal and no padding, else -10000:
/// [S,S,1,B] of f32. Padding among the keys is numbered -1, which no query is.
void packedMask(SynapseLowering &g, bert::PackedMaskOp op) {
  Value numbers = g.getFloats(op.getNumbers());
  int64_t positions = sizesOf(numbers)[0], batch = sizesOf(numbers)[1];
  Value zero = g.scalar(0.0, g.f32());
  Value padding = g.compare("equal_fwd", numbers, zero);
  Value keys = g.select(padding, g.scalar(-1.0, g.f32()), numbers);
  numbers = g.reshape(numbers, {1, positions, 1, batch});
  keys = g.reshape(keys, {positions, 1, 1, batch});
  Value equal = g.compare("equal_fwd", numbers, keys);
  g.set(op.getMask(), g.select(equal, zero, g.scalar(kMasked, g.f32())));
}

/// Sequences a row may have, as the model says; 0 when it does not.
int64_t maxSequences(Operation *op) {
  auto model = op->getParentOfType<ModuleOp>()->getAttrOfType<DictionaryAttr>(
      bert::kModelAttr);
  auto packed = model ? model.getAs<IntegerAttr>("packed") : IntegerAttr();
  return packed ? packed.getInt() : 0;
}

/// The value before a change of its type.
Value withoutCast(Value value) {
  auto cast = value.getDefiningOp<bert::CastOp>();
  return cast ? cast.getX() : value;
}

/// Whether a mask is the product of two matrices: [B,1,1,S], or one of packed
/// sequences.
bool isProduct(Value mask) {
  if (mask.getDefiningOp<bert::PackedMaskOp>()) {
    return maxSequences(mask.getDefiningOp()) > 0;
  }
  ArrayRef<int64_t> shape =
      llvm::cast<RankedTensorType>(mask.getType()).getShape();
  return shape.size() == 4 && shape[1] == 1 && shape[2] == 1;
}

} // namespace

std::optional<MaskedScores> MaskedScores::find(bert::AddOp add) {
  for (auto [scores, mask] :
       {std::pair(add.getX(), add.getY()), std::pair(add.getY(), add.getX())}) {
    auto product = scores.getDefiningOp<bert::BatchMatmulOp>();
    if (product && product.getC().hasOneUse() && !product.getAdjX() &&
        product.getAdjY() && product.getC().getType().getRank() == 4 &&
        getElementTypeOrSelf(product.getA()) ==
            getElementTypeOrSelf(product.getC()) &&
        product.getC().getType() == add.getZ().getType() &&
        isProduct(withoutCast(mask))) {
      return MaskedScores{product, withoutCast(mask)};
    }
  }
  return std::nullopt;
}

/// [P,S,1,B]: 1 where the token of a row is of sequence p, from 1, else 0.
static Value sequences(SynapseLowering &g, bert::PackedMaskOp mask,
                       Type element) {
  Value numbers = g.getFloats(mask.getNumbers());
  int64_t positions = sizesOf(numbers)[0], batch = sizesOf(numbers)[1];
  int64_t count = maxSequences(mask);
  Value each = g.node("range_f32", {}, g.type({count}, g.f32()),
                      {g.param("start", 1.0f), g.param("limit", count + 1.0f),
                       g.param("delta", 1.0f)});
  numbers = g.reshape(numbers, {1, positions, 1, batch});
  return g.cast(g.compare("equal_fwd", numbers, each), element);
}

/// Two matrices, [K,S,1,B] of queries and of keys, whose product over K is the
/// mask. Of packed sequences every term is 0 where query and key are of one
/// sequence, so that nothing cancels; padding is not masked as a query.
static std::pair<Value, Value> factorsOf(SynapseLowering &g, Value mask,
                                         int64_t queries, Type element) {
  if (auto packed = mask.getDefiningOp<bert::PackedMaskOp>()) {
    Value own = sequences(g, packed, element);
    Value others = g.binary("sub_fwd", own, g.scalar(1.0, element));
    return {own, g.binary("mult_fwd", others, g.scalar(-kMasked, element))};
  }
  Value keys = g.cast(g.get(mask), element);
  int64_t positions = sizesOf(keys)[0], batch = sizesOf(keys)[3];
  return {g.fill(1.0, g.type({1, queries, 1, batch}, element)),
          g.reshape(keys, {1, positions, 1, batch})};
}

void MaskedScores::lower(SynapseLowering &g, bert::AddOp add) {
  Value q = g.get(product.getA());
  Value k = g.get(product.getB());
  Type element = elementOf(q);
  auto &factors = g.maskFactors(mask, element);
  if (!factors.first) {
    factors = factorsOf(g, mask, sizesOf(q)[1], element);
  }
  g.set(add.getZ(),
        g.node("masked_batch_gemm", {q, k, factors.first, factors.second},
               toDevice(add.getZ().getType()),
               {g.param("transpose_a", false), g.param("transpose_b", true)}));
}

void addMasks(LoweringTable &table) {
  table.add<bert::PackedMaskOp>(packedMask);
}

} // namespace bertc::lower::syn
