// SPDX-License-Identifier: Apache-2.0
//
// Random graphs through every pass, and their gradients against differences of
// the loss. BERTC_TEST_SEED chooses other graphs.
#include "test/unit/compiler/differential/RandomGraph.h"
#include "compiler/interpret/Files.h"
#include "test/unit/compiler/differential/Differential.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstdlib>
#include <random>
#include <set>

namespace bertc {
namespace {

constexpr int kGraphs = 30;
constexpr int kSteps = 20;

uint64_t firstSeed() {
  const char *seed = std::getenv("BERTC_TEST_SEED");
  return seed ? std::strtoull(seed, nullptr, 10) : 1000;
}

TEST(RandomGraph, PassesPreserveTheLoss) {
  std::unique_ptr<mlir::MLIRContext> context = differentialContext();
  for (uint64_t seed = firstSeed(); seed < firstSeed() + kGraphs; ++seed) {
    std::string text = randomGraph(seed, kSteps);
    for (const std::string &pass : graphPasses()) {
      auto module = interpret::parseModule(*context, text);
      ASSERT_TRUE(module.ok()) << module.status().message();
      Status status = runAndCompare(**module, pass, seed);
      ASSERT_TRUE(status.ok()) << status.message() << "\n" << text;
    }
  }
}

TEST(RandomGraph, PassesInSequencePreserveGradients) {
  std::unique_ptr<mlir::MLIRContext> context = differentialContext();
  for (uint64_t seed = firstSeed(); seed < firstSeed() + kGraphs; ++seed) {
    std::string text = randomGraph(seed, kSteps);
    auto module = interpret::parseModule(*context, text);
    ASSERT_TRUE(module.ok()) << module.status().message();
    for (const std::string &pass : graphPasses()) {
      Status status = runAndCompare(**module, pass, seed);
      ASSERT_TRUE(status.ok()) << status.message() << "\n" << text;
    }
  }
}

/// Otherwise the tests above would say nothing about fusion.
TEST(RandomGraph, EveryFusionHappens) {
  std::unique_ptr<mlir::MLIRContext> context = differentialContext();
  std::set<std::string> found;
  for (uint64_t seed = firstSeed(); seed < firstSeed() + kGraphs; ++seed) {
    auto module = interpret::parseModule(*context, randomGraph(seed, kSteps));
    ASSERT_TRUE(module.ok()) << module.status().message();
    for (const std::string &pass : graphPasses()) {
      ASSERT_TRUE(runPass(**module, pass).ok());
      // What one fusion makes another may take further.
      (*module)->walk([&](mlir::Operation *op) {
        found.insert(op->getName().getStringRef().str());
      });
    }
  }
  for (const char *op :
       {"bert.matmul_bias", "bert.matmul_epilogue", "bert.attention_softmax",
        "bert.attention_softmax_grad", "bert.residual_layer_norm",
        "bert.residual_layer_norm_grad", "bert.accumulate"}) {
    EXPECT_TRUE(found.count(op)) << op << ", first seed " << firstSeed();
  }
}

/// The loss after moving every weight by `distance` along `direction`.
double lossAt(mlir::ModuleOp module, const interpret::TensorMap &weights,
              const interpret::TensorMap &direction, double distance,
              const std::vector<interpret::Tensor> &arguments) {
  interpret::Interpreter interpreter(module, interpret::Rounding::None);
  for (auto [name, weight] : weights) {
    const interpret::Tensor &step = direction.at(name);
    for (int64_t i = 0; i < weight.size(); ++i) {
      weight[i] += distance * step[i];
    }
    EXPECT_TRUE(interpreter.setVariable(name, weight).ok());
  }
  auto results = interpreter.call("loss", arguments);
  EXPECT_TRUE(results.ok()) << results.status().message();
  return results.ok() ? (*results)[0][0] : NAN;
}

TEST(RandomGraph, GradientsAreDifferencesOfTheLoss) {
  std::unique_ptr<mlir::MLIRContext> context = differentialContext();
  constexpr double kDistance = 1e-5;
  for (uint64_t seed = firstSeed(); seed < firstSeed() + kGraphs; ++seed) {
    std::string text = randomGraph(seed, kSteps);
    auto module = interpret::parseModule(*context, text);
    ASSERT_TRUE(module.ok()) << module.status().message();
    ASSERT_TRUE(runAndCompare(**module, "bert-gradients", seed).ok());
    interpret::Interpreter interpreter(**module, interpret::Rounding::None);
    ASSERT_TRUE(interpret::randomVariables(interpreter, **module, seed).ok());
    interpret::TensorMap weights = interpreter.variables();
    std::vector<interpret::Tensor> arguments = interpret::randomArguments(
        (*module)->lookupSymbol<mlir::func::FuncOp>("loss"), seed);
    auto outputs = interpreter.run("gradients", {{"rng", arguments[0]},
                                                 {"mask", arguments[1]},
                                                 {"indices", arguments[2]}});
    ASSERT_TRUE(outputs.ok()) << outputs.status().message();

    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    interpret::TensorMap direction = weights;
    double slope = 0;
    for (auto &[name, step] : direction) {
      for (int64_t i = 0; i < step.size(); ++i) {
        step[i] = normal(random);
        slope += step[i] * (*outputs)[name][i];
      }
    }
    double up = lossAt(**module, weights, direction, kDistance, arguments);
    double down = lossAt(**module, weights, direction, -kDistance, arguments);
    double difference = (up - down) / (2 * kDistance);
    EXPECT_NEAR(slope, difference, 1e-5 * (1 + std::abs(difference)))
        << "seed " << seed << "\n"
        << text;
  }
}

} // namespace
} // namespace bertc
