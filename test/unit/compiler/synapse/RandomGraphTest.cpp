// SPDX-License-Identifier: Apache-2.0
//
// Random graphs and their gradients through the lowering. BERTC_TEST_SEED
// chooses other graphs.
#include "test/unit/compiler/differential/RandomGraph.h"
#include "compiler/interpret/Files.h"
#include "test/unit/compiler/differential/Differential.h"
#include "test/unit/compiler/synapse/LoweredModels.h"

#include "gtest/gtest.h"

#include <cstdlib>

namespace bertc {
namespace {

constexpr int kGraphs = 30;
constexpr int kSteps = 20;

uint64_t firstSeed() {
  const char *seed = std::getenv("BERTC_TEST_SEED");
  return seed ? std::strtoull(seed, nullptr, 10) : 2000;
}

TEST(SynapseRandomGraph, GraphsComputeWhatTheInterpreterDoes) {
  std::unique_ptr<mlir::MLIRContext> context = differentialContext();
  for (uint64_t seed = firstSeed(); seed < firstSeed() + kGraphs; ++seed) {
    std::string text = randomGraph(seed, kSteps);
    auto module = interpret::parseModule(*context, text);
    ASSERT_TRUE(module.ok()) << module.status().message();
    LoweringCase options;
    options.passes = synapsePasses("lamb");
    options.seed = seed;
    Status status = compareLowering(**module, options);
    ASSERT_TRUE(status.ok())
        << "seed " << seed << ": " << status.message() << "\n"
        << text;
  }
}

} // namespace
} // namespace bertc
