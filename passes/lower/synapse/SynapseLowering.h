// SPDX-License-Identifier: Apache-2.0
//
// What the lowerings of all operation families share while one function of the
// `bert` dialect becomes a graph of the `synapse` dialect: which tensor stands
// for which value, and nodes with operands, results and parameters in the
// order, type and shape that SynapseAI wants.
//
// Two conventions of every helper:
// - sizes are listed fastest first, so dimension d of a bert value of rank R is
//   dimension R - 1 - d here (dimOf), and a scalar is [1];
// - an operand or result named `tensor` is a value of the graph, made by a
//   node, one named `value` is a value of the bert function.
#pragma once

#include "dialects/bert/BertOps.h"
#include "dialects/synapse/DeviceTypes.h"
#include "dialects/synapse/SynapseOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"

#include <functional>
#include <map>
#include <memory>

namespace bertc::lower::syn {

// ---- types ----

/// The type of a bert value in the graph: sizes fastest first, a scalar as [1],
/// i1 as i8.
inline mlir::RankedTensorType toDevice(mlir::Type type) {
  return synapse::deviceType(llvm::cast<mlir::RankedTensorType>(type));
}
/// Dimension here of dimension `axis` of a bert value of rank `rank`.
inline int64_t dimOf(int64_t axis, int64_t rank) { return rank - 1 - axis; }
/// Shape and element type of a tensor.
inline mlir::RankedTensorType typeOf(mlir::Value tensor) {
  return llvm::cast<mlir::RankedTensorType>(tensor.getType());
}
inline llvm::ArrayRef<int64_t> sizesOf(mlir::Value tensor) {
  return typeOf(tensor).getShape();
}
inline mlir::Type elementOf(mlir::Value tensor) {
  return typeOf(tensor).getElementType();
}
/// "f32", "bf16", "i32" or "i8": what the names of kernels end in.
llvm::StringRef dtypeName(mlir::Type element);

class SynapseLowering;

/// Which function lowers which operation. A handler makes nodes and says with
/// set() what stands for the results; it fails after an error was emitted.
class LoweringTable {
public:
  using Handler =
      std::function<llvm::LogicalResult(SynapseLowering &, mlir::Operation *)>;

  /// `handler` takes (SynapseLowering &, OpTy) and returns nothing or a
  /// LogicalResult.
  template <typename OpTy, typename Function> void add(Function handler) {
    handlers_[OpTy::getOperationName()] =
        [handler](SynapseLowering &g,
                  mlir::Operation *op) -> llvm::LogicalResult {
      using Result = std::invoke_result_t<Function, SynapseLowering &, OpTy>;
      if constexpr (std::is_void_v<Result>) {
        handler(g, llvm::cast<OpTy>(op));
        return llvm::success();
      } else {
        return handler(g, llvm::cast<OpTy>(op));
      }
    };
  }
  /// Null when nothing lowers `op`.
  const Handler *find(mlir::Operation *op) const;

private:
  llvm::StringMap<Handler> handlers_;
};

// One function a family, each in the file of its name.
void addActivations(LoweringTable &table);
void addDropout(LoweringTable &table);
void addElementwise(LoweringTable &table);
void addGather(LoweringTable &table);
void addLinear(LoweringTable &table);
void addLosses(LoweringTable &table);
void addMasks(LoweringTable &table);
void addNorm(LoweringTable &table);
void addOptimizer(LoweringTable &table);
void addReductions(LoweringTable &table);
void addShape(LoweringTable &table);
void addVariables(LoweringTable &table);

/// All families (Families.cpp).
const LoweringTable &allLowerings();

/// What differs between two lowerings of one module.
struct LoweringOptions {
  /// Whether kernels that only Gaudi2 has may be used.
  bool gaudi2 = false;
  /// Whether dropout does nothing.
  bool deterministic = false;
  /// Most bytes of a matrix of ones and zeros in the gradient of a gather.
  int64_t oneHotBytes = 0;
  /// Whether a kernel does what is larger; else products, slice by slice.
  bool embeddingKernel = true;
};

/// Takes scales of large products to their operands, where that changes no bit
/// (Scales.cpp).
void moveScales(mlir::func::FuncOp function);

/// Scores of attention and a mask added to them, in one product of Gaudi2:
/// q k^T + mask (Masks.cpp).
struct MaskedScores {
  bert::BatchMatmulOp product;
  mlir::Value mask;

  /// What `add` ends, when a product can do it.
  static std::optional<MaskedScores> find(bert::AddOp add);
  /// Makes the node that stands for the result of `add`.
  void lower(SynapseLowering &g, bert::AddOp add);
};

/// State of lowering one function into one graph.
class SynapseLowering {
public:
  SynapseLowering(mlir::func::FuncOp function, const LoweringOptions &options);
  ~SynapseLowering();

  /// Replaces the body by a graph and a return, and the types of the function
  /// by those of the device; emits an error and fails when an operation or type
  /// has no place in it.
  llvm::LogicalResult run();

  /// Puts a sum over workers before the graph.
  void allReduceFirst(bert::AllReduceOp op) {
    allReduces_.push_back({op.getVariables(), op.getBucketAttr()});
  }

  const LoweringOptions &options() const { return options_; }

  // ---- where the next node goes ----
  mlir::OpBuilder &builder() { return builder_; }
  mlir::Location loc() const { return loc_; }
  /// Scope name of the operation being lowered; may be null.
  mlir::StringAttr scope() const { return scope_; }

  // ---- values ----
  /// The tensor that stands for `value`, of type toDevice(value's).
  mlir::Value get(mlir::Value value);
  /// Says that `tensor` stands for `value`; it must have its type.
  void set(mlir::Value value, mlir::Value tensor);
  /// A tensor that binary(), compare() and select() may take for `value`:
  /// where that is a broadcast, the smaller tensor it repeats.
  mlir::Value getSource(mlir::Value value);
  /// Says that `value` is `tensor` broadcast to its type.
  void setBroadcast(mlir::Value value, mlir::Value tensor);
  /// Says that `alias` has the same elements as `value`, of the same type.
  void setSame(mlir::Value alias, mlir::Value value);
  /// getSource() as floats. Integers and bools become f32, which is exact below
  /// 2^24: positions, token numbers, labels and counts are far below, and no
  /// integer arithmetic of the kernels is confirmed.
  mlir::Value getFloats(mlir::Value value);
  /// Says that the integers `value` are `tensor` of f32, maybe to be broadcast;
  /// converted when somebody asks for them as integers.
  void setFloats(mlir::Value value, mlir::Value tensor);

  // ---- nodes ----
  using Params = llvm::ArrayRef<mlir::NamedAttribute>;
  /// A node of any number of results; a null operand is one left out.
  mlir::ValueRange nodes(llvm::StringRef guid,
                         llvm::ArrayRef<mlir::Value> operands,
                         llvm::ArrayRef<mlir::Type> types, Params params = {});
  /// A node of one result.
  mlir::Value node(llvm::StringRef guid, llvm::ArrayRef<mlir::Value> operands,
                   mlir::Type type, Params params = {});
  mlir::NamedAttribute param(llvm::StringRef name, int32_t value);
  mlir::NamedAttribute param(llvm::StringRef name, float value);
  mlir::NamedAttribute param(llvm::StringRef name, bool value);
  mlir::NamedAttribute param(llvm::StringRef name,
                             llvm::ArrayRef<int64_t> values);
  /// A tensor type of these sizes.
  mlir::RankedTensorType type(llvm::ArrayRef<int64_t> sizes,
                              mlir::Type element);
  mlir::Type f32() { return builder_.getF32Type(); }

  /// [1] holding `value`, f32 or bf16 or i32; made once.
  mlir::Value scalar(double value, mlir::Type element);
  /// A tensor with `value` everywhere; its own node each time.
  mlir::Value fill(double value, mlir::RankedTensorType type);
  /// The elements of a constant, of any type, as `element`, in its shape.
  mlir::Value constant(mlir::DenseElementsAttr value, mlir::Type element);
  /// The seed of a dropout, i32[1], that the runtime computes before each
  /// launch; made once.
  mlir::Value dropoutSeed(int32_t opId);
  /// 1 - base^update_step, f32[1], likewise.
  mlir::Value oneMinusPower(double base);

  /// y = kernel(x), `kernel` without its type ("exp_fwd").
  mlir::Value unary(llvm::StringRef kernel, mlir::Value x);
  /// kernel(a, b), which have one element type and broadcast ("add_fwd").
  mlir::Value binary(llvm::StringRef kernel, mlir::Value a, mlir::Value b);
  /// Compares floats, with broadcasting: i8, "equal_fwd", "less_fwd"...
  mlir::Value compare(llvm::StringRef kernel, mlir::Value a, mlir::Value b);
  /// condition (i8) ? x : y of floats, all broadcast.
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y);
  /// The same elements as another type; `x` itself when it has that already.
  mlir::Value cast(mlir::Value x, mlir::Type element);
  /// `x` in f32.
  mlir::Value toF32(mlir::Value x) { return cast(x, f32()); }
  /// The same elements in another shape.
  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<int64_t> sizes);
  /// Repeats x along dimensions of size 1, after adding slower ones.
  mlir::Value broadcast(mlir::Value x, llvm::ArrayRef<int64_t> sizes);
  /// Dimension i of the result is dimension permutation[i] of x, both counted
  /// fastest first.
  mlir::Value transpose(mlir::Value x, llvm::ArrayRef<int64_t> permutation);
  /// "reduce_sum", "reduce_mean" or "reduce_sum_square" over `dims`, ascending,
  /// the fastest being 0; they stay as 1. bf16 is summed in f32, and the result
  /// is f32.
  mlir::Value reduce(llvm::StringRef kernel, mlir::Value x,
                     llvm::ArrayRef<int64_t> dims);
  /// The largest elements over `dim`, which stays as 1, and where they are.
  std::pair<mlir::Value, mlir::Value> reduceMax(mlir::Value x, int64_t dim);
  /// All elements of f32 added, as [1].
  mlir::Value sumAll(mlir::Value x);
  /// Product of matrices, row-major [M,K] and [K,N] that are [K,M] and [N,K]
  /// here, over the same slower dimensions: gemm, or batch_gemm above rank 2.
  mlir::Value gemm(mlir::Value a, mlir::Value b, bool transposeA,
                   bool transposeB, mlir::Type element);
  /// Tensors one after another along `dim`; of one, itself.
  mlir::Value concat(llvm::ArrayRef<mlir::Value> tensors, int64_t dim);
  /// Elements copied into a tensor of its own.
  mlir::Value copy(mlir::Value x);

  /// The two matrices whose product is `mask`, null at first.
  std::pair<mlir::Value, mlir::Value> &maskFactors(mlir::Value mask,
                                                   mlir::Type element) {
    return maskFactors_[{mask, element}];
  }

  // ---- variables ----
  /// The tensor of a variable: what was last assigned to it in this function,
  /// else what it holds before.
  mlir::Value readVariable(mlir::FlatSymbolRefAttr variable,
                           mlir::RankedTensorType type);
  /// Makes `tensor` the value of a variable when the graph ends.
  void assignVariable(mlir::FlatSymbolRefAttr variable, mlir::Value tensor);

private:
  void findMaskedScores();
  llvm::LogicalResult checkTypes(mlir::Operation *op);
  llvm::LogicalResult lower(mlir::Operation *op);
  mlir::Value input(mlir::BlockArgument argument);
  /// The tensor of all of a value that a smaller or another tensor stands for;
  /// null when none does.
  mlir::Value materialize(mlir::Value value);
  /// A tensor that may be placed where somebody outside the graph reads it:
  /// `tensor`, or a copy where it has such a place already.
  mlir::Value own(mlir::Value tensor);
  void storeVariables();
  /// Turns the block into the graph and the function into one of the device.
  void finish();
  /// Gives operands of a broadcasting kernel one rank, and one of them the
  /// whole shape; the sizes of the result.
  llvm::SmallVector<int64_t> align(llvm::MutableArrayRef<mlir::Value> operands);

  mlir::func::FuncOp function_;
  LoweringOptions options_;
  mlir::OpBuilder builder_;
  mlir::Location loc_;
  mlir::StringAttr scope_;
  /// The graph's body until finish().
  std::unique_ptr<mlir::Block> body_;
  /// Arguments of the function that became arguments of the body.
  llvm::SmallVector<mlir::BlockArgument> inputs_;
  llvm::DenseMap<mlir::Value, mlir::Value> tensors_;
  llvm::DenseMap<mlir::Value, mlir::Value> broadcasts_;
  llvm::DenseMap<mlir::Value, mlir::Value> floats_;
  /// [1] constants by element type and value.
  std::map<std::pair<std::string, double>, mlir::Value> scalars_;
  llvm::DenseMap<mlir::Attribute, mlir::Value> derived_;
  llvm::DenseMap<mlir::Attribute, mlir::Value> reads_;
  llvm::DenseMap<std::pair<mlir::Value, mlir::Type>,
                 std::pair<mlir::Value, mlir::Value>>
      maskFactors_;
  /// By the addition that ends them, and the operations that they take in.
  llvm::DenseMap<mlir::Operation *, MaskedScores> maskedScores_;
  llvm::DenseSet<mlir::Operation *> takenIn_;
  /// In the order of the first assignment.
  llvm::MapVector<mlir::Attribute, mlir::Value> assigned_;
  /// Variables and bucket of each sum over workers.
  llvm::SmallVector<std::pair<mlir::ArrayAttr, mlir::IntegerAttr>> allReduces_;
  /// Tensors that are results or on a variable.
  llvm::DenseSet<mlir::Value> placed_;
  mlir::Value absent_;
};

} // namespace bertc::lower::syn
