// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic, comparison, selection and conversion, element by element.
// Integers are computed with as floats (SynapseLowering::getFloats).

#include "passes/lower/synapse/SynapseLowering.h"

using namespace mlir;

namespace bertc::lower::syn {

namespace {

/// Says that `tensor`, computed with floats, is the result `value`.
void setResult(SynapseLowering &g, Value value, Value tensor) {
  RankedTensorType type = toDevice(value.getType());
  if (!isa<FloatType>(type.getElementType())) {
    g.setFloats(value, tensor);
  } else if (sizesOf(tensor) == type.getShape()) {
    g.set(value, tensor);
  } else {
    // Operands were smaller than what they stand for.
    g.setBroadcast(value, tensor);
  }
}

template <typename OpTy> void addUnary(LoweringTable &table, StringRef kernel) {
  table.add<OpTy>([kernel](SynapseLowering &g, OpTy op) {
    setResult(g, op->getResult(0), g.unary(kernel, g.getFloats(op.getX())));
  });
}

template <typename OpTy>
void addBinary(LoweringTable &table, StringRef kernel) {
  table.add<OpTy>([kernel](SynapseLowering &g, OpTy op) {
    Value x = g.getFloats(op.getX());
    Value y = g.getFloats(op.getY());
    setResult(g, op->getResult(0), g.binary(kernel, x, y));
  });
}

/// A bias may be f32 beside rows in bf16; the kernel has one type, that of the
/// rows.
void biasAdd(SynapseLowering &g, bert::BiasAddOp op) {
  Value x = g.getSource(op.getX());
  Value bias = g.cast(g.getSource(op.getBias()), elementOf(x));
  setResult(g, op.getY(), g.binary("add_fwd", x, bias));
}

void cast(SynapseLowering &g, bert::CastOp op) {
  Type from = getElementTypeOrSelf(op.getX());
  Type to = getElementTypeOrSelf(op.getY());
  if (from == to) {
    g.setSame(op.getY(), op.getX());
    return;
  }
  if (!isa<FloatType>(to)) {
    // i1 and small integers stay floats until somebody wants them otherwise.
    if (to.isInteger(32) && !isa<FloatType>(from)) {
      g.setFloats(op.getY(), g.getFloats(op.getX()));
      return;
    }
    g.set(op.getY(), g.cast(g.get(op.getX()),
                            toDevice(op.getY().getType()).getElementType()));
    return;
  }
  Value x =
      from.isInteger(32) ? g.getFloats(op.getX()) : g.getSource(op.getX());
  setResult(g, op.getY(), g.cast(x, to));
}

void compare(SynapseLowering &g, bert::CompareOp op) {
  StringRef kernel;
  bool negate = false;
  switch (op.getPredicate()) {
  case bert::Predicate::Ne:
    negate = true;
    [[fallthrough]];
  case bert::Predicate::Eq:
    kernel = "equal_fwd";
    break;
  case bert::Predicate::Lt:
    kernel = "less_fwd";
    break;
  case bert::Predicate::Le:
    kernel = "less_equal_fwd";
    break;
  case bert::Predicate::Gt:
    kernel = "greater_fwd";
    break;
  case bert::Predicate::Ge:
    kernel = "greater_equal_fwd";
    break;
  }
  Value x = g.toF32(g.getFloats(op.getX()));
  Value y = g.toF32(g.getFloats(op.getY()));
  Value z = g.compare(kernel, x, y);
  if (negate) {
    z = g.node("not_fwd_i8", {z}, z.getType());
  }
  g.setBroadcast(op.getZ(), z);
}

void select(SynapseLowering &g, bert::SelectOp op) {
  Value condition = g.getSource(op.getCond());
  Value x = g.getFloats(op.getX());
  Value y = g.getFloats(op.getY());
  setResult(g, op.getZ(), g.select(condition, x, y));
}

/// Operands of one type joined to one vector of f32.
Value joinScalars(SynapseLowering &g, ValueRange values, Type element) {
  SmallVector<Value> parts;
  for (Value value : values) {
    if (getElementTypeOrSelf(value) == element) {
      parts.push_back(g.get(value));
    }
  }
  return parts.empty() ? Value() : g.toF32(g.concat(parts, 0));
}

/// Many numbers are joined and summed by one kernel.
void sumScalars(SynapseLowering &g, bert::AddNOp op) {
  SmallVector<Value> parts;
  for (Type element : {g.f32(), Type(g.builder().getBF16Type())}) {
    if (Value part = joinScalars(g, op.getX(), element)) {
      parts.push_back(part);
    }
  }
  g.set(op.getY(), g.cast(g.reduce("reduce_sum", g.concat(parts, 0), {0}),
                          getElementTypeOrSelf(op.getY())));
}

/// Sums of bf16 are formed in f32; two of them are rounded once by the kernel
/// of bf16 as well.
void addN(SynapseLowering &g, bert::AddNOp op) {
  ValueRange inputs = op.getX();
  Type element = getElementTypeOrSelf(op.getY());
  bool oneType = llvm::all_of(
      inputs, [&](Value x) { return x.getType() == op.getY().getType(); });
  if (inputs.size() == 1 && oneType) {
    g.setSame(op.getY(), inputs.front());
    return;
  }
  constexpr size_t kMany = 4;
  if (inputs.size() >= kMany && isa<FloatType>(element) &&
      op.getY().getType().getNumElements() == 1) {
    sumScalars(g, op);
    return;
  }
  bool direct = inputs.size() == 2 && oneType;
  auto operand = [&](Value x) {
    return direct ? g.getFloats(x) : g.toF32(g.getFloats(x));
  };
  Value sum = operand(inputs.front());
  for (Value x : inputs.drop_front()) {
    sum = g.binary("add_fwd", sum, operand(x));
  }
  setResult(g, op.getY(), isa<FloatType>(element) ? g.cast(sum, element) : sum);
}

} // namespace

void addElementwise(LoweringTable &table) {
  addUnary<bert::NegOp>(table, "neg_fwd");
  addUnary<bert::ExpOp>(table, "exp_fwd");
  addUnary<bert::LogOp>(table, "log_fwd");
  addUnary<bert::SqrtOp>(table, "sqrt_fwd");
  addUnary<bert::RsqrtOp>(table, "rsqrt_fwd");
  addBinary<bert::AddOp>(table, "add_fwd");
  addBinary<bert::SubOp>(table, "sub_fwd");
  addBinary<bert::MulOp>(table, "mult_fwd");
  addBinary<bert::DivOp>(table, "div_fwd");
  addBinary<bert::MaximumOp>(table, "max_fwd");
  addBinary<bert::MinimumOp>(table, "min_fwd");
  table.add<bert::BiasAddOp>(biasAdd);
  table.add<bert::CastOp>(cast);
  table.add<bert::CompareOp>(compare);
  table.add<bert::SelectOp>(select);
  table.add<bert::AddNOp>(addN);
}

} // namespace bertc::lower::syn
