// SPDX-License-Identifier: Apache-2.0
//
// Functions of one, two or three numbers: arithmetic, activations and their
// gradients, gelu, clamping.
#include "runtime/synapse/KernelParams.h"
#include "tools/synapse-stand-in/ops/Broadcast.h"
#include "tools/synapse-stand-in/ops/OpTable.h"

namespace bertc::standin {
namespace {

using rt::syn::AlphaMode;
using rt::syn::BinaryWithAlphaParams;
using rt::syn::GeluParams;

struct UnaryKind {
  const char *name;
  Unary op;
};
const UnaryKind UnaryKinds[] = {
    {"neg", Unary::Neg},     {"abs", Unary::Abs},
    {"sqrt", Unary::Sqrt},   {"rsqrt", Unary::Rsqrt},
    {"exp", Unary::Exp},     {"log", Unary::Log},
    {"log2", Unary::Log2},   {"reciprocal", Unary::Reciprocal},
    {"sign", Unary::Sign},   {"erf", Unary::Erf},
    {"floor", Unary::Floor}, {"sigmoid", Unary::Sigmoid},
    {"tanh", Unary::Tanh},   {"relu", Unary::Relu},
};

struct BinaryKind {
  const char *name;
  Binary op;
};
const BinaryKind BinaryKinds[] = {
    {"add", Binary::Add}, {"sub", Binary::Sub}, {"mult", Binary::Mult},
    {"div", Binary::Div}, {"max", Binary::Max}, {"min", Binary::Min},
    {"pow", Binary::Pow},
};
/// (dy, y) -> dx, as the framework orders them; of tanh that is inferred.
const BinaryKind GradKinds[] = {
    {"tanh_bwd", Binary::TanhGrad},
    {"sigmoid_bwd", Binary::SigmoidGrad},
    {"relu_bwd", Binary::ReluGrad},
};

void checkUnary(Check &check, rt::syn::synDataType dtype) {
  check.operands({"x"}, {"y"});
  check.dtype({"x", "y"}, {dtype});
  check.noParams();
  check.shape({"y"}, shapeOf(check["x"]));
}

void checkBinary(Check &check, rt::syn::synDataType dtype) {
  check.operands({"a", "b"}, {"y"});
  check.dtype({"a", "b", "y"}, {dtype});
  check.noParams();
  checkBroadcast(check, {"a", "b"}, "y");
}

void checkActivationGrad(Check &check, rt::syn::synDataType dtype) {
  check.operands({"dy", "y"}, {"dx"});
  check.dtype({"dy", "y", "dx"}, {dtype});
  check.noParams();
  check.shape({"y", "dx"}, shapeOf(check["dy"]));
}

void runBinary(const OpCall &call, Binary op) {
  computeFloats(call.out[0], {&call.in[0], &call.in[1]},
                [op](const float *const *in, float *y, int64_t n) {
                  leaf().binary(op, in[0], in[1], y, n);
                });
}

/// Integers wrap around, as those of the device do.
int32_t wholeNumber(Binary op, int32_t a, int32_t b) {
  uint32_t left = static_cast<uint32_t>(a), right = static_cast<uint32_t>(b);
  switch (op) {
  case Binary::Add:
    return static_cast<int32_t>(left + right);
  case Binary::Sub:
    return static_cast<int32_t>(left - right);
  case Binary::Mult:
    return static_cast<int32_t>(left * right);
  case Binary::Max:
    return std::max(a, b);
  default:
    return std::min(a, b);
  }
}

void runIntegers(const OpCall &call, Binary op) {
  const OpTensor &a = call.in[0], &b = call.in[1], &y = call.out[0];
  Broadcast broadcast(y, {&a, &b});
  uint64_t length = broadcast.runLength();
  uint64_t stepA = broadcast.repeats(0) ? 0 : 1;
  uint64_t stepB = broadcast.repeats(1) ? 0 : 1;
  int32_t *to = static_cast<int32_t *>(y.data);
  forEachPiece(
      broadcast.runs(), length, [&](uint64_t run, uint64_t first, uint64_t n) {
        uint64_t atA = broadcast.offset(0, run) + stepA * first;
        uint64_t atB = broadcast.offset(1, run) + stepB * first;
        for (uint64_t i = 0; i < n; ++i) {
          to[run * length + first + i] = wholeNumber(
              op, readInt(a, atA + stepA * i), readInt(b, atB + stepB * i));
        }
      });
}

bool isTernary(AlphaMode mode) {
  return mode == AlphaMode::CMul || mode == AlphaMode::CDiv;
}

void checkWithAlpha(Check &check, rt::syn::synDataType dtype) {
  auto params = check.params<BinaryWithAlphaParams>();
  if (params.mode < AlphaMode::Add || params.mode > AlphaMode::CDiv) {
    check.fail("mode is " + std::to_string(static_cast<int>(params.mode)) +
               ", expected 0 to 4");
  }
  bool ternary = isTernary(params.mode);
  check.operands(ternary ? Names{"a", "b", "c"} : Names{"a", "b"}, {"y"});
  check.dtype({"a", "b", "c", "y"}, {dtype});
  checkBroadcast(check, ternary ? Names{"a", "b", "c"} : Names{"a", "b"}, "y");
}

/// a + alpha b, a - alpha b, b - alpha a, a + alpha b c, a + alpha b / c.
float withAlpha(AlphaMode mode, float alpha, float a, float b, float c) {
  switch (mode) {
  case AlphaMode::Add:
    return a + alpha * b;
  case AlphaMode::Sub:
    return a - alpha * b;
  case AlphaMode::RSub:
    return b - alpha * a;
  case AlphaMode::CMul:
    return a + alpha * b * c;
  case AlphaMode::CDiv:
    return a + alpha * (b / c);
  }
  return a;
}

void runWithAlpha(const OpCall &call) {
  auto params = paramsOf<BinaryWithAlphaParams>(call);
  // Two-operand modes look at the second operand twice.
  const OpTensor &last = call.in.back();
  computeFloats(call.out[0], {&call.in[0], &call.in[1], &last},
                [params](const float *const *in, float *y, int64_t n) {
                  for (int64_t i = 0; i < n; ++i) {
                    y[i] = withAlpha(params.mode, params.alpha.f, in[0][i],
                                     in[1][i], in[2][i]);
                  }
                });
}

void checkClamp(Check &check, rt::syn::synDataType dtype) {
  check.operands({"x", "min?", "max?"}, {"y"});
  check.dtype({"x", "min", "max", "y"}, {dtype});
  check.noParams();
  if (check.ok() && !check.has("min") && !check.has("max")) {
    check.fail("min and max are both absent");
  }
  checkBroadcast(check, {"x", "min", "max"}, "y");
  check.shape({"y"}, shapeOf(check["x"]));
}

void runClamp(const OpCall &call) {
  const OpTensor &y = call.out[0];
  const OpTensor *from = &call.in[0];
  const Binary ops[] = {Binary::Max, Binary::Min};
  for (size_t i = 1; i < call.in.size(); ++i) {
    if (call.in[i].rank == 0) {
      continue;
    }
    computeFloats(
        y, {from, &call.in[i]},
        [op = ops[i - 1]](const float *const *in, float *out, int64_t n) {
          leaf().binary(op, in[0], in[1], out, n);
        });
    from = &y;
  }
}

/// {bool approximation}, alone or at the start of the 8 bytes of version 2.
bool tanhForm(const OpCall &call) {
  return paramsOf<GeluParams>(call).approximation;
}

void checkGeluParams(Check &check) {
  if (check.paramsBytes() != 1 && check.paramsBytes() != 8) {
    check.fail("has " + std::to_string(check.paramsBytes()) +
               " bytes of parameters, expected 1 or 8");
  }
}

void checkGelu(Check &check, rt::syn::synDataType dtype) {
  check.operands({"x"}, {"y", "retained"});
  check.dtype({"x", "y", "retained"}, {dtype});
  checkGeluParams(check);
  check.shape({"y", "retained"}, shapeOf(check["x"]));
}

void runGelu(const OpCall &call) {
  bool tanh = tanhForm(call);
  const OpTensor &x = call.in[0], &y = call.out[0], &retained = call.out[1];
  forEachPiece(1, elementCount(x), [&](uint64_t, uint64_t first, uint64_t n) {
    alignas(64) float buffers[3][PieceLength];
    const float *from = readFloats(x, first, n, buffers[0]);
    float *to = floatsToWrite(y, first, buffers[1]);
    float *kept = floatsToWrite(retained, first, buffers[2]);
    leaf().gelu(tanh, from, to, kept, static_cast<int64_t>(n));
    writeFloats(y, first, n, to);
    writeFloats(retained, first, n, kept);
  });
}

void checkGeluGrad(Check &check, rt::syn::synDataType dtype) {
  check.operands({"dy", "x", "retained"}, {"dx"});
  check.dtype({"dy", "x", "retained", "dx"}, {dtype});
  if (check.paramsBytes() != 0) {
    checkGeluParams(check);
  }
  check.shape({"x", "retained", "dx"}, shapeOf(check["dy"]));
}

/// Without parameters, as graphs have it, the tanh form: what erf retains on
/// the device is unconfirmed.
void runGeluGrad(const OpCall &call) {
  bool tanh = !call.params || tanhForm(call);
  computeFloats(call.out[0], {&call.in[0], &call.in[1], &call.in[2]},
                [tanh](const float *const *in, float *y, int64_t n) {
                  leaf().geluGrad(tanh, in[0], in[1], in[2], y, n);
                });
}

/// Kernels whose GUID ends in `suffix`; `_fwd` may be left out.
void addSuffixed(OpTable &table, const Suffix &suffix) {
  auto dtype = suffix.dtype;
  std::string end = std::string("_") + suffix.text;
  for (const UnaryKind &kind : UnaryKinds) {
    Op op{[dtype](Check &c) { checkUnary(c, dtype); },
          [which = kind.op](const OpCall &call) {
            computeFloats(call.out[0], {&call.in[0]},
                          [which](const float *const *in, float *y, int64_t n) {
                            leaf().unary(which, in[0], y, n);
                          });
          }};
    table[kind.name + end] = table[kind.name + ("_fwd" + end)] = op;
  }
  for (const BinaryKind &kind : BinaryKinds) {
    Op op{[dtype](Check &c) { checkBinary(c, dtype); },
          [which = kind.op](const OpCall &call) { runBinary(call, which); }};
    table[kind.name + end] = table[kind.name + ("_fwd" + end)] = op;
  }
  for (const BinaryKind &kind : GradKinds) {
    table[kind.name + end] = {
        [dtype](Check &c) { checkActivationGrad(c, dtype); },
        [which = kind.op](const OpCall &call) { runBinary(call, which); }};
  }
  table["binary_with_alpha_fwd" + end] = {
      [dtype](Check &c) { checkWithAlpha(c, dtype); }, runWithAlpha};
  table["clamp_pt_fwd" + end] = {[dtype](Check &c) { checkClamp(c, dtype); },
                                 runClamp};
  table["gelu_fwd" + end] = {[dtype](Check &c) { checkGelu(c, dtype); },
                             runGelu};
  table["gelu_bwd" + end] = {[dtype](Check &c) { checkGeluGrad(c, dtype); },
                             runGeluGrad};
}

} // namespace

void addElementwiseOps(OpTable &table) {
  for (const Suffix &suffix : FloatSuffixes) {
    addSuffixed(table, suffix);
  }
  // Of i32 the device's kernels are unconfirmed.
  for (const BinaryKind &kind : BinaryKinds) {
    if (kind.op != Binary::Div && kind.op != Binary::Pow) {
      Op op{
          [](Check &c) { checkBinary(c, I32); },
          [which = kind.op](const OpCall &call) { runIntegers(call, which); }};
      std::string name = kind.name;
      table[name + "_i32"] = table[name + "_fwd_i32"] = op;
    }
  }
}

} // namespace bertc::standin
