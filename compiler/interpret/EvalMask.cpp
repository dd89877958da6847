// SPDX-License-Identifier: Apache-2.0
//
// The masks of packed sequences.
#include "compiler/interpret/Evaluator.h"

using namespace bertc::bert;

namespace bertc::interpret {

namespace {

/// What is added to a score that must not count.
constexpr double kMasked = -10000;

Status evalPackedMask(PackedMaskOp, Operands x, Results mask) {
  const Tensor &numbers = *x[0];
  int64_t positions = numbers.rowSize();
  for (int64_t query = 0; query < numbers.size(); ++query) {
    int64_t row = query - query % positions;
    for (int64_t key = 0; key < positions; ++key) {
      bool together =
          numbers[query] != 0 && numbers[query] == numbers[row + key];
      mask[0][query * positions + key] = together ? 0 : kMasked;
    }
  }
  return Status::okStatus();
}

Status evalKeyRanges(KeyRangesOp, Operands x, Results ranges) {
  const Tensor &numbers = *x[0];
  int64_t positions = numbers.rowSize();
  for (int64_t query = 0; query < numbers.size(); ++query) {
    double number = numbers[query];
    if (number == 0) {
      continue;
    }
    int64_t row = query - query % positions;
    int64_t first = query, last = query;
    while (first > row && numbers[first - 1] == number) {
      --first;
    }
    while (last + 1 < row + positions && numbers[last + 1] == number) {
      ++last;
    }
    for (int64_t key = row; key < row + positions; ++key) {
      if (numbers[key] == number && (key < first || key > last)) {
        return invalidArgument("bert.key_ranges: sequence " +
                               std::to_string(static_cast<int64_t>(number)) +
                               " of row " + std::to_string(row / positions) +
                               " is not in one piece");
      }
    }
    ranges[0][2 * query] = static_cast<double>(first - row);
    ranges[0][2 * query + 1] = static_cast<double>(last + 1 - row);
  }
  return Status::okStatus();
}

Status evalRangeMask(RangeMaskOp op, Operands x, Results mask) {
  int64_t positions = op.getMask().getType().getShape().back();
  for (int64_t i = 0; i < mask[0].size(); ++i) {
    int64_t query = i / positions, key = i % positions;
    bool inside = key >= (*x[0])[2 * query] && key < (*x[0])[2 * query + 1];
    mask[0][i] = inside ? 0 : kMasked;
  }
  return Status::okStatus();
}

} // namespace

void addMask(EvaluatorTable &table) {
  table.add<PackedMaskOp>(evalPackedMask);
  table.add<KeyRangesOp>(evalKeyRanges);
  table.add<RangeMaskOp>(evalRangeMask);
}

} // namespace bertc::interpret
