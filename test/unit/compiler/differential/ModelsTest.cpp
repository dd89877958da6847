// SPDX-License-Identifier: Apache-2.0
//
// Every task in both modes, through every pass in the compiler's order: each
// function computes after the pass what it computed before.
#include "models/Models.h"
#include "test/unit/compiler/differential/Differential.h"

#include "gtest/gtest.h"

namespace bertc {
namespace {

constexpr uint64_t kSeed = 20;

struct Case {
  Task task;
  Mode mode;
  HiddenAct act;
};

BertConfig tinyConfig(HiddenAct act) {
  BertConfig config;
  config.vocabSize = 13;
  config.hiddenSize = 6;
  config.numHiddenLayers = 2;
  config.numAttentionHeads = 2;
  config.intermediateSize = 10;
  config.maxPositionEmbeddings = 7;
  config.typeVocabSize = 2;
  config.hiddenAct = act;
  config.hiddenDropoutProb = 0.25;
  config.attentionProbsDropoutProb = 0.125;
  return config;
}

class ModelsTest : public testing::TestWithParam<Case> {};

TEST_P(ModelsTest, PassesPreserveEveryFunction) {
  std::unique_ptr<mlir::MLIRContext> context = differentialContext();
  ModelOptions options;
  options.task = GetParam().task;
  options.mode = GetParam().mode;
  options.batchSize = 2;
  options.maxSeqLength = 5;
  options.maxPredictionsPerSeq = 3;
  options.numLabels = 3;
  auto module = buildModel(*context, tinyConfig(GetParam().act), options);
  ASSERT_TRUE(module.ok()) << module.status().message();
  for (const std::string &pass : graphPasses()) {
    Status status = runAndCompare(**module, pass, kSeed);
    ASSERT_TRUE(status.ok()) << status.message();
  }
}

std::string caseName(const testing::TestParamInfo<Case> &info) {
  return std::string(taskName(info.param.task)) + "_" +
         modeName(info.param.mode) + "_" + hiddenActName(info.param.act);
}

INSTANTIATE_TEST_SUITE_P(
    AllTasks, ModelsTest,
    testing::Values(Case{Task::Pretrain, Mode::Train, HiddenAct::Gelu},
                    Case{Task::Pretrain, Mode::Train, HiddenAct::GeluTanh},
                    Case{Task::Pretrain, Mode::Train, HiddenAct::Linear},
                    Case{Task::Pretrain, Mode::Infer, HiddenAct::Relu},
                    Case{Task::Classify, Mode::Train, HiddenAct::Tanh},
                    Case{Task::Classify, Mode::Infer, HiddenAct::Gelu},
                    Case{Task::Squad, Mode::Train, HiddenAct::Gelu},
                    Case{Task::Squad, Mode::Infer, HiddenAct::GeluTanh},
                    Case{Task::Encode, Mode::Infer, HiddenAct::Gelu}),
    caseName);

} // namespace
} // namespace bertc
