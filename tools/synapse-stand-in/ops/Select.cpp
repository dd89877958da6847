// SPDX-License-Identifier: Apache-2.0
//
// Comparisons, logic on truth values (i8, 0 or 1), and selection by them.
#include "tools/synapse-stand-in/ops/Broadcast.h"
#include "tools/synapse-stand-in/ops/OpTable.h"

#include <cmath>
#include <cstring>

namespace bertc::standin {
namespace {

enum class Compare { Equal, Less, LessEqual, Greater, GreaterEqual };

struct CompareKind {
  const char *name;
  Compare op;
};
const CompareKind CompareKinds[] = {
    {"equal", Compare::Equal},
    {"less", Compare::Less},
    {"less_equal", Compare::LessEqual},
    {"greater", Compare::Greater},
    {"greater_equal", Compare::GreaterEqual},
};

template <typename T> bool holds(Compare op, T a, T b) {
  switch (op) {
  case Compare::Equal:
    return a == b;
  case Compare::Less:
    return a < b;
  case Compare::LessEqual:
    return a <= b;
  case Compare::Greater:
    return a > b;
  case Compare::GreaterEqual:
    return a >= b;
  }
  return false;
}

void checkCompare(Check &check, rt::syn::synDataType dtype) {
  check.operands({"a", "b"}, {"y"});
  check.dtype({"a", "b"}, {dtype});
  check.dtype({"y"}, {I8});
  check.noParams();
  checkBroadcast(check, {"a", "b"}, "y");
}

/// y[i] = function(a's element, b's element) of an i8 result.
template <typename Function>
void fillTruth(const OpTensor &y, const OpTensor &a, const OpTensor &b,
               Function function) {
  Broadcast broadcast(y, {&a, &b});
  uint64_t length = broadcast.runLength();
  uint64_t stepA = broadcast.repeats(0) ? 0 : 1;
  uint64_t stepB = broadcast.repeats(1) ? 0 : 1;
  int8_t *to = static_cast<int8_t *>(y.data);
  forEachPiece(broadcast.runs(), length,
               [&](uint64_t run, uint64_t first, uint64_t n) {
                 uint64_t atA = broadcast.offset(0, run) + stepA * first;
                 uint64_t atB = broadcast.offset(1, run) + stepB * first;
                 for (uint64_t i = 0; i < n; ++i) {
                   to[run * length + first + i] =
                       function(atA + stepA * i, atB + stepB * i);
                 }
               });
}

void runCompare(const OpCall &call, Compare op) {
  const OpTensor &a = call.in[0], &b = call.in[1];
  if (a.dtype == I32 || a.dtype == I8) {
    fillTruth(call.out[0], a, b, [&](uint64_t i, uint64_t j) {
      return holds(op, readInt(a, i), readInt(b, j));
    });
    return;
  }
  fillTruth(call.out[0], a, b, [&](uint64_t i, uint64_t j) {
    return holds(op, readFloat(a, i), readFloat(b, j));
  });
}

void checkLogic(Check &check, bool isUnary) {
  check.operands(isUnary ? Names{"a"} : Names{"a", "b"}, {"y"});
  check.dtype({"a", "b", "y"}, {I8});
  check.noParams();
  checkBroadcast(check, isUnary ? Names{"a"} : Names{"a", "b"}, "y");
}

void checkIsFinite(Check &check, rt::syn::synDataType dtype) {
  check.operands({"x"}, {"y"});
  check.dtype({"x"}, {dtype});
  check.dtype({"y"}, {I8});
  check.noParams();
  check.shape({"y"}, shapeOf(check["x"]));
}

void checkWhere(Check &check, rt::syn::synDataType dtype) {
  check.operands({"condition", "x", "y"}, {"out"});
  check.dtype({"condition"}, {I8});
  check.dtype({"x", "y", "out"}, {dtype});
  check.noParams();
  checkBroadcast(check, {"condition", "x", "y"}, "out");
}

template <typename Bits> void chooseBits(const OpCall &call) {
  const OpTensor &condition = call.in[0], &out = call.out[0];
  Broadcast broadcast(out, {&condition, &call.in[1], &call.in[2]});
  uint64_t length = broadcast.runLength();
  const int8_t *chosen = static_cast<const int8_t *>(condition.data);
  const Bits *x = static_cast<const Bits *>(call.in[1].data);
  const Bits *y = static_cast<const Bits *>(call.in[2].data);
  Bits *to = static_cast<Bits *>(out.data);
  uint64_t steps[3];
  for (size_t i = 0; i < 3; ++i) {
    steps[i] = broadcast.repeats(i) ? 0 : 1;
  }
  forEachPiece(broadcast.runs(), length,
               [&](uint64_t run, uint64_t first, uint64_t n) {
                 uint64_t at = broadcast.offset(0, run) + steps[0] * first;
                 uint64_t atX = broadcast.offset(1, run) + steps[1] * first;
                 uint64_t atY = broadcast.offset(2, run) + steps[2] * first;
                 for (uint64_t i = 0; i < n; ++i) {
                   to[run * length + first + i] = chosen[at + steps[0] * i] != 0
                                                      ? x[atX + steps[1] * i]
                                                      : y[atY + steps[2] * i];
                 }
               });
}

void runWhere(const OpCall &call) {
  switch (elementBytes(call.out[0].dtype)) {
  case 1:
    return chooseBits<uint8_t>(call);
  case 2:
    return chooseBits<uint16_t>(call);
  default:
    return chooseBits<uint32_t>(call);
  }
}

struct LogicKind {
  const char *name;
  bool (*function)(bool a, bool b);
};
const LogicKind LogicKinds[] = {
    {"and", [](bool a, bool b) { return a && b; }},
    {"or", [](bool a, bool b) { return a || b; }},
    {"xor", [](bool a, bool b) { return a != b; }},
};

void addLogicOps(OpTable &table) {
  Op negate{[](Check &c) { checkLogic(c, true); },
            [](const OpCall &call) {
              fillTruth(call.out[0], call.in[0], call.in[0],
                        [&](uint64_t i, uint64_t) {
                          return readInt(call.in[0], i) == 0;
                        });
            }};
  table["not_fwd_i8"] = table["not_i8"] = negate;
  for (const LogicKind &kind : LogicKinds) {
    Op op{[](Check &c) { checkLogic(c, false); },
          [function = kind.function](const OpCall &call) {
            fillTruth(call.out[0], call.in[0], call.in[1],
                      [&](uint64_t i, uint64_t j) {
                        return function(readInt(call.in[0], i) != 0,
                                        readInt(call.in[1], j) != 0);
                      });
          }};
    table[std::string(kind.name) + "_i8"] = op;
    table[std::string(kind.name) + "_fwd_i8"] = op;
  }
}

} // namespace

void addSelectOps(OpTable &table) {
  addLogicOps(table);
  for (const Suffix &suffix : AllSuffixes) {
    auto dtype = suffix.dtype;
    std::string end = std::string("_") + suffix.text;
    for (const CompareKind &kind : CompareKinds) {
      Op op{[dtype](Check &c) { checkCompare(c, dtype); },
            [which = kind.op](const OpCall &call) { runCompare(call, which); }};
      table[kind.name + end] = table[kind.name + ("_fwd" + end)] = op;
    }
    table["where_fwd" + end] = {[dtype](Check &c) { checkWhere(c, dtype); },
                                runWhere};
  }
  for (const Suffix &suffix : FloatSuffixes) {
    auto dtype = suffix.dtype;
    table[std::string("isfinite_fwd_") + suffix.text] = {
        [dtype](Check &c) { checkIsFinite(c, dtype); },
        [](const OpCall &call) {
          fillTruth(call.out[0], call.in[0], call.in[0],
                    [&](uint64_t i, uint64_t) {
                      return std::isfinite(readFloat(call.in[0], i));
                    });
        }};
  }
}

} // namespace bertc::standin
