// SPDX-License-Identifier: Apache-2.0
//
// Constants, and operations that only say where elements are: views wherever
// strides can express it.

#include "passes/lower/FunctionLowering.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace bertc::lower {

namespace {

/// A splat is one number in the plan and, where a kernel cannot broadcast it, a
/// Fill step.
bool constant(FunctionLowering &f, bert::ConstantOp op) {
  auto type = typeOf(op.getY());
  auto elements = dyn_cast<DenseElementsAttr>(op.getValue());
  if (elements && elements.isSplat() && type.getRank() > 0) {
    f.setBroadcast(op.getY(), f.scalar(elements.getSplatValue<Attribute>(),
                                       type.getElementType()));
    return true;
  }
  f.set(op.getY(),
        cpu::ConstantOp::create(f.builder(), f.loc(), type, op.getValueAttr()));
  return true;
}

bool transpose(FunctionLowering &f, bert::TransposeOp op) {
  Value x = f.get(op.getX());
  f.set(op.getY(), f.view(x, cpu::transposeWindow(cpu::windowOf(typeOf(x)),
                                                  op.getPermutation())));
  return true;
}

bool slice(FunctionLowering &f, bert::SliceOp op) {
  Value x = f.get(op.getX());
  f.set(op.getY(), f.view(x, cpu::sliceWindow(cpu::windowOf(typeOf(x)),
                                              op.getStarts(), op.getSizes())));
  return true;
}

/// Copies `source` into `dest` from `starts` on.
Value insert(FunctionLowering &f, Value source, Value dest,
             ArrayRef<int64_t> starts) {
  cpu::Window window = cpu::sliceWindow(cpu::windowOf(typeOf(dest)), starts,
                                        typeOf(source).getShape());
  auto layout =
      cpu::LayoutAttr::get(dest.getContext(), window.strides, window.offset);
  return cpu::InsertOp::create(f.builder(), f.loc(), dest.getType(), source,
                               dest, layout, f.scope(), nullptr);
}

Value zeros(FunctionLowering &f, Type type) {
  return cpu::FillOp::create(f.builder(), f.loc(), type,
                             f.builder().getF64FloatAttr(0.0), f.scope(),
                             nullptr);
}

bool sliceGrad(FunctionLowering &f, bert::SliceGradOp op) {
  if (op.getDy().getType() == op.getDx().getType()) {
    f.setSame(op.getDx(), op.getDy());
    return true;
  }
  Value dy = f.get(op.getDy());
  f.set(op.getDx(),
        insert(f, dy, zeros(f, op.getDx().getType()), op.getStarts()));
  return true;
}

bool concat(FunctionLowering &f, bert::ConcatOp op) {
  if (op.getX().size() == 1) {
    f.setSame(op.getY(), op.getX().front());
    return true;
  }
  int64_t axis = op.getAxis();
  SmallVector<int64_t> starts(typeOf(op.getY()).getRank(), 0);
  Value result =
      cpu::EmptyOp::create(f.builder(), f.loc(), op.getY().getType(), nullptr);
  for (Value x : op.getX()) {
    result = insert(f, f.get(x), result, starts);
    starts[axis] += typeOf(x).getDimSize(axis);
  }
  f.set(op.getY(), result);
  return true;
}

} // namespace

FailureOr<bool> lowerShape(FunctionLowering &f, Operation *op) {
  return llvm::TypeSwitch<Operation *, FailureOr<bool>>(op)
      .Case([&](bert::ConstantOp o) { return constant(f, o); })
      .Case([&](bert::IdentityOp o) {
        f.setSame(o.getY(), o.getX());
        return true;
      })
      .Case([&](bert::ReshapeOp o) {
        f.set(o.getY(),
              f.reshape(f.get(o.getX()), typeOf(o.getY()).getShape()));
        return true;
      })
      .Case([&](bert::BroadcastToOp o) {
        f.setBroadcast(o.getY(), f.getSource(o.getX()));
        return true;
      })
      .Case([&](bert::TransposeOp o) { return transpose(f, o); })
      .Case([&](bert::SliceOp o) { return slice(f, o); })
      .Case([&](bert::SliceGradOp o) { return sliceGrad(f, o); })
      .Case([&](bert::ConcatOp o) { return concat(f, o); })
      .Default([](Operation *) { return FailureOr<bool>(false); });
}

} // namespace bertc::lower
