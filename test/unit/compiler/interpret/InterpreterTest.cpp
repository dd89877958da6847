// SPDX-License-Identifier: Apache-2.0
#include "test/unit/compiler/interpret/Evaluate.h"

#include <cmath>

namespace bertc::interpret {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const char *const kModule = R"(
bert.variable @w : tensor<2xf32> {init_value = 3.0 : f32}
bert.variable @drawn : tensor<1000xf32> {init = #bert.init<truncated_normal>, init_value = 0.5 : f32}
func.func @double(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = bert.add %x, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
func.func @step(%x: tensor<2xf32> {bert.name = "x"}) -> (tensor<2xf32> {bert.name = "before"}, tensor<2xf32> {bert.name = "after"}) attributes {bert.entry} {
  %before = bert.read @w : tensor<2xf32>
  %twice = func.call @double(%x) : (tensor<2xf32>) -> tensor<2xf32>
  bert.assign @w, %twice : tensor<2xf32>
  %after = bert.read @w : tensor<2xf32>
  return %before, %after : tensor<2xf32>, tensor<2xf32>
}
func.func @draws() -> (tensor<1000xf32> {bert.name = "y"}) attributes {bert.entry} {
  %y = bert.read @drawn : tensor<1000xf32>
  return %y : tensor<1000xf32>
}
)";

class InterpreterTest : public testing::Test {
protected:
  InterpreterTest() : context_(mlir::MLIRContext::Threading::DISABLED) {
    auto module = parseModule(context_, kModule);
    EXPECT_TRUE(module.ok()) << module.status().message();
    module_ = std::move(*module);
  }

  mlir::MLIRContext context_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
};

TEST_F(InterpreterTest, VariablesStartInitialisedAndKeepTheirValues) {
  Interpreter interpreter(*module_);
  auto first = interpreter.run("step", {{"x", floats({2}, {1, 2})}});
  ASSERT_TRUE(first.ok()) << first.status().message();
  EXPECT_THAT((*first)["before"].values, ElementsAre(3, 3));
  EXPECT_THAT((*first)["after"].values, ElementsAre(2, 4));
  auto second = interpreter.run("step", {{"x", floats({2}, {0, 0})}});
  ASSERT_TRUE(second.ok());
  EXPECT_THAT((*second)["before"].values, ElementsAre(2, 4));
  EXPECT_THAT(interpreter.variable("w")->values, ElementsAre(0, 0));
}

TEST_F(InterpreterTest, UnsetVariableIsAnErrorUntilSeeded) {
  Interpreter interpreter(*module_);
  auto result = interpreter.run("draws", {});
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.status().message(),
              HasSubstr("variable 'drawn' has no value yet"));
  interpreter.initialiseVariables(7);
  result = interpreter.run("draws", {});
  ASSERT_TRUE(result.ok());
  double squares = 0;
  for (double value : (*result)["y"].values) {
    EXPECT_LE(std::abs(value), 1.0);
    squares += value * value;
  }
  // A normal cut at two sigma has standard deviation 0.88 sigma.
  EXPECT_NEAR(std::sqrt(squares / 1000), 0.44, 0.03);
}

TEST_F(InterpreterTest, RoundsToTheElementTypeUnlessTold) {
  Tensor tenth = floats({2}, {0.1, 0.1});
  Interpreter typed(*module_), wide(*module_, Rounding::None);
  EXPECT_EQ((*typed.call("double", {tenth}))[0][0], 2.0 * 0.1f);
  EXPECT_EQ((*wide.call("double", {tenth}))[0][0], 0.2);
}

TEST_F(InterpreterTest, WrongInputsAreNamed) {
  Interpreter interpreter(*module_);
  auto message = [&](const std::string &entry, const TensorMap &inputs) {
    auto result = interpreter.run(entry, inputs);
    return result.ok() ? "ok" : result.status().message();
  };
  EXPECT_EQ(message("step", {}),
            "input 'x' of 'step' is missing, expected tensor<2xf32>");
  EXPECT_EQ(message("step", {{"x", floats({3}, {1, 2, 3})}}),
            "input 'x' is F32[3], expected tensor<2xf32>");
  EXPECT_EQ(message("step", {{"x", integers({2}, {1, 2})}}),
            "input 'x' is I32[2], expected tensor<2xf32>");
  EXPECT_EQ(
      message("step", {{"x", floats({2}, {1, 2})}, {"z", floats({2}, {1, 2})}}),
      "'step' has no input 'z'");
  EXPECT_EQ(message("double", {}), "the module has no entry point 'double'");
  EXPECT_EQ(interpreter.setVariable("v", floats({2}, {1, 2})).message(),
            "the module has no variable 'v'");
  EXPECT_EQ(interpreter.setVariable("w", floats({1}, {1})).message(),
            "variable 'w' is F32[1], expected tensor<2xf32>");
}

} // namespace
} // namespace bertc::interpret
