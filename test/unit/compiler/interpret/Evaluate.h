// SPDX-License-Identifier: Apache-2.0
//
// Evaluating one operation on literal tensors, for the tests of each family.
#pragma once

#include "compiler/interpret/Files.h"
#include "compiler/interpret/Interpreter.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bertc::interpret {

inline Tensor floats(std::vector<int64_t> shape, std::vector<double> values) {
  return Tensor{DataType::F32, std::move(shape), std::move(values)};
}

inline Tensor integers(std::vector<int64_t> shape, std::vector<double> values) {
  return Tensor{DataType::I32, std::move(shape), std::move(values)};
}

inline Tensor booleans(std::vector<int64_t> shape, std::vector<double> values) {
  return Tensor{DataType::Bool, std::move(shape), std::move(values)};
}

/// Results of a line such as "bert.neg %0 : (tensor<2xf32>) -> tensor<2xf32>",
/// whose operands %0, %1, ... have the types in front of the arrow; without
/// rounding unless told otherwise.
inline StatusOr<std::vector<Tensor>>
tryEvaluate(const std::string &line, std::vector<Tensor> operands,
            Rounding rounding = Rounding::None) {
  size_t arrow = line.rfind(") -> ");
  size_t open = line.rfind(" : (", arrow);
  std::string types = line.substr(open + 4, arrow - open - 4);
  std::string results = line.substr(arrow + 5);
  std::string bare =
      results.front() == '(' ? results.substr(1, results.size() - 2) : results;
  int count = 1 + std::count(bare.begin(), bare.end(), ',');
  std::string text = "func.func @f(";
  size_t at = 0;
  for (int i = 0; at < types.size(); ++i) {
    size_t end = std::min(types.find(", ", at), types.size());
    text += (i ? ", %" : "%") + std::to_string(i) + ": " +
            types.substr(at, end - at);
    at = end + 2;
  }
  text += ") -> (" + bare + ") {\n%r:" + std::to_string(count) + " = " + line +
          "\nreturn ";
  for (int i = 0; i < count; ++i) {
    text += (i ? ", %r#" : "%r#") + std::to_string(i);
  }
  text += " : " + bare + "\n}";
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module = parseModule(context, text);
  if (!module.ok()) {
    return module.status().annotate(text);
  }
  return Interpreter(module->get(), rounding).call("f", std::move(operands));
}

/// The same, when it cannot fail.
inline std::vector<Tensor> evaluate(const std::string &line,
                                    std::vector<Tensor> operands,
                                    Rounding rounding = Rounding::None) {
  auto results = tryEvaluate(line, std::move(operands), rounding);
  EXPECT_TRUE(results.ok()) << results.status().message();
  return results.ok() ? *results : std::vector<Tensor>();
}

/// The values of the only result.
inline std::vector<double> values(const std::string &line,
                                  std::vector<Tensor> operands,
                                  Rounding rounding = Rounding::None) {
  std::vector<Tensor> results = evaluate(line, std::move(operands), rounding);
  return results.empty() ? std::vector<double>() : results[0].values;
}

/// Elements within 1e-12 of the expected ones: f64 round-off.
inline auto near(std::vector<double> expected) {
  return testing::Pointwise(testing::DoubleNear(1e-12), expected);
}

} // namespace bertc::interpret
