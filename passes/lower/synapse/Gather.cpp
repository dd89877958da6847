// SPDX-License-Identifier: Apache-2.0
//
// Rows of a table by index (embeddings, predicted positions) and the gradient:
// rows summed by index.
//
// The gradient is a product with a matrix of ones and zeros while that is
// small, as it is for the positions of a sequence and for token types. That of
// a vocabulary would be gigabytes: there a kernel adds the rows.

#include "passes/lower/synapse/SynapseLowering.h"

using namespace mlir;

namespace bertc::lower::syn {

namespace {

/// f32 holds all integers up to this exactly.
constexpr int64_t kExactIntegers = int64_t(1) << 24;

/// How a gather looks when all dimensions that play one part are one.
struct GatherSizes {
  int64_t batches = 1, rows = 1, width = 1, picks = 1;
};

GatherSizes sizesOf(ArrayRef<int64_t> table, ArrayRef<int64_t> indices,
                    int64_t batchDims) {
  auto product = [](ArrayRef<int64_t> sizes) {
    int64_t elements = 1;
    for (int64_t size : sizes) {
      elements *= size;
    }
    return elements;
  };
  return {product(table.take_front(batchDims)), table[batchDims],
          product(table.drop_front(batchDims + 1)),
          product(indices.drop_front(batchDims))};
}

/// Indices [picks * batches] into all batches' rows one after another. Numbers
/// are added as f32.
FailureOr<Value> flatIndices(SynapseLowering &g, Operation *op, Value value,
                             const GatherSizes &sizes) {
  if (sizes.batches == 1) {
    return g.reshape(g.get(value), {sizes.picks});
  }
  int64_t rows = sizes.batches * sizes.rows;
  if (rows > kExactIntegers) {
    return op->emitOpError()
           << "has " << rows << " rows in all batches, expected at most "
           << kExactIntegers << " for a synapse target";
  }
  Value indices = g.reshape(g.get(value), {sizes.picks, sizes.batches});
  Value starts = g.node("range_f32", {}, g.type({sizes.batches}, g.f32()),
                        {g.param("start", 0.0f), g.param("limit", float(rows)),
                         g.param("delta", float(sizes.rows))});
  Value shifted = g.binary("add_fwd", g.toF32(indices),
                           g.reshape(starts, {1, sizes.batches}));
  return g.reshape(g.cast(shifted, g.builder().getI32Type()),
                   {sizes.picks * sizes.batches});
}

LogicalResult rowNumbers(SynapseLowering &g, bert::RowNumbersOp op) {
  SmallVector<Value> parts;
  for (Value positions : op.getPositions()) {
    ArrayRef<int64_t> shape =
        cast<RankedTensorType>(positions.getType()).getShape();
    GatherSizes sizes = {shape[0], static_cast<int64_t>(op.getSequenceLength()),
                         /*width=*/1, shape[1]};
    FailureOr<Value> flat = flatIndices(g, op, positions, sizes);
    if (failed(flat)) {
      return failure();
    }
    parts.push_back(*flat);
  }
  g.set(op.getRows(), parts.size() == 1 ? parts[0] : g.concat(parts, 0));
  return success();
}

LogicalResult gather(SynapseLowering &g, bert::GatherOp op) {
  RankedTensorType table = op.getTable().getType();
  Type element = table.getElementType();
  if (!isa<FloatType>(element)) {
    return op.emitOpError()
           << "of " << element << ", expected f32 or bf16 for a synapse target";
  }
  GatherSizes sizes =
      sizesOf(table.getShape(), op.getIndices().getType().getShape(),
              op.getBatchDims());
  // As in known graphs: rows of one matrix by a vector of indices.
  Value data = g.reshape(g.get(op.getTable()),
                         {sizes.width, sizes.batches * sizes.rows});
  FailureOr<Value> indices = flatIndices(g, op, op.getIndices(), sizes);
  if (failed(indices)) {
    return failure();
  }
  Type rows = g.type({sizes.width, sizes.batches * sizes.picks}, element);
  Value made = g.node(("gather_fwd_" + dtypeName(element)).str(),
                      {data, *indices}, rows, {g.param("axis", int32_t(1))});
  g.set(op.getY(), g.reshape(made, toDevice(op.getY().getType()).getShape()));
  return success();
}

/// [depth, indices...] of ones where the index is, in f32.
Value oneHot(SynapseLowering &g, Value indices, int64_t depth) {
  SmallVector<int64_t> type = {depth};
  llvm::append_range(type, syn::sizesOf(indices));
  return g.node("one_hot_fwd_f32", {indices}, g.type(type, g.f32()),
                {g.param("axis", int32_t(0)), g.param("depth", int32_t(depth)),
                 g.param("onValue", 1.0f), g.param("offValue", 0.0f)});
}

/// Rows of dy and indices as [width, picks] and [picks], or batches of these.
struct GradOperands {
  Value dy, indices;
};

GradOperands gradOperands(SynapseLowering &g, bert::GatherGradOp op,
                          const GatherSizes &sizes) {
  // Ones and zeros are the same in bf16, so rows that were bf16 may stay it.
  Value dy = op.getDy();
  auto cast = dy.getDefiningOp<bert::CastOp>();
  if (cast && getElementTypeOrSelf(cast.getX()).isBF16()) {
    dy = cast.getX();
  }
  SmallVector<int64_t> rows = {sizes.width, sizes.picks};
  SmallVector<int64_t> indices = {sizes.picks};
  if (sizes.batches != 1) {
    rows.push_back(sizes.batches);
    indices.push_back(sizes.batches);
  }
  GradOperands operands;
  operands.dy = g.reshape(g.get(dy), rows);
  operands.indices = g.reshape(g.get(op.getIndices()), indices);
  return operands;
}

/// [width, depth...] of the rows summed by index, which is 0 .. depth - 1.
Value sumByProduct(SynapseLowering &g, const GradOperands &operands,
                   Value indices, int64_t depth) {
  Value ones = g.cast(oneHot(g, indices, depth), elementOf(operands.dy));
  return g.gemm(ones, operands.dy, /*transposeA=*/true, /*transposeB=*/false,
                g.f32());
}

/// Bytes of a one-hot matrix of one row of the table.
int64_t oneHotBytes(const GatherSizes &sizes) {
  return sizes.batches * sizes.picks * int64_t(sizeof(float));
}

/// Rows `first` .. `first + rows - 1` of [width, rows].
Value sliceRows(SynapseLowering &g, Value table, int64_t first, int64_t rows) {
  int64_t width = syn::sizesOf(table)[0];
  return g.node("slice", {table}, g.type({width, rows}, elementOf(table)),
                {g.param("axes", {0, 1}), g.param("starts", {0, first}),
                 g.param("ends", {width, first + rows}),
                 g.param("steps", {1, 1})});
}

/// The product in slices of the table, each with a matrix that is small enough.
/// What an index outside does is not known, so those below and above a slice
/// become its first and last row, which are thrown away.
Value sumBySlices(SynapseLowering &g, const GradOperands &operands,
                  const GatherSizes &sizes) {
  int64_t limit = g.options().oneHotBytes / oneHotBytes(sizes);
  int64_t step = std::max<int64_t>(limit - 2, 1);
  Value floats = g.toF32(operands.indices);
  auto number = [&](int64_t value) { return g.scalar(value, g.f32()); };
  SmallVector<Value> slices;
  for (int64_t first = 0; first < sizes.rows; first += step) {
    int64_t rows = std::min(step, sizes.rows - first);
    Value own = g.binary("sub_fwd", floats, number(first - 1));
    own = g.binary("max_fwd", own, number(0));
    own = g.binary("min_fwd", own, number(rows + 1));
    own = g.cast(own, g.builder().getI32Type());
    Value sums = sumByProduct(g, operands, own, rows + 2);
    slices.push_back(sliceRows(g, sums, 1, rows));
  }
  return g.concat(slices, 1);
}

/// The kernel of embeddings, which takes f32.
Value sumByKernel(SynapseLowering &g, const GradOperands &operands,
                  const GatherSizes &sizes) {
  constexpr int32_t kNoPadding = -1;
  return g.node(
      "embedding_dense_pt_bwd_f32", {g.toF32(operands.dy), operands.indices},
      g.type({sizes.width, sizes.rows}, g.f32()),
      {g.param("numWeights", int32_t(sizes.rows)),
       g.param("paddingIdx", kNoPadding), g.param("scaleGradByFreq", false)});
}

void gatherGrad(SynapseLowering &g, bert::GatherGradOp op) {
  GatherSizes sizes =
      sizesOf(op.getInputShape(), op.getIndices().getType().getShape(),
              op.getBatchDims());
  GradOperands operands = gradOperands(g, op, sizes);
  bool small = oneHotBytes(sizes) * sizes.rows <= g.options().oneHotBytes;
  Value sums;
  if (small || sizes.batches != 1) {
    sums = sumByProduct(g, operands, operands.indices, sizes.rows);
  } else if (g.options().embeddingKernel) {
    sums = sumByKernel(g, operands, sizes);
  } else {
    sums = sumBySlices(g, operands, sizes);
  }
  g.set(op.getDtable(),
        g.reshape(sums, toDevice(op.getDtable().getType()).getShape()));
}

} // namespace

void addGather(LoweringTable &table) {
  table.add<bert::RowNumbersOp>(rowNumbers);
  table.add<bert::GatherOp>(gather);
  table.add<bert::GatherGradOp>(gatherGrad);
}

} // namespace bertc::lower::syn
