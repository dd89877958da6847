// SPDX-License-Identifier: Apache-2.0
//
// The operations of the `bert` dialect. Their builders take operands and
// attributes in the order of the .td files, then optionally the scope name;
// result types are inferred except for cast, reshape, broadcast_to and read:
//
//   auto c = MatmulOp::create(builder, loc, a, b, /*transpose_a=*/nullptr,
//                             /*transpose_b=*/builder.getUnitAttr(), scope);
#pragma once

#include "dialects/bert/BertDialect.h"
#include "dialects/bert/BertInterfaces.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace bertc::bert {

/// Verifies an operation's own constraints. Listed ahead of the interface that
/// infers result types, so that it runs first and reports first.
template <typename ConcreteType>
class ChecksConstraints
    : public mlir::OpTrait::TraitBase<ConcreteType, ChecksConstraints> {
public:
  static llvm::LogicalResult verifyTrait(mlir::Operation *op) {
    return llvm::cast<ConcreteType>(op).verifyConstraints();
  }
};

} // namespace bertc::bert

#define GET_OP_CLASSES
#include "dialects/bert/BertOps.h.inc"
