// SPDX-License-Identifier: Apache-2.0
//
// Scopes, variables and the few compositions that every model uses.

#include "models/GraphBuilder.h"

#include "llvm/ADT/STLExtras.h"

namespace bertc {

namespace {

/// The reference decays every weight whose name has none of these in it.
bool isDecayed(llvm::StringRef name) {
  return !name.contains("LayerNorm") && !name.contains("layer_norm") &&
         !name.contains("bias");
}

} // namespace

GraphBuilder::GraphBuilder(mlir::ModuleOp module, double deviation)
    : module_(module), builder_(module.getContext()),
      location_(builder_.getUnknownLoc()), deviation_(deviation) {}

void GraphBuilder::begin(llvm::StringRef function,
                         llvm::ArrayRef<NamedType> inputs, bool entry) {
  usedNames_.clear();
  llvm::SmallVector<mlir::Type> types;
  for (const NamedType &input : inputs) {
    types.push_back(input.type);
  }
  builder_.setInsertionPointToEnd(module_.getBody());
  function_ = mlir::func::FuncOp::create(builder_, location_, function,
                                         builder_.getFunctionType(types, {}));
  if (entry) {
    function_->setAttr("bert.entry", builder_.getUnitAttr());
  } else {
    function_.setPrivate();
  }
  for (auto [index, input] : llvm::enumerate(inputs)) {
    function_.setArgAttr(index, "bert.name",
                         builder_.getStringAttr(input.name));
  }
  builder_.setInsertionPointToStart(function_.addEntryBlock());
}

void GraphBuilder::end(llvm::ArrayRef<NamedValue> results) {
  llvm::SmallVector<mlir::Value> values;
  for (const NamedValue &result : results) {
    values.push_back(result.value);
  }
  mlir::func::ReturnOp::create(builder_, location_, values);
  function_.setFunctionType(builder_.getFunctionType(
      function_.getArgumentTypes(), mlir::ValueRange(values).getTypes()));
  for (auto [index, result] : llvm::enumerate(results)) {
    function_.setResultAttr(index, "bert.name",
                            builder_.getStringAttr(result.name));
  }
}

mlir::Value GraphBuilder::input(llvm::StringRef name) const {
  mlir::func::FuncOp function = function_;
  for (mlir::BlockArgument argument : function.getArguments()) {
    auto known = function.getArgAttrOfType<mlir::StringAttr>(
        argument.getArgNumber(), "bert.name");
    if (known && known.getValue() == name) {
      return argument;
    }
  }
  return nullptr;
}

GraphBuilder::Scope::Scope(GraphBuilder &graph, llvm::StringRef name)
    : graph_(graph), oldLength_(graph.prefix_.size()) {
  graph_.prefix_ += name;
  graph_.prefix_ += '/';
}

GraphBuilder::Scope::~Scope() { graph_.prefix_.resize(oldLength_); }

mlir::RankedTensorType GraphBuilder::f32(llvm::ArrayRef<int64_t> shape) {
  return mlir::RankedTensorType::get(shape, builder_.getF32Type());
}

mlir::RankedTensorType GraphBuilder::i32(llvm::ArrayRef<int64_t> shape) {
  return mlir::RankedTensorType::get(shape, builder_.getI32Type());
}

llvm::ArrayRef<int64_t> GraphBuilder::shapeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getShape();
}

mlir::StringAttr GraphBuilder::uniqueScope(llvm::StringRef name) {
  std::string full = prefix_ + name.str();
  unsigned uses = usedNames_[full]++;
  return builder_.getStringAttr(uses == 0 ? full
                                          : full + "_" + std::to_string(uses));
}

mlir::Value GraphBuilder::variable(llvm::StringRef name,
                                   llvm::ArrayRef<int64_t> shape,
                                   std::optional<double> constant) {
  std::string full = prefix_ + name.str();
  mlir::RankedTensorType type = f32(shape);
  if (variables_.insert({full, type}).second) {
    mlir::OpBuilder::InsertionGuard guard(builder_);
    if (lastVariable_) {
      builder_.setInsertionPointAfter(lastVariable_);
    } else {
      builder_.setInsertionPointToStart(module_.getBody());
    }
    lastVariable_ = bert::VariableOp::create(
        builder_, location_, full, type, /*trainable=*/true, isDecayed(full),
        bert::Role::Weight, /*owner=*/mlir::FlatSymbolRefAttr(),
        constant ? bert::Init::Constant : bert::Init::TruncatedNormal,
        llvm::APFloat(float(constant.value_or(deviation_))));
  }
  return op<bert::ReadOp>((name + "/read").str(), type, full);
}

mlir::Value GraphBuilder::scalar(double value) {
  return op<bert::ConstantOp>(
      "Const", mlir::DenseElementsAttr::get(f32({}), float(value)));
}

mlir::Value GraphBuilder::reshape(mlir::Value x,
                                  llvm::ArrayRef<int64_t> shape) {
  if (shapeOf(x) == shape) {
    return x;
  }
  auto type = llvm::cast<mlir::RankedTensorType>(x.getType());
  return op<bert::ReshapeOp>(
      "Reshape", mlir::RankedTensorType::get(shape, type.getElementType()), x);
}

mlir::Value GraphBuilder::transpose(mlir::Value x,
                                    llvm::ArrayRef<int64_t> permutation) {
  return op<bert::TransposeOp>("transpose", x, permutation);
}

mlir::Value GraphBuilder::dense(mlir::Value x, int64_t width) {
  mlir::Value kernel = variable("kernel", {shapeOf(x).back(), width});
  mlir::Value bias = variable("bias", {width}, 0.0);
  mlir::Value product =
      op<bert::MatmulOp>("MatMul", x, kernel,
                         /*transpose_a=*/false, /*transpose_b=*/false);
  return op<bert::BiasAddOp>("BiasAdd", product, bias);
}

mlir::Value GraphBuilder::layerNorm(mlir::Value x, double eps) {
  Scope inner = scope("LayerNorm");
  int64_t width = shapeOf(x).back();
  mlir::Value beta = variable("beta", {width}, 0.0);
  mlir::Value gamma = variable("gamma", {width}, 1.0);
  return op<bert::LayerNormOp>("HabanaLayerNorm", x, gamma, beta,
                               llvm::APFloat(float(eps)));
}

mlir::Value GraphBuilder::dropout(mlir::Value x, double rate) {
  mlir::Value rng = input("rng");
  if (!rng || rate == 0.0) {
    return x;
  }
  Scope inner = scope("dropout");
  return op<bert::DropoutOp>("HabanaDropout", x, rng, mlir::Value(),
                             llvm::APFloat(float(rate)), nextDropout_++);
}

mlir::Value GraphBuilder::sum(mlir::Value x) {
  auto axes = llvm::to_vector(llvm::seq<int64_t>(0, shapeOf(x).size()));
  return op<bert::ReduceSumOp>("Sum", x, axes, /*keep_dims=*/false);
}

mlir::Value GraphBuilder::mean(mlir::Value x) {
  auto axes = llvm::to_vector(llvm::seq<int64_t>(0, shapeOf(x).size()));
  return op<bert::ReduceMeanOp>("Mean", x, axes, /*keep_dims=*/false);
}

} // namespace bertc
