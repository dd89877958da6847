// SPDX-License-Identifier: Apache-2.0
//
// Plans for Gaudi, through recipes, sections and launches of the stand-in,
// beside the same model's plan for the CPU: gradients, updates of two steps
// each, evaluation and prediction, without dropout. Every output and every
// variable agrees, f32 within 1e-4 (2-norm of each tensor), bf16 within what
// bf16 plans differ by.
#include "test/unit/compiler/emit/PackedBatch.h"
#include "test/unit/compiler/emit/PlanRunner.h"
#include "test/unit/compiler/synapse/NormCompare.h"

#include "gtest/gtest.h"

#include <random>

namespace bertc {
namespace {

using interpret::Tensor;
using interpret::TensorMap;

constexpr uint64_t kSeed = 41;
const char kConfig[] =
    BERTC_SOURCE_DIR "/test/golden/data/bert/dropout/config.json";
constexpr NormTolerance kF32 = {1e-4, 1e-6};
constexpr NormTolerance kBf16 = {5e-2, 2e-2};

struct Case {
  Task task;
  int64_t packed;
  const char *optimizer;
  const char *precision;
  const char *target;
};

ModelOptions modelOptions(const Case &test, size_t batchSize) {
  ModelOptions options;
  options.task = test.task;
  options.mode = test.task == Task::Encode ? Mode::Infer : Mode::Train;
  options.batchSize = static_cast<int64_t>(batchSize);
  options.maxSeqLength = 12;
  options.maxPredictionsPerSeq = 4;
  options.packed = test.packed;
  options.optimizer = test.optimizer;
  options.precision = test.precision;
  return options;
}

/// Inputs of every entry.
TensorMap inputsOf(const Case &test) {
  SamplePacks packs = randomPacks({{5, 7}, {9}, {3, 6}}, 30, kSeed);
  if (test.packed == 0) {
    packs = unpacked(packs);
  }
  ModelOptions options = modelOptions(test, packs.size());
  TensorMap inputs = batchOf(packs, options);
  inputs["rng"] = Tensor{DataType::I32, {4}, {3, 0, 0, 1}};
  inputs["loss_scale"] = Tensor{DataType::F32, {}, {0.5}};
  inputs["example_weights"] = Tensor{DataType::F32,
                                     {options.batchSize},
                                     std::vector<double>(options.batchSize, 1)};
  inputs["learning_rate"] = Tensor{DataType::F32, {}, {1e-3}};
  inputs["update_step"] = Tensor{DataType::I32, {}, {1}};
  return inputs;
}

StatusOr<PlanRunner> openPlan(const Case &test, const std::string &target,
                              size_t batchSize) {
  CompileOptions options;
  options.configPath = kConfig;
  options.model = modelOptions(test, batchSize);
  options.target = target;
  Compiler compiler(options);
  BERTC_RETURN_IF_ERROR(compiler.import());
  rt::SessionOptions session;
  session.synapseLibrary = BERTC_SYNAPSE_STAND_IN;
  session.recipeCache = "off";
  return PlanRunner::create(compiler, session);
}

/// Random values for the variables of a plan; moments too, so that their decay
/// shows.
TensorMap randomVariables(const rt::Plan &plan) {
  std::mt19937_64 random(kSeed);
  std::normal_distribution<double> normal;
  TensorMap variables;
  for (const rt::VariableInfo &variable : plan.variables()) {
    Tensor tensor = Tensor::zeros(DataType::F32, variable.shape);
    bool isSquare = variable.name.find("/adam_v") != std::string::npos;
    bool isScale = variable.name.find("gamma") != std::string::npos;
    for (double &value : tensor.values) {
      value = 0.1 * normal(random);
      value = isSquare ? std::abs(value) : value + isScale;
    }
    tensor.round();
    variables[variable.name] = std::move(tensor);
  }
  return variables;
}

class SynapsePlansTest : public testing::TestWithParam<Case> {
protected:
  void runBoth(const std::string &entry) {
    if (!cpu_->plan().findEntry(entry)) {
      return;
    }
    StatusOr<TensorMap> expected = cpu_->run(entry, inputs_);
    ASSERT_TRUE(expected.ok()) << expected.status().message();
    StatusOr<TensorMap> found = gaudi_->run(entry, inputs_);
    ASSERT_TRUE(found.ok()) << entry << ": " << found.status().message();
    Status status = compareMaps(entry, *found, *expected, tolerance_);
    EXPECT_TRUE(status.ok()) << status.message();
  }

  void compareVariables(const std::string &when) {
    TensorMap found, expected;
    for (const rt::VariableInfo &variable : cpu_->plan().variables()) {
      StatusOr<Tensor> a = gaudi_->variable(variable.name);
      StatusOr<Tensor> b = cpu_->variable(variable.name);
      ASSERT_TRUE(a.ok()) << a.status().message();
      ASSERT_TRUE(b.ok()) << b.status().message();
      found[variable.name] = *a;
      expected[variable.name] = *b;
    }
    Status status = compareMaps(when, found, expected, tolerance_);
    EXPECT_TRUE(status.ok()) << status.message();
  }

  TensorMap inputs_ = inputsOf(GetParam());
  NormTolerance tolerance_ =
      std::string(GetParam().precision) == "bf16" ? kBf16 : kF32;
  std::optional<PlanRunner> cpu_, gaudi_;
};

TEST_P(SynapsePlansTest, EntriesComputeWhatTheCpuDoes) {
  size_t batchSize = inputs_["input_ids"].shape[0];
  for (auto [target, runner] :
       {std::pair("cpu", &cpu_), std::pair(GetParam().target, &gaudi_)}) {
    StatusOr<PlanRunner> opened = openPlan(GetParam(), target, batchSize);
    ASSERT_TRUE(opened.ok()) << target << ": " << opened.status().message();
    *runner = std::move(*opened);
  }
  TensorMap variables = randomVariables(cpu_->plan());
  for (auto *runner : {&cpu_, &gaudi_}) {
    Status status = (*runner)->setVariables(variables);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  ASSERT_NO_FATAL_FAILURE(runBoth("gradients"));
  for (int update = 1; update <= 3; ++update) {
    inputs_["update_step"][0] = update;
    for (const char *entry : {"train_step", "train_step", "apply_gradients"}) {
      ASSERT_NO_FATAL_FAILURE(runBoth(entry));
      ASSERT_NO_FATAL_FAILURE(compareVariables(
          std::string(entry) + " of update " + std::to_string(update)));
    }
  }
  for (const char *entry : {"evaluate", "predict"}) {
    ASSERT_NO_FATAL_FAILURE(runBoth(entry));
  }
}

std::string caseName(const testing::TestParamInfo<Case> &info) {
  const Case &test = info.param;
  return std::string(taskName(test.task)) + (test.packed ? "_packed_" : "_") +
         test.optimizer + "_" + test.precision + "_" + test.target;
}

std::vector<Case> allCases() {
  std::vector<Case> cases;
  for (Task task : {Task::Pretrain, Task::Classify, Task::Squad}) {
    for (const char *precision : {"f32", "bf16"}) {
      for (int64_t packed : {0, 2}) {
        cases.push_back({task, packed, "lamb", precision,
                         packed == 0 ? "gaudi" : "gaudi2"});
        cases.push_back({task, packed, "adamw", precision,
                         packed == 0 ? "gaudi2" : "gaudi"});
      }
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(AllTasks, SynapsePlansTest,
                         testing::ValuesIn(allCases()), caseName);

} // namespace
} // namespace bertc
