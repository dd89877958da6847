// SPDX-License-Identifier: Apache-2.0
//
// Constraints and type inference of the masks of packed sequences.
#include "dialects/bert/BertOps.h"
#include "dialects/bert/BertShapes.h"

using namespace mlir;

namespace bertc::bert {

/// [B,1,S,S] f32.
static RankedTensorType maskType(MLIRContext *context, int64_t batch,
                                 int64_t positions) {
  return RankedTensorType::get({batch, 1, positions, positions},
                               Float32Type::get(context));
}

//===----------------------------------------------------------------------===//
// packed_mask
//===----------------------------------------------------------------------===//

LogicalResult PackedMaskOp::verifyConstraints() { return success(); }

LogicalResult PackedMaskOp::inferReturnTypes(MLIRContext *context,
                                             std::optional<Location>,
                                             Adaptor op,
                                             SmallVectorImpl<Type> &types) {
  RankedTensorType numbers = tensorType(op.getNumbers());
  if (!numbers || numbers.getRank() != 2) {
    return failure();
  }
  types.push_back(
      maskType(context, numbers.getDimSize(0), numbers.getDimSize(1)));
  return success();
}

//===----------------------------------------------------------------------===//
// key_ranges
//===----------------------------------------------------------------------===//

LogicalResult KeyRangesOp::verifyConstraints() { return success(); }

LogicalResult KeyRangesOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location>, Adaptor op,
                                            SmallVectorImpl<Type> &types) {
  RankedTensorType numbers = tensorType(op.getNumbers());
  if (!numbers || numbers.getRank() != 2) {
    return failure();
  }
  types.push_back(
      RankedTensorType::get({numbers.getDimSize(0), numbers.getDimSize(1), 2},
                            numbers.getElementType()));
  return success();
}

//===----------------------------------------------------------------------===//
// range_mask
//===----------------------------------------------------------------------===//

LogicalResult RangeMaskOp::verifyConstraints() {
  ArrayRef<int64_t> ranges = getRanges().getType().getShape();
  // range_mask C1
  if (ranges.size() != 3 || ranges[2] != 2) {
    return emitOpError("expected ranges to be [B,S,2], found ")
           << shapeText(ranges);
  }
  return success();
}

LogicalResult RangeMaskOp::inferReturnTypes(MLIRContext *context,
                                            std::optional<Location>, Adaptor op,
                                            SmallVectorImpl<Type> &types) {
  RankedTensorType ranges = tensorType(op.getRanges());
  if (!ranges || ranges.getRank() != 3) {
    return failure();
  }
  types.push_back(
      maskType(context, ranges.getDimSize(0), ranges.getDimSize(1)));
  return success();
}

} // namespace bertc::bert
