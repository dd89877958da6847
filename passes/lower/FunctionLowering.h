// SPDX-License-Identifier: Apache-2.0
//
// What the lowerings of all operation families share while one function of the
// `bert` dialect becomes steps of the `cpu` dialect: which value stands for
// which, when a window has to be copied into contiguous memory, and which
// variables change where.
//
// Nothing is copied early. A reshape, transpose or slice makes a view; a
// broadcast is remembered; only a consumer whose kernel cannot take the window
// asks for a contiguous one.
#pragma once

#include "dialects/bert/BertOps.h"
#include "dialects/cpu/CpuOps.h"
#include "dialects/cpu/Layout.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringMap.h"

namespace bertc::lower {

/// Packed weights asked for so far, shared by all functions of a module.
class PackedWeightTable {
public:
  PackedWeightTable(mlir::ModuleOp module, bool enabled)
      : module_(module), enabled_(enabled) {}

  /// Symbol of the packed form of `variable`, of type `type`, for matmuls of
  /// `rows` rows that read it as `element`, made when new; null when packing is
  /// off or would not pay.
  mlir::FlatSymbolRefAttr get(llvm::StringRef variable,
                              mlir::RankedTensorType type, mlir::Type element,
                              bool transposed, int64_t rows);

private:
  mlir::ModuleOp module_;
  bool enabled_;
  llvm::StringMap<cpu::PackedWeightOp> weights_;
};

/// State of lowering one function; the family functions below add the ops.
class FunctionLowering {
public:
  FunctionLowering(mlir::func::FuncOp function, PackedWeightTable &packed);

  /// Lowers the whole body; emits an error and fails when an operation has no
  /// lowering.
  llvm::LogicalResult run();

  // ---- where the next operation goes ----
  mlir::OpBuilder &builder() { return builder_; }
  mlir::Location loc() const { return loc_; }
  /// Scope name of the operation being lowered; may be null.
  mlir::StringAttr scope() const { return scope_; }

  // ---- values ----
  /// Window that stands for `value`.
  mlir::Value get(mlir::Value value);
  /// The same, contiguous: copied once where it is not.
  mlir::Value getContiguous(mlir::Value value);
  /// For kernels that broadcast to `shape`: instead of values that are
  /// broadcasts the smaller ones they repeat, as long as the operands together
  /// still have the whole shape.
  llvm::SmallVector<mlir::Value>
  getBroadcast(llvm::ArrayRef<mlir::Value> values,
               llvm::ArrayRef<int64_t> shape);
  /// For kernels that read f32 and bf16 alike: contiguous, and the bf16 it was
  /// widened from where that is so.
  mlir::Value getFloats(mlir::Value value);
  /// For kernels that write f32 and bf16 alike: the type to store `result` in,
  /// which is that of the cast that is its only use.
  mlir::Type storedType(mlir::Value result);
  /// Says that `lowered` stands for `result`, in storedType().
  void setStored(mlir::Value result, mlir::Value lowered);
  /// Says that the conversion is made when somebody asks for its result.
  void setLazy(bert::CastOp cast);
  /// Says that `lowered` stands for `value`.
  void set(mlir::Value value, mlir::Value lowered);
  /// Says that `value` is `source` broadcast to its type.
  void setBroadcast(mlir::Value value, mlir::Value source);
  /// The value `value` is a broadcast of, else get(value).
  mlir::Value getSource(mlir::Value value);
  /// Says that `alias` has the same elements as `value`.
  void setSame(mlir::Value alias, mlir::Value value);

  /// A view of `source` (already lowered).
  mlir::Value view(mlir::Value source, const cpu::Window &window);
  /// `source` (already lowered) in contiguous memory of its own.
  mlir::Value copy(mlir::Value source);
  /// `source`, copied when not contiguous, under another shape.
  mlir::Value reshape(mlir::Value source, llvm::ArrayRef<int64_t> shape);
  /// A scalar constant.
  mlir::Value scalar(mlir::Attribute value, mlir::Type elementType);

  // ---- variables ----
  PackedWeightTable &packed() { return packed_; }
  /// Whether any operation of this function assigns `variable`.
  bool assigns(mlir::StringAttr variable) const {
    return writes_.count(variable) != 0;
  }
  /// Whether the value of `read` is needed after `variable` changes.
  bool needsCopy(bert::ReadOp read) const;
  /// Position of an operation in the body.
  unsigned positionOf(mlir::Operation *op) const { return positions_.at(op); }
  /// Says that another operation's lowering has done the work of `op`.
  void markDone(mlir::Operation *op) { done_.insert(op); }
  /// The assignment of an operation's result when that is its only use and the
  /// variable is not touched in between, so that it can happen in place.
  bert::AssignOp inPlaceAssign(mlir::OpResult result);

private:
  /// `source` (already lowered) repeated to fill a dense `type`.
  mlir::Value repeat(mlir::Value source, mlir::RankedTensorType type);
  void findWrites();
  llvm::LogicalResult lower(mlir::Operation *op);
  llvm::LogicalResult lowerReturn(mlir::func::ReturnOp op);

  mlir::func::FuncOp function_;
  PackedWeightTable &packed_;
  mlir::OpBuilder builder_;
  mlir::Location loc_;
  mlir::StringAttr scope_;
  llvm::DenseMap<mlir::Value, mlir::Value> values_;
  llvm::DenseMap<mlir::Value, mlir::Value> broadcasts_;
  llvm::DenseMap<mlir::Value, mlir::Value> copies_;
  llvm::DenseMap<mlir::Value, bert::CastOp> lazy_;
  llvm::DenseMap<mlir::Operation *, unsigned> positions_;
  /// For each variable the positions where it changes, ascending.
  llvm::DenseMap<mlir::StringAttr, llvm::SmallVector<unsigned, 1>> writes_;
  llvm::DenseSet<mlir::Operation *> done_;
};

// One function a family: true when `op` was lowered, false when it is another
// family's, failure after an error was emitted.
llvm::FailureOr<bool> lowerElementwise(FunctionLowering &f,
                                       mlir::Operation *op);
llvm::FailureOr<bool> lowerFused(FunctionLowering &f, mlir::Operation *op);
llvm::FailureOr<bool> lowerShape(FunctionLowering &f, mlir::Operation *op);
llvm::FailureOr<bool> lowerLinear(FunctionLowering &f, mlir::Operation *op);
llvm::FailureOr<bool> lowerMask(FunctionLowering &f, mlir::Operation *op);
llvm::FailureOr<bool> lowerNorm(FunctionLowering &f, mlir::Operation *op);
llvm::FailureOr<bool> lowerLoss(FunctionLowering &f, mlir::Operation *op);
llvm::FailureOr<bool> lowerVariables(FunctionLowering &f, mlir::Operation *op);

/// Type of a product of heads: when its only user is a transpose that keeps the
/// last dimension, the order in which that wants it, else dense.
mlir::RankedTensorType orderedType(mlir::Value result);

/// Shape and element type of a value.
inline mlir::RankedTensorType typeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

} // namespace bertc::lower
