// SPDX-License-Identifier: Apache-2.0
//
// Every task in both modes, through every pass in the compiler's order: each
// function computes after the pass what it computed before.
#include "models/Models.h"
#include "test/unit/compiler/differential/Differential.h"

#include "mlir/Parser/Parser.h"

#include "gtest/gtest.h"

namespace bertc {
namespace {

constexpr uint64_t kSeed = 20;

struct Case {
  Task task;
  Mode mode;
  HiddenAct act;
  int64_t packed = 0;
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

/// The values that @f of a module gives for `numbers` [3,6], after the mask
/// pass in this form, or without it.
std::vector<double> runMask(mlir::MLIRContext &context, const std::string &text,
                            const std::string &form,
                            const std::vector<double> &numbers) {
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  EXPECT_TRUE(module);
  if (!form.empty()) {
    Status status =
        runPass(*module, "bert-packed-attention-mask{form=" + form + "}");
    EXPECT_TRUE(status.ok()) << status.message();
  }
  auto results = interpret::Interpreter(*module).call(
      "f", {interpret::Tensor{DataType::I32, {3, 6}, numbers}});
  EXPECT_TRUE(results.ok()) << results.status().message();
  return results.ok() ? results->front().values : std::vector<double>();
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
  options.packed = GetParam().packed;
  auto module = buildModel(*context, tinyConfig(GetParam().act), options);
  ASSERT_TRUE(module.ok()) << module.status().message();
  for (const std::string &pass : graphPasses()) {
    Status status = runAndCompare(**module, pass, kSeed);
    ASSERT_TRUE(status.ok()) << status.message();
  }
}

/// The twin of train_step for several workers does what the entry does when
/// there is one, whether it clips or not.
TEST_P(ModelsTest, TwinForWorkersIsTrainStep) {
  if (GetParam().mode == Mode::Infer) {
    return;
  }
  std::unique_ptr<mlir::MLIRContext> context = differentialContext();
  ModelOptions options;
  options.task = GetParam().task;
  options.batchSize = 2;
  options.maxSeqLength = 5;
  options.maxPredictionsPerSeq = 3;
  options.packed = GetParam().packed;
  auto module = buildModel(*context, tinyConfig(GetParam().act), options);
  ASSERT_TRUE(module.ok()) << module.status().message();
  for (const std::string &pass : graphPasses()) {
    ASSERT_TRUE(runPass(**module, pass).ok()) << pass;
  }
  for (const char *form : {"early", "ordered"}) {
    mlir::OwningOpRef<mlir::ModuleOp> after = (*module)->clone();
    std::string pass =
        std::string("bert-distribute{bucket-bytes=300 form=") + form + "}";
    ASSERT_TRUE(runPass(*after, pass).ok()) << pass;
    after->lookupSymbol("train_step")->erase();
    mlir::SymbolTable::setSymbolName(after->lookupSymbol("train_step_last"),
                                     "train_step");
    Status status =
        interpret::compareModules(*after, **module, "train_step", kSeed,
                                  {1e-6, 1e-6}, interpret::Rounding::None);
    EXPECT_TRUE(status.ok()) << form << ": " << status.message();
  }
}

TEST(PackedModels, EitherFormOfTheMaskPreservesEveryFunction) {
  for (Task task : {Task::Pretrain, Task::Classify, Task::Squad}) {
    for (const char *form : {"explicit", "ranges"}) {
      std::unique_ptr<mlir::MLIRContext> context = differentialContext();
      ModelOptions options;
      options.task = task;
      options.batchSize = 2;
      options.maxSeqLength = 7;
      options.maxPredictionsPerSeq = 3;
      options.packed = 3;
      auto module = buildModel(*context, tinyConfig(HiddenAct::Gelu), options);
      ASSERT_TRUE(module.ok()) << module.status().message();
      Status status = runAndCompare(
          **module,
          std::string("bert-packed-attention-mask{form=") + form + "}", kSeed);
      ASSERT_TRUE(status.ok()) << status.message();
    }
  }
}

/// With padding, a sequence of one token, and a row that is full.
TEST(PackedMask, BothFormsAreTheMaskItself) {
  const std::string text =
      "func.func @f(%n: tensor<3x6xi32>) -> tensor<3x1x6x6xf32> {\n"
      "  %m = bert.packed_mask %n : (tensor<3x6xi32>) -> "
      "tensor<3x1x6x6xf32>\n"
      "  return %m : tensor<3x1x6x6xf32>\n}";
  const std::vector<double> numbers = {1, 1, 2, 0, 0, 0, //
                                       1, 2, 2, 3, 3, 3, //
                                       0, 0, 0, 0, 0, 0};
  std::unique_ptr<mlir::MLIRContext> context = differentialContext();
  auto expected = runMask(*context, text, "", numbers);
  for (const char *form : {"explicit", "ranges"}) {
    EXPECT_EQ(runMask(*context, text, form, numbers), expected) << form;
  }
}

std::string caseName(const testing::TestParamInfo<Case> &info) {
  return std::string(taskName(info.param.task)) + "_" +
         modeName(info.param.mode) + "_" + hiddenActName(info.param.act) +
         (info.param.packed > 0 ? "_packed" : "");
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
                    Case{Task::Encode, Mode::Infer, HiddenAct::Gelu},
                    Case{Task::Pretrain, Mode::Train, HiddenAct::Gelu, 3},
                    Case{Task::Pretrain, Mode::Infer, HiddenAct::Gelu, 2},
                    Case{Task::Classify, Mode::Train, HiddenAct::Gelu, 2},
                    Case{Task::Squad, Mode::Train, HiddenAct::Gelu, 3}),
    caseName);

} // namespace
} // namespace bertc
