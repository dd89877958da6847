// SPDX-License-Identifier: Apache-2.0
//
// bert-fuse-matmul-epilogue: see passes/FusePasses.td.

#include "passes/Passes.h"
#include "passes/fuse/FusionQueries.h"

namespace bertc {

#define GEN_PASS_DEF_BERTFUSEMATMULEPILOGUE
#include "passes/Passes.h.inc"

namespace {

using mlir::Operation;
using mlir::Value;

/// What a product of any of the three forms is made of.
struct Product {
  Value a, b, bias;
  mlir::UnitAttr transposeA, transposeB;
  mlir::StringAttr scope;
};

template <typename OpTy> Product partsOf(OpTy op, Value bias) {
  return {op.getA(),
          op.getB(),
          bias,
          op.getTransposeAAttr(),
          op.getTransposeBAttr(),
          op.getScopeAttr()};
}

/// The product that makes `value` for a single use, with nothing behind it but
/// a bias.
std::optional<Product> productOf(Value value) {
  if (!value.hasOneUse()) {
    return std::nullopt;
  }
  if (auto op = value.getDefiningOp<bert::MatmulOp>()) {
    return partsOf(op, nullptr);
  }
  if (auto op = value.getDefiningOp<bert::MatmulBiasOp>()) {
    return partsOf(op, op.getBias());
  }
  return std::nullopt;
}

/// The product again, with an epilogue, of type `type`.
bert::MatmulEpilogueOp create(mlir::OpBuilder &builder, mlir::Location loc,
                              mlir::Type type, const Product &p, Value factor,
                              Value residual, bert::ActivationAttr activation) {
  auto op = bert::MatmulEpilogueOp::create(
      builder, loc, type, p.a, p.b, p.bias, factor, residual, p.transposeA,
      p.transposeB, activation, /*scope=*/mlir::StringAttr());
  op.setScopeAttr(p.scope);
  return op;
}

/// activation(product): only where nothing else needs the product, which is
/// where no gradient is taken.
bool fuseActivation(Operation *op, bert::Activation kind,
                    mlir::OpBuilder &builder) {
  Value x = op->getOperand(0);
  std::optional<Product> product = productOf(x);
  if (!product || x.getType() != op->getResult(0).getType()) {
    return false;
  }
  builder.setInsertionPoint(op);
  auto attr = bert::ActivationAttr::get(op->getContext(), kind);
  op->getResult(0).replaceAllUsesWith(create(builder, op->getLoc(), x.getType(),
                                             *product, nullptr, nullptr, attr));
  return true;
}

/// Operands of a sum in the order in which they are made, arguments first.
llvm::SmallVector<Value> inOrder(mlir::OperandRange operands) {
  llvm::SmallVector<Value> values(operands.begin(), operands.end());
  llvm::stable_sort(values, [](Value x, Value y) {
    Operation *a = x.getDefiningOp(), *b = y.getDefiningOp();
    return a && b ? a->isBeforeInBlock(b) : !a && b;
  });
  return values;
}

/// A sum becomes a chain of products that add what there is so far, and a sum
/// of what comes too late for that. Returns how many products took part.
unsigned fuseSum(Operation *sum, mlir::OpBuilder &builder) {
  mlir::Type type = sum->getResult(0).getType();
  auto ofType = [&](Value v) { return v.getType() == type; };
  if (!llvm::all_of(sum->getOperands(), ofType)) {
    return 0;
  }
  Value soFar;
  llvm::SmallVector<Value> rest;
  unsigned fused = 0;
  for (Value operand : inOrder(sum->getOperands())) {
    std::optional<Product> product = productOf(operand);
    if (!soFar) {
      soFar = operand;
    } else if (product) {
      builder.setInsertionPoint(operand.getDefiningOp());
      soFar = create(builder, operand.getLoc(), type, *product, nullptr, soFar,
                     nullptr);
      ++fused;
    } else {
      rest.push_back(operand);
    }
  }
  if (fused == 0) {
    return 0;
  }
  if (!rest.empty()) {
    rest.insert(rest.begin(), soFar);
    builder.setInsertionPoint(sum);
    soFar = bert::AddNOp::create(
        builder, sum->getLoc(), rest,
        llvm::cast<bert::TfOpInterface>(sum).getScopeAttr());
  }
  sum->getResult(0).replaceAllUsesWith(soFar);
  return fused;
}

/// gelu_grad(product, x) in bf16: the derivative is made together with the gelu
/// that the gradient of the next weight needs once more.
bool fuseGeluGrad(bert::GeluGradOp gradient, mlir::OpBuilder &builder) {
  std::optional<Product> product = productOf(gradient.getDy());
  Operation *at = gradient.getDy().getDefiningOp();
  Value x = gradient.getX();
  if (!product || !availableAt(x, at) ||
      gradient.getDy().getType() != x.getType() ||
      !mlir::getElementTypeOrSelf(x).isBF16()) {
    return false;
  }
  llvm::SmallVector<mlir::OpOperand *> later;
  for (Operation *user : x.getUsers()) {
    auto gelu = llvm::dyn_cast<bert::GeluOp>(user);
    if (gelu && gelu.getApproximate() == gradient.getApproximate()) {
      for (mlir::OpOperand &use : gelu.getY().getUses()) {
        if (at->isBeforeInBlock(use.getOwner())) {
          later.push_back(&use);
        }
      }
    }
  }
  if (later.empty()) {
    return false;
  }
  builder.setInsertionPoint(at);
  auto both = bert::GeluWithDerivativeOp::create(builder, gradient.getLoc(), x,
                                                 gradient.getApproximateAttr());
  both.setScopeAttr(gradient.getScopeAttr());
  for (mlir::OpOperand *use : later) {
    use->set(both.getY());
  }
  gradient.getDx().replaceAllUsesWith(create(builder, at->getLoc(), x.getType(),
                                             *product, both.getDerivative(),
                                             nullptr, nullptr));
  return true;
}

struct BertFuseMatmulEpilogue
    : impl::BertFuseMatmulEpilogueBase<BertFuseMatmulEpilogue> {
  void runOnOperation() override {
    mlir::OpBuilder builder(&getContext());
    using A = bert::Activation;
    for (Operation &op :
         llvm::make_early_inc_range(getOperation().getBody().front())) {
      if (auto gelu = llvm::dyn_cast<bert::GeluOp>(op)) {
        bool tanh = gelu.getApproximate() == bert::GeluForm::Tanh;
        numActivations +=
            fuseActivation(&op, tanh ? A::GeluTanh : A::Gelu, builder);
      } else if (llvm::isa<bert::ReluOp>(op)) {
        numActivations += fuseActivation(&op, A::Relu, builder);
      } else if (llvm::isa<bert::TanhOp>(op)) {
        numActivations += fuseActivation(&op, A::Tanh, builder);
      } else if (llvm::isa<bert::AddOp, bert::AddNOp>(op)) {
        numSums += fuseSum(&op, builder);
      } else if (auto gradient = llvm::dyn_cast<bert::GeluGradOp>(op)) {
        numDerivatives += fuseGeluGrad(gradient, builder);
      }
    }
    eraseDeadOperations(getOperation());
  }
};

} // namespace
} // namespace bertc
