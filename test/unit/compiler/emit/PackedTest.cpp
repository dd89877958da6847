// SPDX-License-Identifier: Apache-2.0
//
// Packed against unpacked: the same sequences, several a row and one a row,
// without dropout, give the same losses, gradients and predictions. Exact
// arithmetic within 1e-5 (the 1e-5 in the denominators of packed means, divided
// by the number of sequences), plans in f32 within 1e-5 for losses and 1e-4 for
// gradients (2-norm of each tensor).

#include "compiler/interpret/Compare.h"
#include "test/unit/compiler/emit/PackedBatch.h"
#include "test/unit/compiler/emit/PlanRunner.h"
#include "test/unit/models/GoldenCase.h"

#include <gtest/gtest.h>

#include <set>

namespace bertc {
namespace {

using interpret::Interpreter;
using interpret::Rounding;
using interpret::Tensor;
using interpret::TensorMap;

constexpr uint64_t kSeed = 31;
constexpr int kVocabulary = 50; // of the configuration below
constexpr int64_t kMostPositions = 16;
const char kConfig[] =
    BERTC_SOURCE_DIR "/test/golden/data/bert/gelu_padding/config.json";

struct Packs {
  const char *name;
  int64_t packed;    // K
  int64_t positions; // S of a pack
  std::vector<std::vector<int>> lengths;
};

void PrintTo(const Packs &packs, std::ostream *out) { *out << packs.name; }

/// What runs a model: the interpreter after a phase, or the plan.
struct Engine {
  const char *name;
  Phase phase; // Plan for the runtime
  double lossTolerance;
  double tensorTolerance;
};

void PrintTo(const Engine &engine, std::ostream *out) { *out << engine.name; }

const Engine kEngines[] = {{"Interpreted", Phase::Optimizer, 1e-5, 1e-5},
                           {"Fused", Phase::Fuse, 1e-5, 1e-5},
                           {"Plan", Phase::Plan, 1e-5, 1e-4}};

class Packed : public testing::TestWithParam<std::tuple<Task, Packs, Engine>> {
protected:
  void SetUp() override {
    const auto &[task, packs, engine] = GetParam();
    samples_ = randomPacks(packs.lengths, kVocabulary, kSeed);
    options_.task = plain_.task = task;
    options_.packed = packs.packed;
    options_.batchSize = packs.lengths.size();
    options_.maxSeqLength = packs.positions;
    options_.maxPredictionsPerSeq = 6;
    plain_.batchSize = unpacked(samples_).size();
    plain_.maxPredictionsPerSeq = 8;
    plain_.maxSeqLength = kMostPositions;
    if (task == Task::Squad) {
      // Unpacked, padding takes part in the softmax over positions.
      plain_.maxSeqLength = packs.lengths[0][0];
    }
  }

  StatusOr<TensorMap> runPacked(const std::string &entry) {
    return run(options_, entry, batchOf(samples_, options_));
  }
  StatusOr<TensorMap> runPlain(const std::string &entry) {
    return run(plain_, entry, batchOf(unpacked(samples_), plain_));
  }

  /// Adds what the entry takes besides, and leaves out what it does not.
  StatusOr<TensorMap> run(const ModelOptions &model, const std::string &entry,
                          TensorMap batch) {
    const Engine &engine = std::get<2>(GetParam());
    CompileOptions options;
    options.configPath = kConfig;
    options.model = model;
    Compiler compiler(options);
    BERTC_RETURN_IF_ERROR(compiler.import());
    bool plan = engine.phase == Phase::Plan;
    BERTC_RETURN_IF_ERROR(
        compiler.runThrough(plan ? Phase::Optimizer : engine.phase));
    Interpreter interpreter(compiler.module(), Rounding::None);
    BERTC_RETURN_IF_ERROR(
        interpret::randomVariables(interpreter, compiler.module(), kSeed));
    batch["rng"] = Tensor::zeros(DataType::I32, {4});
    batch["rng"][3] = 1; // dropout off
    batch["example_weights"] =
        Tensor{DataType::F32,
               {model.batchSize},
               std::vector<double>(model.batchSize, 1.0)};
    auto function = compiler.module().lookupSymbol<mlir::func::FuncOp>(entry);
    TensorMap inputs;
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      std::string name =
          function.getArgAttrOfType<mlir::StringAttr>(i, "bert.name").str();
      inputs[name] = batch.at(name);
    }
    if (!plan) {
      return interpreter.run(entry, inputs);
    }
    TensorMap weights;
    for (const auto &[name, value] : interpreter.variables()) {
      if (name.find("/adam_") == std::string::npos &&
          name.find("/accum") == std::string::npos) {
        weights[name] = value;
      }
    }
    BERTC_ASSIGN_OR_RETURN(PlanRunner runner, PlanRunner::create(compiler));
    BERTC_RETURN_IF_ERROR(runner.setVariables(weights));
    return runner.run(entry, inputs);
  }

  void compare(const TensorMap &found, const TensorMap &expected,
               const std::set<std::string> &except) {
    const Engine &engine = std::get<2>(GetParam());
    double largest = 0.0;
    for (const auto &[name, tensor] : expected) {
      largest = std::max(largest, normOf(tensor));
    }
    ASSERT_EQ(found.size(), expected.size());
    for (const auto &[name, tensor] : expected) {
      bool loss = tensor.rank() == 0;
      if (except.count(name) == 0) {
        expectClose(name, found.at(name), tensor,
                    loss ? engine.lossTolerance : engine.tensorTolerance,
                    loss ? 0.0 : 1e-2 * engine.tensorTolerance * largest);
      }
    }
  }

  SamplePacks samples_;
  ModelOptions options_, plain_;
};

TEST_P(Packed, lossesAndGradients) {
  StatusOr<TensorMap> found = runPacked("gradients");
  ASSERT_TRUE(found.ok()) << found.status().message();
  StatusOr<TensorMap> expected = runPlain("gradients");
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  compare(*found, *expected, {});
}

TEST_P(Packed, evaluation) {
  StatusOr<TensorMap> found = runPacked("evaluate");
  ASSERT_TRUE(found.ok()) << found.status().message();
  StatusOr<TensorMap> expected = runPlain("evaluate");
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  // Of other shapes; the prediction test compares them.
  compare(*found, *expected,
          {"logits", "probabilities", "start_logits", "end_logits"});
}

/// Row b*K+k of the packed results is that of the sequence, and places without
/// a sequence are left out.
TEST_P(Packed, predictions) {
  const Engine &engine = std::get<2>(GetParam());
  StatusOr<TensorMap> found = runPacked("predict");
  ASSERT_TRUE(found.ok()) << found.status().message();
  StatusOr<TensorMap> expected = runPlain("predict");
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  for (const auto &[name, all] : *expected) {
    if (name == "masked_lm_log_probs") {
      continue; // compared by the losses
    }
    const Tensor &packed = found->at(name);
    int64_t row = 0;
    for (size_t pack = 0; pack < samples_.size(); ++pack) {
      int64_t offset = 0;
      for (size_t k = 0; k < samples_[pack].size(); ++k, ++row) {
        int64_t width = all.rowSize();
        int64_t from = (pack * options_.packed + k) * packed.rowSize() +
                       (packed.rowSize() == width ? 0 : offset);
        for (int64_t i = 0; i < width; ++i) {
          EXPECT_NEAR(packed[from + i], all[row * width + i],
                      1e2 * engine.lossTolerance)
              << name << ", pack " << pack << ", sequence " << k;
        }
        offset += samples_[pack][k].ids.size();
      }
    }
  }
}

/// Outside its sequence no token can be the answer.
TEST_P(Packed, spansStayInsideTheirSequence) {
  if (options_.task != Task::Squad) {
    GTEST_SKIP() << "only squad has spans";
  }
  StatusOr<TensorMap> found = runPacked("predict");
  ASSERT_TRUE(found.ok()) << found.status().message();
  TensorMap batch = batchOf(samples_, options_);
  const Tensor &mask = batch.at("input_mask");
  const Tensor &start = found->at("start_logits");
  int64_t positions = options_.maxSeqLength;
  ASSERT_EQ(start.size(), options_.batchSize * options_.packed * positions);
  for (int64_t i = 0; i < start.size(); ++i) {
    int64_t row = i / positions / options_.packed;
    int64_t number = i / positions % options_.packed + 1;
    bool own = mask[row * positions + i % positions] == number;
    EXPECT_EQ(start[i] == -10000, !own) << i;
  }
}

std::string
nameOf(const testing::TestParamInfo<std::tuple<Task, Packs, Engine>> &info) {
  return std::string(taskName(std::get<0>(info.param))) + "_" +
         std::get<1>(info.param).name + "_" + std::get<2>(info.param).name;
}

INSTANTIATE_TEST_SUITE_P(
    AnyLengths, Packed,
    testing::Combine(
        testing::Values(Task::Pretrain, Task::Classify),
        testing::Values(Packs{"K1", 1, 12, {{5}, {12}, {9}}},
                        Packs{"K2", 2, 12, {{5, 7}, {9}, {3, 6}}},
                        Packs{"K3", 3, 16, {{5, 4, 7}, {2, 9}, {16}, {3, 3}}},
                        Packs{"K3Full", 3, 12, {{4, 3, 5}}}),
        testing::ValuesIn(kEngines)),
    nameOf);

INSTANTIATE_TEST_SUITE_P(
    EqualLengths, Packed,
    testing::Combine(testing::Values(Task::Squad),
                     testing::Values(Packs{"K1", 1, 12, {{7}, {7}}},
                                     Packs{"K2", 2, 12, {{5, 5}, {5}}},
                                     Packs{"K3", 3, 16, {{4, 4, 4}, {4, 4}}}),
                     testing::ValuesIn(kEngines)),
    nameOf);

} // namespace
} // namespace bertc
