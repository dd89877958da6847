// SPDX-License-Identifier: Apache-2.0
//
// The bf16 conversion on every task and on random graphs. Without rounding it
// changes nothing but constants, which are few and exact here; and with values
// in two types every later pass preserves what it is given.
#include "compiler/interpret/Files.h"
#include "models/Models.h"
#include "test/unit/compiler/differential/Differential.h"
#include "test/unit/compiler/differential/RandomGraph.h"

#include "gtest/gtest.h"

#include <algorithm>

namespace bertc {
namespace {

constexpr uint64_t kSeed = 21;
constexpr interpret::Tolerance kExact = {1e-6, 1e-6};

/// A head has 4 elements, so that its scale 1/2 is exact in bf16.
BertConfig tinyConfig() {
  BertConfig config;
  config.vocabSize = 13;
  config.hiddenSize = 8;
  config.numHiddenLayers = 2;
  config.numAttentionHeads = 2;
  config.intermediateSize = 10;
  config.maxPositionEmbeddings = 7;
  config.typeVocabSize = 2;
  config.hiddenDropoutProb = 0.25;
  config.attentionProbsDropoutProb = 0.125;
  return config;
}

/// All passes in the compiler's order, the conversion after the optimizer.
std::vector<std::string> passes() {
  std::vector<std::string> all = graphPasses();
  auto at = std::find(all.begin(), all.end(), "bert-optimizer");
  if (std::find(all.begin(), all.end(), "bert-bf16-conversion") == all.end()) {
    all.insert(at + 1, "bert-bf16-conversion");
  }
  return all;
}

class Bf16Test : public testing::TestWithParam<std::pair<Task, Mode>> {};

TEST_P(Bf16Test, ConversionAndLaterPassesPreserveEveryFunction) {
  std::unique_ptr<mlir::MLIRContext> context = differentialContext();
  ModelOptions options;
  options.task = GetParam().first;
  options.mode = GetParam().second;
  options.batchSize = 2;
  options.maxSeqLength = 5;
  options.maxPredictionsPerSeq = 3;
  options.numLabels = 3;
  auto module = buildModel(*context, tinyConfig(), options);
  ASSERT_TRUE(module.ok()) << module.status().message();
  for (const std::string &pass : passes()) {
    Status status =
        runAndCompare(**module, pass, kSeed, interpret::Rounding::None, kExact);
    ASSERT_TRUE(status.ok()) << status.message();
  }
}

INSTANTIATE_TEST_SUITE_P(AllTasks, Bf16Test,
                         testing::Values(std::pair(Task::Pretrain, Mode::Train),
                                         std::pair(Task::Classify, Mode::Train),
                                         std::pair(Task::Squad, Mode::Train),
                                         std::pair(Task::Encode, Mode::Infer)),
                         [](const auto &info) {
                           return std::string(taskName(info.param.first));
                         });

TEST(Bf16RandomTest, ConversionAndLaterPassesPreserveRandomGraphs) {
  for (uint64_t seed = 100; seed < 130; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::unique_ptr<mlir::MLIRContext> context = differentialContext();
    std::string text = randomGraph(seed, 20);
    auto module = interpret::parseModule(*context, text);
    ASSERT_TRUE(module.ok()) << module.status().message();
    for (const std::string &pass : passes()) {
      Status status = runAndCompare(**module, pass, seed,
                                    interpret::Rounding::None, kExact);
      ASSERT_TRUE(status.ok()) << status.message() << "\n" << text;
    }
  }
}

} // namespace
} // namespace bertc
