// SPDX-License-Identifier: Apache-2.0
//
// Matrix products. Transposed operands are views, so a product reads queries,
// keys and values where the projections left them; a product that is only
// wanted transposed writes its result in that order; weights are packed.

#include "passes/lower/FunctionLowering.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace bertc::lower {

namespace {

/// Below this many elements or rows packing cannot be measured.
constexpr int64_t kMinPackedElements = 64 * 64;
constexpr int64_t kMinPackedRows = 4;

/// The matmul library brings a transposed operand into its own layout by
/// itself, at a cost that rows share: within 1% of packed from 128 rows on.
constexpr int64_t kRowsThatPayForTransposing = 64;

/// Packing gains time by rows and costs memory by elements; an embedding table
/// has by far the most elements, and few rows are multiplied with it.
constexpr int64_t kMaxPackedElements = int64_t{1} << 24;

/// Up to here a weight stays in the second cache while rows go by, and the
/// library reads it as it is within 2% of packed (measured at 768x768)...
constexpr int64_t kCachedElements = 640 * 1024;

/// ... unless its rows are a multiple of a page apart and share cache sets.
constexpr int64_t kPage = 4096;

bool readWellAsItIs(RankedTensorType type) {
  return type.getNumElements() <= kCachedElements &&
         type.getShape().back() * 4 % kPage != 0;
}

/// Whether a second copy of a weight in the library's layout pays. Larger
/// untransposed weights are read at half (768x3072) to 93% (3072x768) of the
/// speed without it (f32, AVX-512).
bool packingPays(RankedTensorType type, bool transposed, int64_t rows) {
  if (rows < kMinPackedRows || type.getNumElements() < kMinPackedElements) {
    return false;
  }
  return rows < kRowsThatPayForTransposing ||
         (!transposed && type.getNumElements() <= kMaxPackedElements &&
          !readWellAsItIs(type));
}

/// Exchanges the last two dimensions.
Value transposeLast(FunctionLowering &f, Value x) {
  SmallVector<int64_t> permutation(typeOf(x).getRank());
  std::iota(permutation.begin(), permutation.end(), 0);
  std::swap(permutation[permutation.size() - 2], permutation.back());
  return f.view(x, cpu::transposeWindow(cpu::windowOf(typeOf(x)), permutation));
}

/// The packed form of a weight operand, if it has one.
Value packedOperand(FunctionLowering &f, Value b, bool transposed,
                    RankedTensorType type, int64_t rows) {
  auto cast = b.getDefiningOp<bert::CastOp>();
  auto read = (cast ? cast.getX() : b).getDefiningOp<bert::ReadOp>();
  if (!read || f.assigns(read.getVariableAttr().getAttr())) {
    return nullptr;
  }
  FlatSymbolRefAttr packed =
      f.packed().get(read.getVariable(), typeOf(read.getValue()),
                     typeOf(b).getElementType(), transposed, rows);
  if (!packed) {
    return nullptr;
  }
  return cpu::PackedRefOp::create(f.builder(), f.loc(), type, packed);
}

/// What is done to a product on the way out; all optional.
struct Epilogue {
  Value bias, factor, residual;
  cpu::UnaryKindAttr activation;
};

/// Operand b of a product of `rows` rows: packed, or a view.
Value rightOperand(FunctionLowering &f, Value b, bool transposed,
                   int64_t rows) {
  RankedTensorType type = typeOf(b);
  if (type.getRank() == 2) {
    int64_t k = type.getDimSize(transposed), n = type.getDimSize(!transposed);
    auto seen = RankedTensorType::get({k, n}, type.getElementType());
    if (Value packed = packedOperand(f, b, transposed, seen, rows)) {
      return packed;
    }
  }
  Value plain = f.get(b);
  return transposed ? transposeLast(f, plain) : plain;
}

template <typename OpTy>
void matmul(FunctionLowering &f, OpTy op, bool transposeA, bool transposeB,
            const Epilogue &epilogue) {
  Value a = f.get(op.getA());
  if (transposeA) {
    a = transposeLast(f, a);
  }
  ArrayRef<int64_t> shape = typeOf(op.getC()).getShape();
  Value b = rightOperand(f, op.getB(), transposeB, shape[shape.size() - 2]);
  f.set(op.getC(),
        cpu::MatmulOp::create(
            f.builder(), f.loc(), orderedType(op.getC()), a, b, epilogue.bias,
            epilogue.factor, epilogue.residual,
            /*accumulator=*/nullptr, f.builder().getF32FloatAttr(1.0f),
            epilogue.activation, f.scope(), nullptr));
}

void matmulGroup(FunctionLowering &f, bert::MatmulGroupOp op) {
  Value x = f.get(op.getX());
  SmallVector<Value> weights, biases;
  for (Value weight : op.getWeights()) {
    weights.push_back(
        rightOperand(f, weight, false, typeOf(x).getShape().front()));
  }
  for (Value bias : op.getBiases()) {
    biases.push_back(f.getContiguous(bias));
  }
  SmallVector<Type> types;
  for (Value product : op.getProducts()) {
    types.push_back(orderedType(product));
  }
  auto group = cpu::MatmulGroupOp::create(f.builder(), f.loc(), types, x,
                                          weights, biases, f.scope(), nullptr);
  for (auto [product, lowered] : llvm::zip(op.getProducts(), group.getC())) {
    f.set(product, lowered);
  }
}

cpu::UnaryKind kindOf(bert::Activation activation) {
  switch (activation) {
  case bert::Activation::Gelu:
    return cpu::UnaryKind::GeluErf;
  case bert::Activation::GeluTanh:
    return cpu::UnaryKind::GeluTanh;
  case bert::Activation::Relu:
    return cpu::UnaryKind::Relu;
  case bert::Activation::Tanh:
    return cpu::UnaryKind::Tanh;
  }
  llvm_unreachable("not an activation");
}

void matmulEpilogue(FunctionLowering &f, bert::MatmulEpilogueOp op) {
  auto contiguous = [&](Value x) { return x ? f.getContiguous(x) : Value(); };
  Epilogue epilogue{contiguous(op.getBias()), contiguous(op.getFactor()),
                    contiguous(op.getResidual()), nullptr};
  if (std::optional<bert::Activation> activation = op.getActivation()) {
    epilogue.activation =
        cpu::UnaryKindAttr::get(op.getContext(), kindOf(*activation));
  }
  matmul(f, op, op.getTransposeA(), op.getTransposeB(), epilogue);
}

void matmulBiasGrad(FunctionLowering &f, bert::MatmulBiasGradOp op) {
  Value x = transposeLast(f, f.get(op.getX()));
  auto gradients = cpu::MatmulSumsOp::create(
      f.builder(), f.loc(), orderedType(op.getDw()), op.getDbias().getType(), x,
      f.getContiguous(op.getDy()), f.scope(), nullptr);
  f.set(op.getDw(), gradients.getC());
  f.set(op.getDbias(), gradients.getSums());
}

/// A sum over all but the last axis.
void biasAddGrad(FunctionLowering &f, bert::BiasAddGradOp op) {
  Value dy = f.getContiguous(op.getDy());
  int64_t rank = typeOf(dy).getRank();
  if (rank == 1) {
    f.set(op.getDbias(), dy);
    return;
  }
  SmallVector<int64_t> axes(rank - 1);
  std::iota(axes.begin(), axes.end(), 0);
  auto kind = cpu::ReduceKindAttr::get(op.getContext(), cpu::ReduceKind::Sum);
  f.set(op.getDbias(),
        cpu::ReduceOp::create(f.builder(), f.loc(), op.getDbias().getType(),
                              kind, dy, f.builder().getDenseI64ArrayAttr(axes),
                              /*keep_dims=*/UnitAttr(), f.scope(), nullptr));
}

} // namespace

RankedTensorType orderedType(Value result) {
  auto type = typeOf(result);
  if (!result.hasOneUse()) {
    return type;
  }
  auto transpose = dyn_cast<bert::TransposeOp>(*result.getUsers().begin());
  if (!transpose || transpose.getPermutation().back() != type.getRank() - 1) {
    return type;
  }
  SmallVector<int64_t> wanted =
      cpu::denseStrides(typeOf(transpose.getY()).getShape());
  cpu::Window window = cpu::windowOf(type);
  for (auto [i, axis] : llvm::enumerate(transpose.getPermutation())) {
    window.strides[axis] = wanted[i];
  }
  return cpu::typeOf(window, type.getElementType());
}

FlatSymbolRefAttr PackedWeightTable::get(StringRef variable,
                                         RankedTensorType type, Type element,
                                         bool transposed, int64_t rows) {
  // A weight in bf16 has to be made from the variable anyway: once an update,
  // in the library's layout, rather than in every run in the plain one.
  bool bf16 = element.isBF16();
  if (!enabled_ || type.getRank() != 2 || !type.getElementType().isF32() ||
      !(bf16 || packingPays(type, transposed, rows))) {
    return nullptr;
  }
  std::string name = (variable + (bf16 ? "/packed_bf16" : "/packed") +
                      (transposed ? "_transposed" : ""))
                         .str();
  cpu::PackedWeightOp &op = weights_[name];
  if (!op) {
    auto builder = OpBuilder::atBlockEnd(module_.getBody());
    // The library pads each dimension to a block of at most 64.
    auto padded = [](int64_t d) { return (d + 63) / 64 * 64; };
    int64_t bytes = padded(type.getDimSize(0)) * padded(type.getDimSize(1)) *
                        (bf16 ? 2 : 4) +
                    4096;
    op = cpu::PackedWeightOp::create(
        builder, module_.getLoc(), builder.getStringAttr(name),
        FlatSymbolRefAttr::get(builder.getContext(), variable),
        transposed ? builder.getUnitAttr() : UnitAttr(),
        bf16 ? builder.getUnitAttr() : UnitAttr(),
        builder.getI64IntegerAttr(rows), builder.getI64IntegerAttr(bytes));
  } else if (int64_t(op.getRows()) < rows) {
    op.setRows(rows);
  }
  return FlatSymbolRefAttr::get(op.getSymNameAttr());
}

FailureOr<bool> lowerLinear(FunctionLowering &f, Operation *op) {
  return llvm::TypeSwitch<Operation *, FailureOr<bool>>(op)
      .Case([&](bert::MatmulOp o) {
        matmul(f, o, o.getTransposeA(), o.getTransposeB(), {});
        return true;
      })
      .Case([&](bert::MatmulBiasOp o) {
        matmul(f, o, o.getTransposeA(), o.getTransposeB(),
               {f.getContiguous(o.getBias()), nullptr, nullptr, nullptr});
        return true;
      })
      .Case([&](bert::MatmulEpilogueOp o) {
        matmulEpilogue(f, o);
        return true;
      })
      .Case([&](bert::MatmulGroupOp o) {
        matmulGroup(f, o);
        return true;
      })
      .Case([&](bert::MatmulBiasGradOp o) {
        matmulBiasGrad(f, o);
        return true;
      })
      .Case([&](bert::BatchMatmulOp o) {
        matmul(f, o, o.getAdjX(), o.getAdjY(), {});
        return true;
      })
      .Case([&](bert::BiasAddGradOp o) {
        biasAddGrad(f, o);
        return true;
      })
      .Default([](Operation *) { return FailureOr<bool>(false); });
}

} // namespace bertc::lower
