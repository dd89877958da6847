// SPDX-License-Identifier: Apache-2.0
//
// Nodes as the library wants them: kernel names with their type, ranks aligned,
// broadcasts of both sides made explicit, sums in f32.

#include "passes/lower/synapse/SynapseLowering.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace bertc::lower::syn {

StringRef dtypeName(Type element) {
  if (element.isF32()) {
    return "f32";
  }
  if (element.isBF16()) {
    return "bf16";
  }
  return element.isInteger(32) ? "i32" : "i8";
}

static std::string kernelName(StringRef kernel, Type element) {
  return (kernel + "_" + dtypeName(element)).str();
}

RankedTensorType SynapseLowering::type(ArrayRef<int64_t> sizes, Type element) {
  return RankedTensorType::get(sizes, element);
}

//===----------------------------------------------------------------------===//
// Nodes and parameters
//===----------------------------------------------------------------------===//

ValueRange SynapseLowering::nodes(StringRef guid, ArrayRef<Value> operands,
                                  ArrayRef<Type> types, Params params) {
  SmallVector<Value> inputs;
  for (Value operand : operands) {
    if (!operand && !absent_) {
      absent_ = synapse::AbsentOp::create(builder_, loc_,
                                          builder_.getType<NoneType>());
    }
    inputs.push_back(operand ? operand : absent_);
  }
  auto dictionary =
      params.empty() ? DictionaryAttr() : builder_.getDictionaryAttr(params);
  auto node = synapse::NodeOp::create(builder_, loc_, types,
                                      builder_.getStringAttr(guid), inputs,
                                      /*name=*/nullptr, dictionary, scope_);
  return node.getResults();
}

Value SynapseLowering::node(StringRef guid, ArrayRef<Value> operands, Type type,
                            Params params) {
  return nodes(guid, operands, {type}, params)[0];
}

NamedAttribute SynapseLowering::param(StringRef name, int32_t value) {
  return builder_.getNamedAttr(name, builder_.getI32IntegerAttr(value));
}
NamedAttribute SynapseLowering::param(StringRef name, float value) {
  return builder_.getNamedAttr(name, builder_.getF32FloatAttr(value));
}
NamedAttribute SynapseLowering::param(StringRef name, bool value) {
  return builder_.getNamedAttr(name, builder_.getBoolAttr(value));
}
NamedAttribute SynapseLowering::param(StringRef name,
                                      ArrayRef<int64_t> values) {
  return builder_.getNamedAttr(name, builder_.getDenseI64ArrayAttr(values));
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

Value SynapseLowering::scalar(double value, Type element) {
  Value &made = scalars_[{dtypeName(element).str(), value}];
  if (!made) {
    made = fill(value, type({1}, element));
  }
  return made;
}

Value SynapseLowering::fill(double value, RankedTensorType type) {
  Type element = type.getElementType();
  NamedAttribute number = isa<FloatType>(element)
                              ? param("value", static_cast<float>(value))
                              : param("value", static_cast<int32_t>(value));
  return node(kernelName("constant", element), {}, type, {number});
}

static double numberOf(Attribute attribute) {
  if (auto real = dyn_cast<FloatAttr>(attribute)) {
    return real.getValueAsDouble();
  }
  auto integer = llvm::cast<IntegerAttr>(attribute);
  return integer.getType().isInteger(1) ? integer.getValue().getZExtValue()
                                        : integer.getValue().getSExtValue();
}

Value SynapseLowering::constant(DenseElementsAttr value, Type element) {
  RankedTensorType result = type(toDevice(value.getType()).getShape(), element);
  bool isBool = element.isInteger(8);
  if (value.isSplat() && !isBool) {
    return fill(numberOf(value.getSplatValue<Attribute>()), result);
  }
  SmallVector<Attribute> numbers;
  for (Attribute attribute : value.getValues<Attribute>()) {
    double number = numberOf(attribute);
    numbers.push_back(isa<FloatType>(element)
                          ? Attribute(builder_.getFloatAttr(element, number))
                          : builder_.getIntegerAttr(element, number));
  }
  auto flat = type({result.getNumElements()}, element);
  return synapse::ConstantOp::create(builder_, loc_, result,
                                     DenseElementsAttr::get(flat, numbers));
}

Value SynapseLowering::dropoutSeed(int32_t opId) {
  IntegerAttr id = builder_.getI32IntegerAttr(opId);
  Value &made = derived_[id];
  if (!made) {
    made = synapse::DerivedOp::create(
        builder_, loc_, type({1}, builder_.getI32Type()),
        synapse::DerivedKind::DropoutSeed, id, /*base=*/nullptr);
  }
  return made;
}

Value SynapseLowering::oneMinusPower(double base) {
  FloatAttr number = builder_.getF64FloatAttr(base);
  Value &made = derived_[number];
  if (!made) {
    made = synapse::DerivedOp::create(builder_, loc_, type({1}, f32()),
                                      synapse::DerivedKind::OneMinusPower,
                                      /*op_id=*/nullptr, number);
  }
  return made;
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

Value SynapseLowering::unary(StringRef kernel, Value x) {
  return node(kernelName(kernel, elementOf(x)), {x}, x.getType());
}

SmallVector<int64_t> SynapseLowering::align(MutableArrayRef<Value> operands) {
  SmallVector<int64_t> sizes;
  for (Value operand : operands) {
    for (auto [d, size] : llvm::enumerate(sizesOf(operand))) {
      if (d == sizes.size()) {
        sizes.push_back(1);
      }
      sizes[d] = std::max(sizes[d], size);
    }
  }
  bool whole = false;
  for (Value &operand : operands) {
    auto own = llvm::to_vector(sizesOf(operand));
    if (typeOf(operand).getNumElements() == 1) {
      own = {1};
    } else {
      own.resize(sizes.size(), 1);
    }
    operand = reshape(operand, own);
    whole |= own == sizes;
  }
  if (!whole) {
    operands[0] = broadcast(operands[0], sizes);
  }
  return sizes;
}

Value SynapseLowering::binary(StringRef kernel, Value a, Value b) {
  Value operands[] = {a, b};
  SmallVector<int64_t> sizes = align(operands);
  return node(kernelName(kernel, elementOf(a)), operands,
              type(sizes, elementOf(a)));
}

Value SynapseLowering::compare(StringRef kernel, Value a, Value b) {
  Value operands[] = {a, b};
  SmallVector<int64_t> sizes = align(operands);
  return node(kernelName(kernel, elementOf(a)), operands,
              type(sizes, builder_.getI8Type()));
}

Value SynapseLowering::select(Value condition, Value x, Value y) {
  Value operands[] = {condition, x, y};
  SmallVector<int64_t> sizes = align(operands);
  return node(kernelName("where_fwd", elementOf(x)), operands,
              type(sizes, elementOf(x)));
}

Value SynapseLowering::cast(Value x, Type element) {
  Type from = elementOf(x);
  if (from == element) {
    return x;
  }
  if (element.isInteger(8)) { // whether it is not 0
    Value equal = compare("equal_fwd", toF32(x), scalar(0.0, f32()));
    return node("not_fwd_i8", {equal}, equal.getType());
  }
  if ((from.isInteger(8) && element.isInteger(32)) ||
      (from.isBF16() && element.isInteger(32))) {
    x = toF32(x);
    from = f32();
  }
  std::string guid =
      ("cast_" + dtypeName(from) + "_to_" + dtypeName(element)).str();
  // To nearest with ties to even, and to integers toward zero.
  constexpr int32_t kHalfNearestEven = 0, kTowardZero = 4;
  return node(guid, {x}, type(sizesOf(x), element),
              {param("roundMode", isa<FloatType>(element) ? kHalfNearestEven
                                                          : kTowardZero)});
}

//===----------------------------------------------------------------------===//
// Moving elements
//===----------------------------------------------------------------------===//

Value SynapseLowering::reshape(Value x, ArrayRef<int64_t> sizes) {
  if (sizesOf(x) == sizes) {
    return x;
  }
  return node("reshape", {x}, type(sizes, elementOf(x)));
}

/// The constant_* node that makes `tensor`, else null.
static synapse::NodeOp constantNode(Value tensor) {
  auto node = tensor.getDefiningOp<synapse::NodeOp>();
  return node && node.getGuid().starts_with("constant_") ? node
                                                         : synapse::NodeOp();
}

Value SynapseLowering::broadcast(Value x, ArrayRef<int64_t> sizes) {
  if (sizesOf(x) == sizes) {
    return x;
  }
  if (auto constant = constantNode(x)) {
    return node(constant.getGuid(), {}, type(sizes, elementOf(x)),
                constant.getParamsAttr().getValue());
  }
  auto own = llvm::to_vector(sizesOf(x));
  own.resize(sizes.size(), 1);
  x = reshape(x, own);
  return own == llvm::to_vector(sizes)
             ? x
             : node("broadcast", {x}, type(sizes, elementOf(x)));
}

Value SynapseLowering::transpose(Value x, ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> sizes;
  for (int64_t dim : permutation) {
    sizes.push_back(sizesOf(x)[dim]);
  }
  return node("transpose", {x}, type(sizes, elementOf(x)),
              {param("permutation", permutation)});
}

Value SynapseLowering::concat(ArrayRef<Value> tensors, int64_t dim) {
  if (tensors.size() == 1) {
    return tensors.front();
  }
  auto sizes = llvm::to_vector(sizesOf(tensors.front()));
  sizes[dim] = 0;
  for (Value tensor : tensors) {
    sizes[dim] += sizesOf(tensor)[dim];
  }
  return node("concat", tensors, type(sizes, elementOf(tensors.front())),
              {param("axis", int32_t(dim))});
}

Value SynapseLowering::copy(Value x) {
  if (auto constant = constantNode(x)) {
    return node(constant.getGuid(), {}, x.getType(),
                constant.getParamsAttr().getValue());
  }
  return node("memcpy", {x}, x.getType());
}

//===----------------------------------------------------------------------===//
// Sums and products
//===----------------------------------------------------------------------===//

Value SynapseLowering::reduce(StringRef kernel, Value x,
                              ArrayRef<int64_t> dims) {
  x = toF32(x);
  auto sizes = llvm::to_vector(sizesOf(x));
  int32_t mask = 0;
  for (int64_t dim : dims) {
    sizes[dim] = 1;
    mask |= 1 << dim;
  }
  RankedTensorType result = type(sizes, f32());
  if (dims.size() == 1) {
    return node(kernelName((kernel + "_fwd").str(), f32()), {x}, result,
                {param("reductionDimension", int32_t(dims[0]))});
  }
  return node(kernelName((kernel + "_multi_dim_fwd").str(), f32()), {x}, result,
              {param("mask", mask), param("keepDim", true)});
}

std::pair<Value, Value> SynapseLowering::reduceMax(Value x, int64_t dim) {
  auto sizes = llvm::to_vector(sizesOf(x));
  sizes[dim] = 1;
  ValueRange made =
      nodes(kernelName("reduce_max_fwd", elementOf(x)), {x},
            {type(sizes, elementOf(x)), type(sizes, builder_.getI32Type())},
            {param("reductionDimension", int32_t(dim))});
  return {made[0], made[1]};
}

Value SynapseLowering::sumAll(Value x) {
  x = reshape(x, {typeOf(x).getNumElements()});
  return reduce("reduce_sum", x, {0});
}

Value SynapseLowering::gemm(Value a, Value b, bool transposeA, bool transposeB,
                            Type element) {
  int64_t m = sizesOf(a)[transposeA ? 0 : 1];
  int64_t n = sizesOf(b)[transposeB ? 1 : 0];
  auto sizes = llvm::to_vector(sizesOf(a));
  sizes[0] = n;
  sizes[1] = m;
  return node(
      sizes.size() == 2 ? "gemm" : "batch_gemm", {a, b}, type(sizes, element),
      {param("transpose_a", transposeA), param("transpose_b", transposeB)});
}

} // namespace bertc::lower::syn
