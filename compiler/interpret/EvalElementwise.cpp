// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operations, each the formula of its description.
#include "compiler/interpret/RowMath.h"

#include <cmath>

using namespace bertc::bert;

namespace bertc::interpret {

namespace {

bool holds(double x, double y, Predicate predicate) {
  switch (predicate) {
  case Predicate::Eq:
    return x == y;
  case Predicate::Ne:
    return x != y;
  case Predicate::Lt:
    return x < y;
  case Predicate::Le:
    return x <= y;
  case Predicate::Gt:
    return x > y;
  case Predicate::Ge:
    return x >= y;
  }
  llvm_unreachable("the predicates are listed above");
}

/// `function` of each element of the only operand.
template <typename Op, typename Function>
void addUnary(EvaluatorTable &table, Function function) {
  table.add<Op>([function](Op op, Operands x, Results y) {
    for (int64_t i = 0; i < y[0].size(); ++i) {
      y[0][i] = function((*x[0])[i]);
    }
    return Status::okStatus();
  });
}

/// `function` of each pair of elements, after broadcasting.
template <typename Op, typename Function>
void addBinary(EvaluatorTable &table, Function function) {
  table.add<Op>([function](Op op, Operands x, Results z) {
    std::vector<int64_t> mapX = broadcastMap(z[0].shape, x[0]->shape);
    std::vector<int64_t> mapY = broadcastMap(z[0].shape, x[1]->shape);
    for (int64_t i = 0; i < z[0].size(); ++i) {
      z[0][i] = function(op, (*x[0])[mapX[i]], (*x[1])[mapY[i]]);
    }
    return Status::okStatus();
  });
}

void addUnaries(EvaluatorTable &table) {
  addUnary<NegOp>(table, [](double x) { return -x; });
  addUnary<ExpOp>(table, [](double x) { return std::exp(x); });
  addUnary<LogOp>(table, [](double x) { return std::log(x); });
  addUnary<SqrtOp>(table, [](double x) { return std::sqrt(x); });
  addUnary<RsqrtOp>(table, [](double x) { return 1 / std::sqrt(x); });
  addUnary<TanhOp>(table, [](double x) { return std::tanh(x); });
  // Written so that NaN stays NaN.
  addUnary<ReluOp>(table, [](double x) { return x <= 0 ? 0 : x; });
  addUnary<IdentityOp>(table, [](double x) { return x; });
  table.add<GeluOp>([](GeluOp op, Operands x, Results y) {
    for (int64_t i = 0; i < y[0].size(); ++i) {
      y[0][i] = gelu((*x[0])[i], op.getApproximate());
    }
    return Status::okStatus();
  });
  table.add<CastOp>([](CastOp op, Operands x, Results y) {
    for (int64_t i = 0; i < y[0].size(); ++i) {
      // Floats are left to the rounding of results, which f64 mode turns off.
      double value = (*x[0])[i];
      y[0][i] = isFloat(y[0].dtype) ? value : convertValue(value, y[0].dtype);
    }
    return Status::okStatus();
  });
}

void addBinaries(EvaluatorTable &table) {
  addBinary<AddOp>(table, [](AddOp, double x, double y) { return x + y; });
  addBinary<SubOp>(table, [](SubOp, double x, double y) { return x - y; });
  addBinary<MulOp>(table, [](MulOp, double x, double y) { return x * y; });
  addBinary<DivOp>(table, [](DivOp, double x, double y) { return x / y; });
  // NaN when either operand is.
  addBinary<MaximumOp>(table, [](MaximumOp, double x, double y) {
    return x > y || std::isnan(x) ? x : y;
  });
  addBinary<MinimumOp>(table, [](MinimumOp, double x, double y) {
    return x < y || std::isnan(x) ? x : y;
  });
  addBinary<CompareOp>(table, [](CompareOp op, double x, double y) {
    return holds(x, y, op.getPredicate()) ? 1.0 : 0.0;
  });
}

void addGradients(EvaluatorTable &table) {
  addBinary<TanhGradOp>(
      table, [](TanhGradOp, double y, double dy) { return dy * (1 - y * y); });
  addBinary<ReluGradOp>(
      table, [](ReluGradOp, double dy, double x) { return x > 0 ? dy : 0; });
  addBinary<GeluGradOp>(table, [](GeluGradOp op, double dy, double x) {
    return dy * geluSlope(x, op.getApproximate());
  });
}

} // namespace

void addElementwise(EvaluatorTable &table) {
  addUnaries(table);
  addBinaries(table);
  addGradients(table);
  table.add<SelectOp>([](SelectOp op, Operands x, Results z) {
    std::vector<int64_t> mapCond = broadcastMap(z[0].shape, x[0]->shape);
    std::vector<int64_t> mapX = broadcastMap(z[0].shape, x[1]->shape);
    std::vector<int64_t> mapY = broadcastMap(z[0].shape, x[2]->shape);
    for (int64_t i = 0; i < z[0].size(); ++i) {
      z[0][i] = (*x[0])[mapCond[i]] != 0 ? (*x[1])[mapX[i]] : (*x[2])[mapY[i]];
    }
    return Status::okStatus();
  });
  table.add<AddNOp>([](AddNOp op, Operands x, Results y) {
    for (const Tensor *term : x) {
      for (int64_t i = 0; i < y[0].size(); ++i) {
        y[0][i] += (*term)[i];
      }
    }
    return Status::okStatus();
  });
}

} // namespace bertc::interpret
