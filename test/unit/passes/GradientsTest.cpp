// SPDX-License-Identifier: Apache-2.0
//
// The gradient of every differentiable operation against central differences,
// in f64 through the interpreter: within 1e-6 of the largest element.

#include "compiler/interpret/Compare.h"
#include "compiler/interpret/Interpreter.h"
#include "dialects/bert/BertOps.h"
#include "passes/Dialects.h"
#include "passes/Passes.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

namespace bertc {
namespace {

using interpret::Interpreter;
using interpret::Tensor;
using interpret::TensorMap;

/// What values a variable is tried with.
enum class Domain { Any, Positive };

/// A function of variables a, b, c (of these types) to %y.
struct OpCase {
  const char *op;
  std::vector<const char *> variables;
  const char *body;
  const char *result;
  Domain domain = Domain::Any;
};

void PrintTo(const OpCase &c, std::ostream *out) { *out << c.op; }

/// Inputs every case can use: %indices, %labels, %pairs, %rng and %cond.
constexpr const char *kInputs = R"(
    %indices : tensor<2x3xi32> {bert.name = "indices"},
    %labels : tensor<4xi32> {bert.name = "labels"},
    %rng : tensor<4xi32> {bert.name = "rng"},
    %cond : tensor<2x3xi1> {bert.name = "cond"})";

/// The loss is the sum of %y times fixed random numbers.
std::string moduleText(const OpCase &c) {
  std::string text;
  std::string reads;
  for (size_t i = 0; i < c.variables.size(); ++i) {
    std::string name(1, char('a' + i));
    std::string type = c.variables[i];
    text += "bert.variable @" + name + " : " + type + " {trainable}\n";
    reads += "  %" + name + " = bert.read @" + name + " : " + type + "\n";
  }
  std::string y = c.result;
  std::string axes;
  for (size_t i = 0; i < size_t(std::count(y.begin(), y.end(), 'x')); ++i) {
    axes += (i == 0 ? ": " : ", ") + std::to_string(i);
  }
  return text + "func.func private @loss(%probe : " + y +
         " {bert.name = \"probe\"}," + kInputs +
         ") -> (tensor<f32> {bert.name = \"total_loss\"}) {\n" + reads +
         c.body + "\n  %p = bert.mul %y, %probe : (" + y + ", " + y + ") -> " +
         y + "\n  %l = bert.reduce_sum %p {axes = array<i64" + axes + ">} : (" +
         y + ") -> tensor<f32>\n  return %l : tensor<f32>\n}\n";
}

const OpCase kCases[] = {
    {"neg",
     {"tensor<2x3xf32>"},
     "%y = bert.neg %a : (tensor<2x3xf32>) -> tensor<2x3xf32>",
     "tensor<2x3xf32>"},
    {"exp",
     {"tensor<2x3xf32>"},
     "%y = bert.exp %a : (tensor<2x3xf32>) -> tensor<2x3xf32>",
     "tensor<2x3xf32>"},
    {"log",
     {"tensor<2x3xf32>"},
     "%y = bert.log %a : (tensor<2x3xf32>) -> tensor<2x3xf32>",
     "tensor<2x3xf32>",
     Domain::Positive},
    {"sqrt",
     {"tensor<2x3xf32>"},
     "%y = bert.sqrt %a : (tensor<2x3xf32>) -> tensor<2x3xf32>",
     "tensor<2x3xf32>",
     Domain::Positive},
    {"rsqrt",
     {"tensor<2x3xf32>"},
     "%y = bert.rsqrt %a : (tensor<2x3xf32>) -> tensor<2x3xf32>",
     "tensor<2x3xf32>",
     Domain::Positive},
    {"tanh",
     {"tensor<2x3xf32>"},
     "%y = bert.tanh %a : (tensor<2x3xf32>) -> tensor<2x3xf32>",
     "tensor<2x3xf32>"},
    {"relu",
     {"tensor<2x3xf32>"},
     "%y = bert.relu %a : (tensor<2x3xf32>) -> tensor<2x3xf32>",
     "tensor<2x3xf32>"},
    {"gelu",
     {"tensor<2x3xf32>"},
     "%y = bert.gelu %a : (tensor<2x3xf32>) -> tensor<2x3xf32>",
     "tensor<2x3xf32>"},
    {"gelu",
     {"tensor<2x3xf32>"},
     "%y = bert.gelu %a {approximate = #bert.gelu<tanh>} : (tensor<2x3xf32>) "
     "-> tensor<2x3xf32>",
     "tensor<2x3xf32>"},
    {"identity",
     {"tensor<2x3xf32>"},
     "%y = bert.identity %a : (tensor<2x3xf32>) -> tensor<2x3xf32>",
     "tensor<2x3xf32>"},
    {"cast",
     {"tensor<2x3xf32>"},
     "%0 = bert.cast %a : (tensor<2x3xf32>) -> tensor<2x3xf64>\n"
     "%y = bert.cast %0 : (tensor<2x3xf64>) -> tensor<2x3xf32>",
     "tensor<2x3xf32>"},
    {"add",
     {"tensor<2x1x3xf32>", "tensor<4x1xf32>"},
     "%y = bert.add %a, %b : (tensor<2x1x3xf32>, tensor<4x1xf32>) -> "
     "tensor<2x4x3xf32>",
     "tensor<2x4x3xf32>"},
    {"sub",
     {"tensor<f32>", "tensor<2x3xf32>"},
     "%y = bert.sub %a, %b : (tensor<f32>, tensor<2x3xf32>) -> "
     "tensor<2x3xf32>",
     "tensor<2x3xf32>"},
    {"sub",
     {"tensor<2x3xf32>", "tensor<3xf32>"},
     "%y = bert.sub %a, %b : (tensor<2x3xf32>, tensor<3xf32>) -> "
     "tensor<2x3xf32>",
     "tensor<2x3xf32>"},
    {"mul",
     {"tensor<2x3xf32>", "tensor<2x1xf32>"},
     "%y = bert.mul %a, %b : (tensor<2x3xf32>, tensor<2x1xf32>) -> "
     "tensor<2x3xf32>",
     "tensor<2x3xf32>"},
    {"mul",
     {"tensor<2x3xf32>"},
     "%y = bert.mul %a, %a : (tensor<2x3xf32>, tensor<2x3xf32>) -> "
     "tensor<2x3xf32>",
     "tensor<2x3xf32>"},
    {"div",
     {"tensor<2x3xf32>", "tensor<3xf32>"},
     "%y = bert.div %a, %b : (tensor<2x3xf32>, tensor<3xf32>) -> "
     "tensor<2x3xf32>",
     "tensor<2x3xf32>",
     Domain::Positive},
    {"maximum",
     {"tensor<2x3xf32>", "tensor<3xf32>"},
     "%y = bert.maximum %a, %b : (tensor<2x3xf32>, tensor<3xf32>) -> "
     "tensor<2x3xf32>",
     "tensor<2x3xf32>"},
    {"minimum",
     {"tensor<2x3xf32>", "tensor<3xf32>"},
     "%y = bert.minimum %a, %b : (tensor<2x3xf32>, tensor<3xf32>) -> "
     "tensor<2x3xf32>",
     "tensor<2x3xf32>"},
    {"select",
     {"tensor<2x3xf32>", "tensor<3xf32>"},
     "%y = bert.select %cond, %a, %b : (tensor<2x3xi1>, tensor<2x3xf32>, "
     "tensor<3xf32>) -> tensor<2x3xf32>",
     "tensor<2x3xf32>"},
    {"add_n",
     {"tensor<2x3xf32>", "tensor<2x3xf32>"},
     "%y = bert.add_n %a, %b, %a : (tensor<2x3xf32>, tensor<2x3xf32>, "
     "tensor<2x3xf32>) -> tensor<2x3xf32>",
     "tensor<2x3xf32>"},
    {"matmul",
     {"tensor<2x3xf32>", "tensor<3x4xf32>"},
     "%y = bert.matmul %a, %b : (tensor<2x3xf32>, tensor<3x4xf32>) -> "
     "tensor<2x4xf32>",
     "tensor<2x4xf32>"},
    {"matmul",
     {"tensor<3x2xf32>", "tensor<3x4xf32>"},
     "%y = bert.matmul %a, %b {transpose_a} : (tensor<3x2xf32>, "
     "tensor<3x4xf32>) -> tensor<2x4xf32>",
     "tensor<2x4xf32>"},
    {"matmul",
     {"tensor<2x3xf32>", "tensor<4x3xf32>"},
     "%y = bert.matmul %a, %b {transpose_b} : (tensor<2x3xf32>, "
     "tensor<4x3xf32>) -> tensor<2x4xf32>",
     "tensor<2x4xf32>"},
    {"matmul",
     {"tensor<3x2xf32>", "tensor<4x3xf32>"},
     "%y = bert.matmul %a, %b {transpose_a, transpose_b} : (tensor<3x2xf32>, "
     "tensor<4x3xf32>) -> tensor<2x4xf32>",
     "tensor<2x4xf32>"},
    {"batch_matmul",
     {"tensor<2x2x3xf32>", "tensor<2x3x4xf32>"},
     "%y = bert.batch_matmul %a, %b : (tensor<2x2x3xf32>, tensor<2x3x4xf32>) "
     "-> tensor<2x2x4xf32>",
     "tensor<2x2x4xf32>"},
    {"batch_matmul",
     {"tensor<2x2x3xf32>", "tensor<2x4x3xf32>"},
     "%y = bert.batch_matmul %a, %b {adj_y} : (tensor<2x2x3xf32>, "
     "tensor<2x4x3xf32>) -> tensor<2x2x4xf32>",
     "tensor<2x2x4xf32>"},
    {"batch_matmul",
     {"tensor<2x3x2xf32>", "tensor<2x3x4xf32>"},
     "%y = bert.batch_matmul %a, %b {adj_x} : (tensor<2x3x2xf32>, "
     "tensor<2x3x4xf32>) -> tensor<2x2x4xf32>",
     "tensor<2x2x4xf32>"},
    {"batch_matmul",
     {"tensor<2x3x2xf32>", "tensor<2x4x3xf32>"},
     "%y = bert.batch_matmul %a, %b {adj_x, adj_y} : (tensor<2x3x2xf32>, "
     "tensor<2x4x3xf32>) -> tensor<2x2x4xf32>",
     "tensor<2x2x4xf32>"},
    {"bias_add",
     {"tensor<2x4x3xf32>", "tensor<3xf32>"},
     "%y = bert.bias_add %a, %b : (tensor<2x4x3xf32>, tensor<3xf32>) -> "
     "tensor<2x4x3xf32>",
     "tensor<2x4x3xf32>"},
    {"reshape",
     {"tensor<2x6xf32>"},
     "%y = bert.reshape %a : (tensor<2x6xf32>) -> tensor<3x4xf32>",
     "tensor<3x4xf32>"},
    {"transpose",
     {"tensor<2x3x4xf32>"},
     "%y = bert.transpose %a {permutation = array<i64: 2, 0, 1>} : "
     "(tensor<2x3x4xf32>) -> tensor<4x2x3xf32>",
     "tensor<4x2x3xf32>"},
    {"slice",
     {"tensor<3x5xf32>"},
     "%y = bert.slice %a {starts = array<i64: 1, 2>, sizes = array<i64: 2, 2>} "
     ": (tensor<3x5xf32>) -> tensor<2x2xf32>",
     "tensor<2x2xf32>"},
    {"concat",
     {"tensor<2x3xf32>", "tensor<2x1xf32>"},
     "%y = bert.concat %a, %b, %a {axis = 1 : i64} : (tensor<2x3xf32>, "
     "tensor<2x1xf32>, tensor<2x3xf32>) -> tensor<2x7xf32>",
     "tensor<2x7xf32>"},
    {"broadcast_to",
     {"tensor<2x1xf32>"},
     "%y = bert.broadcast_to %a : (tensor<2x1xf32>) -> tensor<3x2x4xf32>",
     "tensor<3x2x4xf32>"},
    {"reduce_sum",
     {"tensor<2x3x4xf32>"},
     "%y = bert.reduce_sum %a {axes = array<i64: 0, 2>} : (tensor<2x3x4xf32>) "
     "-> tensor<3xf32>",
     "tensor<3xf32>"},
    {"reduce_sum",
     {"tensor<2x3x4xf32>"},
     "%y = bert.reduce_sum %a {axes = array<i64: 1>, keep_dims} : "
     "(tensor<2x3x4xf32>) -> tensor<2x1x4xf32>",
     "tensor<2x1x4xf32>"},
    {"reduce_mean",
     {"tensor<2x3x4xf32>"},
     "%y = bert.reduce_mean %a {axes = array<i64: 0, 1>} : "
     "(tensor<2x3x4xf32>) -> tensor<4xf32>",
     "tensor<4xf32>"},
    {"reduce_max",
     {"tensor<2x3x4xf32>"},
     "%y = bert.reduce_max %a {axes = array<i64: 1>} : (tensor<2x3x4xf32>) -> "
     "tensor<2x4xf32>",
     "tensor<2x4xf32>"},
    {"l2_loss",
     {"tensor<2x3xf32>"},
     "%y = bert.l2_loss %a : (tensor<2x3xf32>) -> tensor<f32>",
     "tensor<f32>"},
    {"gather",
     {"tensor<5x4xf32>"},
     "%y = bert.gather %a, %indices : (tensor<5x4xf32>, tensor<2x3xi32>) -> "
     "tensor<2x3x4xf32>",
     "tensor<2x3x4xf32>"},
    {"gather",
     {"tensor<2x5x4xf32>"},
     "%y = bert.gather %a, %indices {batch_dims = 1 : i64} : "
     "(tensor<2x5x4xf32>, tensor<2x3xi32>) -> tensor<2x3x4xf32>",
     "tensor<2x3x4xf32>"},
    {"softmax",
     {"tensor<2x4xf32>"},
     "%y = bert.softmax %a : (tensor<2x4xf32>) -> tensor<2x4xf32>",
     "tensor<2x4xf32>"},
    {"log_softmax",
     {"tensor<2x4xf32>"},
     "%y = bert.log_softmax %a : (tensor<2x4xf32>) -> tensor<2x4xf32>",
     "tensor<2x4xf32>"},
    {"layer_norm",
     {"tensor<2x2x5xf32>", "tensor<5xf32>", "tensor<5xf32>"},
     "%y, %mean, %rstd = bert.layer_norm %a, %b, %c {eps = 1.0e-3 : f32} : "
     "(tensor<2x2x5xf32>, tensor<5xf32>, tensor<5xf32>) -> "
     "(tensor<2x2x5xf32>, tensor<2x2xf32>, tensor<2x2xf32>)",
     "tensor<2x2x5xf32>"},
    {"dropout",
     {"tensor<20x9xf32>"},
     "%y = bert.dropout %a, %rng {rate = 0.3 : f32, op_id = 4 : i32} : "
     "(tensor<20x9xf32>, tensor<4xi32>) -> tensor<20x9xf32>",
     "tensor<20x9xf32>"},
    {"nll",
     {"tensor<4x5xf32>"},
     "%y = bert.nll %a, %labels : (tensor<4x5xf32>, tensor<4xi32>) -> "
     "tensor<4xf32>",
     "tensor<4xf32>"},
};

Tensor integers(std::vector<int64_t> shape, std::vector<double> values) {
  Tensor tensor = Tensor::zeros(DataType::I32, std::move(shape));
  tensor.values = std::move(values);
  return tensor;
}

class OpGradient : public testing::TestWithParam<OpCase> {
protected:
  static constexpr unsigned kSeed = 20240917;

  OpGradient() {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    context_.appendDialectRegistry(registry);
    context_.loadAllAvailableDialects();
  }

  Tensor randomTensor(mlir::RankedTensorType type, Domain domain) {
    std::normal_distribution<double> normal;
    Tensor tensor = Tensor::zeros(type);
    for (double &x : tensor.values) {
      x = normal(random_);
      x = domain == Domain::Positive ? 0.5 + std::abs(x) : x;
    }
    return tensor;
  }

  TensorMap inputs(mlir::ModuleOp module) {
    auto loss = module.lookupSymbol<mlir::func::FuncOp>("loss");
    auto probe =
        llvm::cast<mlir::RankedTensorType>(loss.getArgumentTypes().front());
    Tensor cond = Tensor::zeros(DataType::Bool, {2, 3});
    cond.values = {1, 0, 0, 1, 1, 0};
    return {{"probe", randomTensor(probe, Domain::Any)},
            {"indices", integers({2, 3}, {0, 4, 0, 2, 2, 1})},
            {"labels", integers({4}, {3, 0, 4, 3})},
            {"rng", integers({4}, {7, 1, 3, 0})},
            {"cond", cond}};
  }

  mlir::MLIRContext context_;
  std::mt19937 random_{kSeed};
};

double lossOf(Interpreter &interpreter, const TensorMap &inputs) {
  StatusOr<TensorMap> out = interpreter.run("gradients", inputs);
  EXPECT_TRUE(out.ok()) << out.status().message();
  return out.ok() ? (*out)["total_loss"][0] : NAN;
}

TEST_P(OpGradient, agreesWithFiniteDifferences) {
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  std::string text = moduleText(GetParam());
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context_);
  ASSERT_TRUE(module) << text;
  TensorMap inputs = this->inputs(*module);
  mlir::PassManager manager(&context_);
  manager.addPass(createBertGradients());
  ASSERT_TRUE(mlir::succeeded(manager.run(*module))) << text;
  Interpreter interpreter(*module, interpret::Rounding::None);
  for (auto variable : module->getOps<bert::VariableOp>()) {
    Status status = interpreter.setVariable(
        variable.getSymName(),
        randomTensor(variable.getTensorType(), GetParam().domain));
    ASSERT_TRUE(status.ok()) << status.message();
  }
  StatusOr<TensorMap> found = interpreter.run("gradients", inputs);
  ASSERT_TRUE(found.ok()) << found.status().message();
  for (auto variable : module->getOps<bert::VariableOp>()) {
    std::string name = variable.getSymName().str();
    const Tensor at = *interpreter.variable(name);
    double largest = 1e-3;
    for (double d : (*found)[name].values) {
      largest = std::max(largest, std::abs(d));
    }
    for (int64_t i = 0; i < at.size(); ++i) {
      const double h = 1e-5;
      Tensor moved = at;
      moved[i] = at[i] + h;
      ASSERT_TRUE(interpreter.setVariable(name, moved).ok());
      double above = lossOf(interpreter, inputs);
      moved[i] = at[i] - h;
      ASSERT_TRUE(interpreter.setVariable(name, moved).ok());
      double below = lossOf(interpreter, inputs);
      EXPECT_NEAR((*found)[name][i], (above - below) / (2 * h), 1e-6 * largest)
          << name << "[" << i << "]";
    }
    ASSERT_TRUE(interpreter.setVariable(name, at).ok());
  }
}

INSTANTIATE_TEST_SUITE_P(Bert, OpGradient, testing::ValuesIn(kCases),
                         [](const auto &info) {
                           return std::string(info.param.op) + "_" +
                                  std::to_string(info.index);
                         });

TEST(OpGradientCases, coverEveryDifferentiableOperation) {
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  mlir::MLIRContext context(registry);
  context.loadAllAvailableDialects();
  std::set<std::string> tried;
  for (const OpCase &c : kCases) {
    tried.insert("bert." + std::string(c.op));
  }
  std::set<std::string> known;
  for (mlir::RegisteredOperationName name : context.getRegisteredOperations()) {
    if (name.hasInterface<bert::DifferentiableOpInterface>()) {
      known.insert(name.getStringRef().str());
    }
  }
  EXPECT_EQ(tried, known);
}

} // namespace
} // namespace bertc
