// SPDX-License-Identifier: Apache-2.0
//
// Gather and the losses: the operations that an index can make fail.
#include "compiler/interpret/Evaluator.h"

#include <algorithm>
#include <cmath>

using namespace bertc::bert;

namespace bertc::interpret {

namespace {

/// The index at position `i`, or an error unless it lies in 0 .. rows - 1.
StatusOr<int64_t> indexAt(mlir::Operation *op, const Tensor &indices, int64_t i,
                          int64_t rows) {
  auto index = static_cast<int64_t>(indices[i]);
  if (index < 0 || index >= rows) {
    return invalidArgument(op->getName().getStringRef().str() + ": index " +
                           std::to_string(index) + " at position " +
                           std::to_string(i) + " is outside 0 .. " +
                           std::to_string(rows - 1));
  }
  return index;
}

/// Calls `move(tableElement, rowsElement)` for every element that a gather
/// from `table` copies to its result `rows`.
template <typename Move>
Status forEachGathered(mlir::Operation *op, llvm::ArrayRef<int64_t> table,
                       const Tensor &indices, int64_t batchDims, Move move) {
  int64_t batches = elementsOf(table.take_front(batchDims));
  int64_t tableRows = table[batchDims];
  int64_t width = elementsOf(table.drop_front(batchDims + 1));
  int64_t picks = indices.size() / batches;
  for (int64_t b = 0; b < batches; ++b) {
    for (int64_t p = 0; p < picks; ++p) {
      int64_t i = b * picks + p;
      BERTC_ASSIGN_OR_RETURN(int64_t row, indexAt(op, indices, i, tableRows));
      for (int64_t h = 0; h < width; ++h) {
        move((b * tableRows + row) * width + h, i * width + h);
      }
    }
  }
  return Status::okStatus();
}

Status evalRowNumbers(RowNumbersOp op, Operands x, Results y) {
  int64_t length = static_cast<int64_t>(op.getSequenceLength()), to = 0;
  for (const Tensor *positions : x) {
    for (int64_t i = 0; i < positions->size(); ++i) {
      BERTC_ASSIGN_OR_RETURN(int64_t at, indexAt(op, *positions, i, length));
      int64_t sequence = i / positions->rowSize();
      y[0][to++] = static_cast<double>(sequence * length + at);
    }
  }
  return Status::okStatus();
}

Status evalNll(NllOp op, Operands x, Results loss) {
  int64_t classes = x[0]->rowSize();
  for (int64_t n = 0; n < loss[0].size(); ++n) {
    BERTC_ASSIGN_OR_RETURN(int64_t label, indexAt(op, *x[1], n, classes));
    loss[0][n] = -(*x[0])[n * classes + label];
  }
  return Status::okStatus();
}

Status evalNllGrad(NllGradOp op, Operands x, Results d) {
  int64_t classes = d[0].rowSize();
  for (int64_t n = 0; n < x[0]->size(); ++n) {
    BERTC_ASSIGN_OR_RETURN(int64_t label, indexAt(op, *x[1], n, classes));
    d[0][n * classes + label] = -(*x[0])[n];
  }
  return Status::okStatus();
}

Status evalCrossEntropy(CrossEntropyOp op, Operands x, Results y) {
  const Tensor &logits = *x[0];
  int64_t classes = logits.rowSize();
  for (int64_t n = 0; n < y[0].size(); ++n) {
    BERTC_ASSIGN_OR_RETURN(int64_t label, indexAt(op, *x[1], n, classes));
    const double *row = logits.values.data() + n * classes;
    double largest = *std::max_element(row, row + classes), sum = 0;
    for (int64_t c = 0; c < classes; ++c) {
      sum += std::exp(row[c] - largest);
    }
    y[1][n] = largest + std::log(sum);
    y[0][n] = y[1][n] - row[label];
  }
  return Status::okStatus();
}

Status evalCrossEntropyGrad(CrossEntropyGradOp op, Operands x, Results d) {
  int64_t classes = d[0].rowSize();
  for (int64_t n = 0; n < x[0]->size(); ++n) {
    BERTC_ASSIGN_OR_RETURN(int64_t label, indexAt(op, *x[3], n, classes));
    for (int64_t c = 0; c < classes; ++c) {
      double p = std::exp((*x[1])[n * classes + c] - (*x[2])[n]);
      d[0][n * classes + c] = (*x[0])[n] * (p - (c == label ? 1 : 0));
    }
  }
  return Status::okStatus();
}

} // namespace

void addIndexing(EvaluatorTable &table) {
  table.add<GatherOp>([](GatherOp op, Operands x, Results y) {
    return forEachGathered(
        op, x[0]->shape, *x[1], op.getBatchDims(),
        [&](int64_t from, int64_t to) { y[0][to] = (*x[0])[from]; });
  });
  table.add<GatherGradOp>([](GatherGradOp op, Operands x, Results dtable) {
    return forEachGathered(
        op, dtable[0].shape, *x[1], op.getBatchDims(),
        [&](int64_t to, int64_t from) { dtable[0][to] += (*x[0])[from]; });
  });
  table.add<GatherGradAddOp>([](GatherGradAddOp op, Operands x, Results y) {
    y[0].values = x[0]->values;
    return forEachGathered(
        op, y[0].shape, *x[2], op.getBatchDims(),
        [&](int64_t to, int64_t from) { y[0][to] += (*x[1])[from]; });
  });
  table.add<RowNumbersOp>(evalRowNumbers);
  table.add<CrossEntropyOp>(evalCrossEntropy);
  table.add<CrossEntropyGradOp>(evalCrossEntropyGrad);
  table.add<NllOp>(evalNll);
  table.add<NllGradOp>(evalNllGrad);
}

} // namespace bertc::interpret
