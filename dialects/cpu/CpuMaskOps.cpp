// SPDX-License-Identifier: Apache-2.0
//
// Verifiers of the steps for packed sequences.

#include "dialects/cpu/Verify.h"

using namespace mlir;

namespace bertc::cpu {

LogicalResult KeyRangesOp::verify() {
  ArrayRef<int64_t> numbers = shapeOf(getNumbers());
  if (numbers.size() != 2) { // key_ranges C1
    return emitOpError() << "expected numbers of rank 2, found "
                         << shapeText(numbers);
  }
  return checkShape(*this, "the result", getResult(),
                    {numbers[0], numbers[1], 2}); // key_ranges C2
}

LogicalResult RangeMaskOp::verify() {
  ArrayRef<int64_t> ranges = shapeOf(getRanges());
  if (ranges.size() != 3 || ranges[2] != 2) { // range_mask C1
    return emitOpError() << "expected ranges of shape [B,S,2], found "
                         << shapeText(ranges);
  }
  return checkShape(*this, "the result", getResult(),
                    {ranges[0], 1, ranges[1], ranges[1]}); // range_mask C2
}

} // namespace bertc::cpu
