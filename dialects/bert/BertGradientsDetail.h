// SPDX-License-Identifier: Apache-2.0
//
// What the BertGradients*.cpp files share: a model made of one function for
// each operation, and small pieces of gradient code.
#pragma once

#include "dialects/bert/BertDialect.h"
#include "dialects/bert/BertOps.h"

#include "mlir/IR/Builders.h"

namespace bertc::bert::gradients {

/// What a gradient function works with. `dy` has a value or null for each
/// result, `dx` a null to be set for each operand.
struct Flow {
  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::ValueRange dy;
  llvm::SmallVectorImpl<mlir::Value> &dx;

  template <typename Op, typename... Args> auto make(Args &&...args) {
    return Op::create(builder, loc, std::forward<Args>(args)...,
                      /*scope=*/mlir::StringAttr());
  }
};

/// `value` of the shape it had before it was broadcast to its present one: the
/// sum over what was repeated.
mlir::Value sumToShape(Flow &flow, mlir::Value value,
                       llvm::ArrayRef<int64_t> shape);

/// A constant of that type with `value` everywhere.
mlir::Value splat(Flow &flow, mlir::RankedTensorType type, double value);

/// A float scalar of the element type of `like`.
mlir::Value scalarLike(Flow &flow, mlir::Value like, double value);

inline mlir::RankedTensorType typeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

/// Makes `function(op, flow)` the gradient of Op. It is called only with the
/// gradient of at least one result; of a single result, then, it is there.
template <typename Op, llvm::LogicalResult (*function)(Op, Flow &)>
struct Model
    : DifferentiableOpInterface::ExternalModel<Model<Op, function>, Op> {
  llvm::LogicalResult
  buildGradient(mlir::Operation *op, mlir::OpBuilder &builder,
                mlir::ValueRange resultGrads,
                llvm::SmallVectorImpl<mlir::Value> &operandGrads) const {
    Flow flow{builder, op->getLoc(), resultGrads, operandGrads};
    return function(llvm::cast<Op>(op), flow);
  }
};

template <typename Op, llvm::LogicalResult (*function)(Op, Flow &)>
void attach(mlir::MLIRContext *context) {
  Op::template attachInterface<Model<Op, function>>(*context);
}

void attachElementwise(mlir::MLIRContext *context);
void attachLinear(mlir::MLIRContext *context);
void attachNorm(mlir::MLIRContext *context);
void attachShape(mlir::MLIRContext *context);

} // namespace bertc::bert::gradients
