// SPDX-License-Identifier: Apache-2.0
//
// Constraints and type inference of gather and its gradient, and of the rows
// to gather.
#include "dialects/bert/BertOps.h"
#include "dialects/bert/BertShapes.h"

#include <algorithm>
#include <limits>

using namespace mlir;

namespace bertc::bert {

/// Whether `batchDims` leaves a dimension of the table to index and fits the
/// indices.
static bool batchDimsFit(int64_t batchDims, size_t tableRank,
                         size_t indicesRank) {
  return batchDims >= 0 && batchDims < static_cast<int64_t>(tableRank) &&
         batchDims <= static_cast<int64_t>(indicesRank);
}

//===----------------------------------------------------------------------===//
// gather
//===----------------------------------------------------------------------===//

LogicalResult GatherOp::verifyConstraints() {
  ArrayRef<int64_t> table = getTable().getType().getShape();
  ArrayRef<int64_t> indices = getIndices().getType().getShape();
  int64_t batchDims = getBatchDimsAttr().getInt();
  // gather C1
  if (!batchDimsFit(batchDims, table.size(), indices.size())) {
    return emitOpError("expected batch_dims to be at least 0, less than the ")
           << "rank of table, " << table.size()
           << ", and at most the rank of indices, " << indices.size()
           << ", found " << batchDims;
  }
  // gather C2
  if (table.take_front(batchDims) != indices.take_front(batchDims)) {
    return emitOpError("expected table and indices to begin with the same ")
           << batchDims << " dimensions, found " << shapeText(table) << " and "
           << shapeText(indices);
  }
  return success();
}

LogicalResult GatherOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                         Adaptor op,
                                         SmallVectorImpl<Type> &types) {
  RankedTensorType table = tensorType(op.getTable());
  RankedTensorType indices = tensorType(op.getIndices());
  if (!table || !indices) {
    return failure();
  }
  std::optional<Shape> shape =
      gatheredShape(table.getShape(), indices.getShape(), op.getBatchDims());
  if (!shape) {
    return failure();
  }
  types.push_back(RankedTensorType::get(*shape, table.getElementType()));
  return success();
}

//===----------------------------------------------------------------------===//
// gather_grad
//===----------------------------------------------------------------------===//

LogicalResult GatherGradOp::verifyConstraints() {
  ArrayRef<int64_t> table = getInputShape();
  ArrayRef<int64_t> indices = getIndices().getType().getShape();
  ArrayRef<int64_t> dy = getDy().getType().getShape();
  int64_t batchDims = getBatchDimsAttr().getInt();
  // gather_grad C1
  if (!batchDimsFit(batchDims, table.size(), indices.size())) {
    return emitOpError("expected batch_dims to be at least 0, less than the ")
           << "size of input_shape, " << table.size()
           << ", and at most the rank of indices, " << indices.size()
           << ", found " << batchDims;
  }
  // gather_grad C2
  if (llvm::any_of(table, [](int64_t dim) { return dim < 1; })) {
    return emitOpError("expected input_shape to be positive, found [")
           << table << "]";
  }
  std::optional<Shape> gathered = gatheredShape(table, indices, batchDims);
  // gather_grad C3
  if (!gathered) {
    return emitOpError("expected input_shape and indices to begin with the ")
           << "same " << batchDims << " dimensions, found " << shapeText(table)
           << " and " << shapeText(indices);
  }
  // gather_grad C4
  if (dy != ArrayRef<int64_t>(*gathered)) {
    return emitOpError("expected dy to have the shape of the gathered rows, ")
           << shapeText(*gathered) << ", found " << shapeText(dy);
  }
  return success();
}

LogicalResult GatherGradOp::inferReturnTypes(MLIRContext *,
                                             std::optional<Location>,
                                             Adaptor op,
                                             SmallVectorImpl<Type> &types) {
  RankedTensorType dy = tensorType(op.getDy());
  if (!dy ||
      llvm::any_of(op.getInputShape(), [](int64_t s) { return s < 1; })) {
    return failure();
  }
  types.push_back(
      widened(RankedTensorType::get(op.getInputShape(), dy.getElementType())));
  return success();
}

//===----------------------------------------------------------------------===//
// row_numbers
//===----------------------------------------------------------------------===//

LogicalResult RowNumbersOp::verifyConstraints() {
  // row_numbers C1
  if (getPositions().empty()) {
    return emitOpError("expected positions, found none");
  }
  int64_t batch = tensorType(getPositions().front()).getDimSize(0);
  for (Value positions : getPositions()) {
    // row_numbers C2
    if (tensorType(positions).getDimSize(0) != batch) {
      return emitOpError("expected positions of the same batch, found ")
             << batch << " and " << tensorType(positions).getDimSize(0);
    }
  }
  // row_numbers C3
  int64_t length = getSequenceLength();
  if (length < 1 || length > std::numeric_limits<int32_t>::max() /
                                 std::max<int64_t>(batch, 1)) {
    return emitOpError("expected a positive sequence_length whose rows an i32 ")
           << "can count, found " << length << " for a batch of " << batch;
  }
  return success();
}

LogicalResult RowNumbersOp::inferReturnTypes(MLIRContext *,
                                             std::optional<Location>,
                                             Adaptor op,
                                             SmallVectorImpl<Type> &types) {
  int64_t count = 0;
  for (Value positions : op.getPositions()) {
    count += tensorType(positions).getNumElements();
  }
  if (count == 0) {
    return failure();
  }
  types.push_back(RankedTensorType::get(
      count, tensorType(op.getPositions().front()).getElementType()));
  return success();
}

} // namespace bertc::bert
