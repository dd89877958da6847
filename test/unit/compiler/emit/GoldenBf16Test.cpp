// SPDX-License-Identifier: Apache-2.0
//
// The golden models in bf16, by the built-in lists. Against PyTorch in f64: the
// loss within 1%, the cosine of every gradient that matters at least 0.99.
// Against the interpreter on the same bf16 graph: within 5% of the 2-norm, so
// that plans agree with each other whatever instructions a CPU has; CMake runs
// this at several ceilings. And with queries, keys and values in one step
// against three: the same bits.

#include "dialects/bert/BertOps.h"
#include "test/unit/compiler/emit/PlanRunner.h"
#include "test/unit/models/GoldenCase.h"

#include <gtest/gtest.h>

#include <cmath>

namespace bertc {
namespace {

using interpret::Interpreter;
using interpret::Tensor;
using interpret::TensorMap;

constexpr double kLossTolerance = 1e-2;
constexpr double kLeastCosine = 0.99;
/// Golden weights have a deviation of 0.3, fifteen times that of a fresh model.
/// With the 64 features of the case "wide" softmaxes saturate, and rounding the
/// sum of the embeddings, as the lists have it, shows (0.985 measured;
/// docs/rationale/bf16.md).
constexpr double kLeastCosineWide = 0.98;
constexpr double kInterpreterTolerance = 5e-2;
/// Gradients below this share of the largest are mostly what rounding left of
/// terms that cancel: key biases, and segments that occur once.
constexpr double kShareThatMatters = 1e-2;

double cosine(const Tensor &a, const Tensor &b) {
  double product = 0.0;
  for (int64_t i = 0; i < a.size(); ++i) {
    product += a[i] * b[i];
  }
  return product / (normOf(a) * normOf(b));
}

double largestNorm(const TensorMap &tensors) {
  double largest = 0.0;
  for (const auto &[name, tensor] : tensors) {
    largest = std::max(largest, tensor.rank() == 0 ? 0.0 : normOf(tensor));
  }
  return largest;
}

/// Undoes bert-fuse-qkv; returns how many groups there were.
int splitGroups(mlir::ModuleOp module) {
  int count = 0;
  module.walk([&](bert::MatmulGroupOp group) {
    mlir::OpBuilder builder(group);
    for (auto [i, weight, product] :
         llvm::enumerate(group.getWeights(), group.getProducts())) {
      ASSERT_FALSE(group.getBiases().empty());
      auto single = bert::MatmulBiasOp::create(
          builder, group.getLoc(), group.getX(), weight, group.getBiases()[i]);
      single.getC().setType(
          llvm::cast<mlir::RankedTensorType>(product.getType()));
      product.replaceAllUsesWith(single.getC());
    }
    group.erase();
    ++count;
  });
  return count;
}

class GoldenBf16 : public testing::TestWithParam<const char *> {
protected:
  GoldenBf16() : golden_(GetParam()) {}

  static CompileOptions bf16(CompileOptions options) {
    options.model.precision = "bf16";
    return options;
  }

  void runPlan(const std::string &entry, TensorMap &found,
               bool splits = false) {
    Compiler compiler(bf16(golden_.options()));
    Status status = compiler.import();
    ASSERT_TRUE(status.ok()) << status.message();
    if (splits) {
      status = compiler.runThrough(Phase::Fuse);
      ASSERT_TRUE(status.ok()) << status.message();
      EXPECT_GT(splitGroups(compiler.module()), 0);
    }
    StatusOr<PlanRunner> runner = PlanRunner::create(compiler);
    ASSERT_TRUE(runner.ok()) << runner.status().message();
    status = runner->setVariables(golden_.tensors("weights"));
    ASSERT_TRUE(status.ok()) << status.message();
    StatusOr<TensorMap> results =
        runner->run(entry, golden_.tensors(entry + ".in"));
    ASSERT_TRUE(results.ok()) << results.status().message();
    found = std::move(*results);
  }

  void runInterpreter(const std::string &entry, TensorMap &found) {
    Compiler compiler(bf16(golden_.options()));
    Status status = compiler.import();
    ASSERT_TRUE(status.ok()) << status.message();
    status = compiler.runThrough(Phase::Precision);
    ASSERT_TRUE(status.ok()) << status.message();
    Interpreter interpreter(compiler.module());
    setWeights(interpreter, golden_.tensors("weights"));
    StatusOr<TensorMap> results =
        interpreter.run(entry, golden_.tensors(entry + ".in"));
    ASSERT_TRUE(results.ok()) << results.status().message();
    found = std::move(*results);
  }

  GoldenCase golden_;
};

TEST_P(GoldenBf16, LossAndGradientsAreThoseOfF64) {
  TensorMap found;
  ASSERT_NO_FATAL_FAILURE(runPlan("gradients", found));
  TensorMap expected = golden_.tensors("gradients.out");
  double least = kShareThatMatters * largestNorm(expected);
  double worst = 1.0;
  for (const auto &[name, tensor] : expected) {
    if (tensor.rank() == 0) {
      EXPECT_NEAR(found[name][0], tensor[0],
                  kLossTolerance * std::abs(tensor[0]))
          << name;
    } else if (normOf(tensor) > least) {
      double c = cosine(found[name], tensor);
      worst = std::min(worst, c);
      EXPECT_GE(c, std::string(GetParam()) == "wide" ? kLeastCosineWide
                                                     : kLeastCosine)
          << name << ", norm " << normOf(tensor);
    }
  }
  RecordProperty("least_cosine", std::to_string(worst));
}

TEST_P(GoldenBf16, PlanAgreesWithInterpreter) {
  for (const char *entry : {"gradients", "evaluate", "predict"}) {
    TensorMap found, expected;
    ASSERT_NO_FATAL_FAILURE(runPlan(entry, found));
    ASSERT_NO_FATAL_FAILURE(runInterpreter(entry, expected));
    double atol = kInterpreterTolerance * largestNorm(expected);
    for (const auto &[name, tensor] : expected) {
      expectClose(std::string(entry) + "/" + name, found[name], tensor,
                  kInterpreterTolerance, tensor.rank() == 0 ? 0.0 : atol);
    }
  }
}

TEST_P(GoldenBf16, GroupedProductsHaveTheBitsOfSingleOnes) {
  for (const char *entry : {"gradients", "predict"}) {
    TensorMap together, single;
    ASSERT_NO_FATAL_FAILURE(runPlan(entry, together));
    ASSERT_NO_FATAL_FAILURE(runPlan(entry, single, /*splits=*/true));
    for (const auto &[name, tensor] : single) {
      EXPECT_EQ(together[name].values, tensor.values) << entry << "/" << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Bert, GoldenBf16,
                         testing::Values("gelu_padding", "gelu_tanh_odd",
                                         "one_head", "many_heads", "wide",
                                         "dropout", "classify", "squad"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

} // namespace
} // namespace bertc
