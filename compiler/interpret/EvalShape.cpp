// SPDX-License-Identifier: Apache-2.0
//
// Constants and the operations that move elements.
#include "compiler/interpret/Evaluator.h"

using namespace bertc::bert;

namespace bertc::interpret {

namespace {

/// Position of an element among those of `outer`, of which it is at `position`
/// of a window that begins at `starts`.
int64_t insideWindow(llvm::ArrayRef<int64_t> position,
                     llvm::ArrayRef<int64_t> starts,
                     llvm::ArrayRef<int64_t> outer) {
  std::vector<int64_t> strides = stridesOf(outer);
  int64_t linear = 0;
  for (size_t d = 0; d < outer.size(); ++d) {
    linear += (starts[d] + position[d]) * strides[d];
  }
  return linear;
}

Status evalTranspose(TransposeOp op, Operands x, Results y) {
  std::vector<int64_t> strides = stridesOf(x[0]->shape);
  for (int64_t i = 0; i < y[0].size(); ++i) {
    std::vector<int64_t> position = positionOf(i, y[0].shape);
    int64_t from = 0;
    for (auto [d, source] : llvm::enumerate(op.getPermutation())) {
      from += position[d] * strides[source];
    }
    y[0][i] = (*x[0])[from];
  }
  return Status::okStatus();
}

Status evalConcat(ConcatOp op, Operands x, Results y) {
  auto axis = static_cast<size_t>(op.getAxis());
  std::vector<int64_t> starts(y[0].rank(), 0);
  for (const Tensor *part : x) {
    for (int64_t i = 0; i < part->size(); ++i) {
      std::vector<int64_t> position = positionOf(i, part->shape);
      y[0][insideWindow(position, starts, y[0].shape)] = (*part)[i];
    }
    starts[axis] += part->shape[axis];
  }
  return Status::okStatus();
}

} // namespace

void addShape(EvaluatorTable &table) {
  table.add<ConstantOp>([](ConstantOp op, Operands, Results y) {
    BERTC_ASSIGN_OR_RETURN(y[0], Tensor::fromAttribute(op.getValue()));
    return Status::okStatus();
  });
  table.add<ReshapeOp>([](ReshapeOp, Operands x, Results y) {
    y[0].values = x[0]->values;
    return Status::okStatus();
  });
  table.add<TransposeOp>(evalTranspose);
  table.add<SliceOp>([](SliceOp op, Operands x, Results y) {
    for (int64_t i = 0; i < y[0].size(); ++i) {
      std::vector<int64_t> position = positionOf(i, y[0].shape);
      y[0][i] = (*x[0])[insideWindow(position, op.getStarts(), x[0]->shape)];
    }
    return Status::okStatus();
  });
  table.add<SliceGradOp>([](SliceGradOp op, Operands dy, Results dx) {
    for (int64_t i = 0; i < dy[0]->size(); ++i) {
      std::vector<int64_t> position = positionOf(i, dy[0]->shape);
      dx[0][insideWindow(position, op.getStarts(), dx[0].shape)] = (*dy[0])[i];
    }
    return Status::okStatus();
  });
  table.add<ConcatOp>(evalConcat);
  table.add<BroadcastToOp>([](BroadcastToOp, Operands x, Results y) {
    std::vector<int64_t> map = broadcastMap(y[0].shape, x[0]->shape);
    for (int64_t i = 0; i < y[0].size(); ++i) {
      y[0][i] = (*x[0])[map[i]];
    }
    return Status::okStatus();
  });
}

} // namespace bertc::interpret
