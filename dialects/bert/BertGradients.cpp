// SPDX-License-Identifier: Apache-2.0
//
// Registration of all gradients, and the pieces they share.

#include "dialects/bert/BertGradients.h"

#include "dialects/bert/BertGradientsDetail.h"

namespace bertc::bert {

using mlir::Value;

namespace gradients {

Value sumToShape(Flow &flow, Value value, llvm::ArrayRef<int64_t> shape) {
  mlir::RankedTensorType type = typeOf(value);
  if (type.getShape() == shape) {
    return value;
  }
  const int64_t added = type.getRank() - int64_t(shape.size());
  llvm::SmallVector<int64_t> axes;
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    if (axis < added ||
        (shape[axis - added] == 1 && type.getDimSize(axis) != 1)) {
      axes.push_back(axis);
    }
  }
  Value sum = axes.empty() ? value
                           : flow.make<ReduceSumOp>(value, axes,
                                                    /*keep_dims=*/false)
                                 .getY();
  if (typeOf(sum).getShape() == shape) {
    return sum;
  }
  return flow.make<ReshapeOp>(
      mlir::RankedTensorType::get(shape, type.getElementType()), sum);
}

Value splat(Flow &flow, mlir::RankedTensorType type, double value) {
  auto element = mlir::FloatAttr::get(type.getElementType(), value);
  return flow.make<ConstantOp>(mlir::DenseElementsAttr::get(type, element));
}

Value scalarLike(Flow &flow, Value like, double value) {
  return splat(flow,
               mlir::RankedTensorType::get({}, typeOf(like).getElementType()),
               value);
}

} // namespace gradients

void registerBertGradients(mlir::DialectRegistry &registry) {
  registry.addExtension(+[](mlir::MLIRContext *context, BertDialect *) {
    gradients::attachElementwise(context);
    gradients::attachLinear(context);
    gradients::attachNorm(context);
    gradients::attachShape(context);
  });
}

} // namespace bertc::bert
