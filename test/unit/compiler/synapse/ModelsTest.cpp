// SPDX-License-Identifier: Apache-2.0
//
// Every entry of every task, in f32 and bf16, packed and not, with either
// optimizer, for both devices: the graphs compute what the interpreter does.
#include "models/Models.h"
#include "test/unit/compiler/differential/Differential.h"
#include "test/unit/compiler/synapse/LoweredModels.h"

#include "gtest/gtest.h"

namespace bertc {
namespace {

constexpr uint64_t kSeed = 31;
/// As plans of bf16 on a CPU, against the same graph. Not with relu: where its
/// operand is near 0, rounding decides whether there is a slope.
constexpr NormTolerance kBf16 = {5e-2, 1e-2};

struct Case {
  Task task;
  HiddenAct act;
  int64_t packed;
  const char *optimizer;
  bool bf16;
  const char *device;
  const char *lowering = "";
  Mode mode = Mode::Train;
  /// Whether the mask of packed sequences is explicit before the lowering.
  bool explicitMask = false;
};

BertConfig tinyConfig(HiddenAct act) {
  BertConfig config;
  config.vocabSize = 23;
  config.hiddenSize = 12;
  config.numHiddenLayers = 2;
  config.numAttentionHeads = 3;
  config.intermediateSize = 20;
  config.maxPositionEmbeddings = 9;
  config.typeVocabSize = 2;
  config.hiddenAct = act;
  config.hiddenDropoutProb = 0.25;
  config.attentionProbsDropoutProb = 0.125;
  return config;
}

ModelOptions modelOptions(const Case &test) {
  ModelOptions options;
  options.task = test.task;
  options.mode = test.mode;
  options.batchSize = 3;
  options.maxSeqLength = 7;
  options.maxPredictionsPerSeq = 4;
  options.numLabels = 3;
  options.packed = test.packed;
  return options;
}

class SynapseModelsTest : public testing::TestWithParam<Case> {};

/// Lowers the model of a case, runs `after`, and compares.
void compareModel(const Case &test, const std::vector<std::string> &after) {
  std::unique_ptr<mlir::MLIRContext> context = differentialContext();
  auto module = buildModel(*context, tinyConfig(test.act), modelOptions(test));
  ASSERT_TRUE(module.ok()) << module.status().message();
  LoweringCase options;
  options.passes = synapsePasses(test.optimizer, test.bf16);
  if (test.explicitMask) {
    options.passes.insert(options.passes.begin(),
                          "bert-packed-attention-mask{form=explicit}");
  }
  options.device = test.device;
  options.lowering = {"bert-to-synapse{device=" + options.device + " " +
                      test.lowering + "}"};
  options.lowering.insert(options.lowering.end(), after.begin(), after.end());
  options.seed = kSeed;
  if (test.bf16) {
    options.tolerance = kBf16;
  }
  Status status = compareLowering(**module, options);
  EXPECT_TRUE(status.ok()) << status.message();
}

TEST_P(SynapseModelsTest, GraphsComputeWhatTheInterpreterDoes) {
  compareModel(GetParam(), {});
}

TEST_P(SynapseModelsTest, SoDoGraphsOrderedAndCut) {
  compareModel(GetParam(), {"func.func(synapse-order-updates)",
                            "func.func(synapse-split-graphs{max-nodes=50})",
                            "synapse-plan-sections"});
}

std::string caseName(const testing::TestParamInfo<Case> &info) {
  const Case &test = info.param;
  return std::string(taskName(test.task)) + "_" + modeName(test.mode) + "_" +
         hiddenActName(test.act) + (test.packed > 0 ? "_packed_" : "_") +
         test.optimizer + (test.bf16 ? "_bf16_" : "_f32_") + test.device + "_" +
         std::to_string(info.index);
}

constexpr auto kErf = HiddenAct::Gelu;
constexpr auto kTanh = HiddenAct::GeluTanh;

INSTANTIATE_TEST_SUITE_P(
    F32, SynapseModelsTest,
    testing::Values(
        Case{Task::Pretrain, kErf, 0, "lamb", false, "gaudi"},
        Case{Task::Pretrain, kErf, 3, "lamb", false, "gaudi"},
        Case{Task::Pretrain, kTanh, 0, "adamw", false, "gaudi2"},
        Case{Task::Pretrain, kErf, 3, "adamw", false, "gaudi2"},
        Case{Task::Classify, HiddenAct::Tanh, 0, "adamw", false, "gaudi"},
        Case{Task::Classify, kErf, 3, "lamb", false, "gaudi2"},
        Case{Task::Squad, kErf, 0, "adamw", false, "gaudi2"},
        Case{Task::Squad, HiddenAct::Relu, 3, "lamb", false, "gaudi"},
        Case{Task::Encode, HiddenAct::Linear, 0, "lamb", false, "gaudi", "",
             Mode::Infer}),
    caseName);

INSTANTIATE_TEST_SUITE_P(
    ExplicitMask, SynapseModelsTest,
    testing::Values(Case{Task::Squad, kErf, 3, "adamw", false, "gaudi2", "",
                         Mode::Train, true},
                    Case{Task::Classify, kErf, 2, "adamw", true, "gaudi", "",
                         Mode::Infer, true}),
    caseName);

INSTANTIATE_TEST_SUITE_P(
    Bf16, SynapseModelsTest,
    testing::Values(Case{Task::Pretrain, kErf, 0, "lamb", true, "gaudi"},
                    Case{Task::Pretrain, kTanh, 3, "adamw", true, "gaudi2"},
                    Case{Task::Classify, kErf, 0, "lamb", true, "gaudi2"},
                    Case{Task::Classify, kErf, 3, "adamw", true, "gaudi"},
                    Case{Task::Squad, kTanh, 0, "lamb", true, "gaudi"},
                    Case{Task::Squad, kErf, 3, "adamw", true, "gaudi2"},
                    Case{Task::Encode, kErf, 0, "lamb", true, "gaudi2", "",
                         Mode::Infer}),
    caseName);

/// Gradients of embeddings by the kernel, and by products in slices.
INSTANTIATE_TEST_SUITE_P(
    Embeddings, SynapseModelsTest,
    testing::Values(Case{Task::Pretrain, kErf, 3, "lamb", false, "gaudi",
                         "one-hot-bytes=0"},
                    Case{Task::Pretrain, kErf, 3, "adamw", true, "gaudi2",
                         "one-hot-bytes=0"},
                    Case{Task::Pretrain, kErf, 3, "lamb", false, "gaudi",
                         "one-hot-bytes=500 embedding-kernel=false"},
                    Case{Task::Pretrain, kErf, 0, "lamb", true, "gaudi",
                         "one-hot-bytes=500 embedding-kernel=false"}),
    caseName);

} // namespace
} // namespace bertc
