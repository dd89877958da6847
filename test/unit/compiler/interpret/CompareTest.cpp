// SPDX-License-Identifier: Apache-2.0
#include "compiler/interpret/Compare.h"
#include "test/unit/compiler/interpret/Evaluate.h"

#include <cmath>

namespace bertc::interpret {
namespace {

using testing::HasSubstr;

TEST(Compare, ToleranceIsAbsolutePlusRelative) {
  Tensor expected = floats({2}, {0, 100});
  EXPECT_TRUE(
      compareTensors("y", floats({2}, {0.1, 101}), expected, {0.1, 0.01}).ok());
  Status status =
      compareTensors("y", floats({2}, {0.2, 102}), expected, {0.1, 0.01});
  EXPECT_EQ(status.message(),
            "y: 2 of 2 elements differ by more than 0.1 + 0.01 |expected|; "
            "worst at 1: 102, expected 100");
}

TEST(Compare, NanEqualsOnlyNan) {
  Tensor nan = floats({1}, {std::nan("")}), one = floats({1}, {1});
  EXPECT_TRUE(compareTensors("y", nan, nan, {}).ok());
  EXPECT_FALSE(compareTensors("y", nan, one, {1, 1}).ok());
  EXPECT_FALSE(compareTensors("y", one, nan, {1, 1}).ok());
}

TEST(Compare, ShapesAndTypesCount) {
  EXPECT_EQ(compareTensors("y", floats({1}, {1}), integers({1, 1}, {1}), {1, 1})
                .message(),
            "y is F32[1], expected I32[1,1]");
}

TEST(Compare, RandomArgumentsFitTheTablesTheyIndex) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module = parseModule(context, R"(
func.func @inner(%table: tensor<5x2xf32>, %i: tensor<500xi32>) -> tensor<500x2xf32> {
  %y = bert.gather %table, %i : (tensor<5x2xf32>, tensor<500xi32>) -> tensor<500x2xf32>
  return %y : tensor<500x2xf32>
}
func.func @f(%table: tensor<5x2xf32>, %i: tensor<50x10xi32>, %mask: tensor<100xi32>, %rng: tensor<4xi32>) -> tensor<500x2xf32> {
  %flat = bert.reshape %i : (tensor<50x10xi32>) -> tensor<500xi32>
  %y = func.call @inner(%table, %flat) : (tensor<5x2xf32>, tensor<500xi32>) -> tensor<500x2xf32>
  %d = bert.dropout %y, %rng {rate = 0.5 : f32, op_id = 0 : i32} : (tensor<500x2xf32>, tensor<4xi32>) -> tensor<500x2xf32>
  return %d : tensor<500x2xf32>
}
)");
  ASSERT_TRUE(module.ok()) << module.status().message();
  auto func = module->get().lookupSymbol<mlir::func::FuncOp>("f");
  std::vector<Tensor> arguments = randomArguments(func, 3);
  EXPECT_EQ(
      *std::max_element(arguments[1].values.begin(), arguments[1].values.end()),
      4);
  EXPECT_EQ(
      *std::max_element(arguments[2].values.begin(), arguments[2].values.end()),
      1);
  EXPECT_EQ(arguments[3][3], 0) << "dropout is on";
  EXPECT_TRUE(Interpreter(module->get()).call("f", std::move(arguments)).ok());
}

TEST(Compare, ModulesThatDifferAreFound) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto text = [](const std::string &op) {
    return "bert.variable @w : tensor<2xf32>\n"
           "func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {\n"
           "%w = bert.read @w : tensor<2xf32>\n"
           "%y = bert." +
           op +
           " %x, %w : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>\n"
           "bert.assign @w, %y : tensor<2xf32>\n"
           "return %x : tensor<2xf32> }";
  };
  auto sum = parseModule(context, text("add"));
  auto difference = parseModule(context, text("sub"));
  ASSERT_TRUE(sum.ok() && difference.ok());
  EXPECT_TRUE(compareModules(sum->get(), sum->get(), "f", 1, {1e-9, 0}).ok());
  EXPECT_THAT(compareModules(sum->get(), difference->get(), "f", 1, {1e-9, 0})
                  .message(),
              HasSubstr("variable w after f: 2 of 2 elements differ"));
}

} // namespace
} // namespace bertc::interpret
