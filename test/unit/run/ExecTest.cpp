// SPDX-License-Identifier: Apache-2.0
#include "run/Exec.h"

#include "io/SafeTensors.h"
#include "run/Bench.h"
#include "test/unit/run/RecordFiles.h"
#include "test/unit/run/TrainPlan.h"

#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace bertc;
using testing::HasSubstr;

namespace {

class ExecTest : public testing::Test {
protected:
  void SetUp() override {
    folder_ = test::freshFolder();
    rt::test::PlanBuilder builder = test::trainPlan();
    write("train.plan", builder);
    builder.plan.model->mode = "infer";
    write("infer.plan", builder);
    ids_.resize(32);
    for (size_t i = 0; i < ids_.size(); ++i) {
      ids_[i] = static_cast<int32_t>(i * 7 % 64);
    }
    inputs("in.safetensors", DataType::I32, {4, 8}, ids_.data());
  }

  void write(const std::string &name, const rt::test::PlanBuilder &builder) {
    std::vector<uint8_t> bytes = builder.build();
    ASSERT_TRUE(
        writeFileAtomically(
            folder_ + "/" + name,
            {reinterpret_cast<const char *>(bytes.data()), bytes.size()})
            .ok());
  }

  void inputs(const std::string &file, DataType dtype,
              std::vector<int64_t> shape, const void *data,
              const std::string &name = "input_ids") {
    ASSERT_TRUE(
        writeSafeTensors(folder_ + "/" + file, {{{name, dtype, shape}, data}})
            .ok());
  }

  ExecOptions options(const std::string &entry,
                      const std::string &plan = "train.plan") {
    ExecOptions options;
    options.plan = folder_ + "/" + plan;
    options.entry = entry;
    options.input = folder_ + "/in.safetensors";
    options.quiet = true;
    return options;
  }

  static std::string message(const ExecOptions &options) {
    return exec(options).status().message();
  }

  std::string folder_;
  std::vector<int32_t> ids_;
};

TEST_F(ExecTest, gathersTheRowsOfItsWeights) {
  ExecOptions first = options("predict");
  first.output = folder_ + "/out.safetensors";
  first.saveWeights = folder_ + "/w.safetensors";
  ASSERT_EQ(message(first), "");
  auto out = SafeTensorsFile::open(first.output);
  auto weights = SafeTensorsFile::open(first.saveWeights);
  ASSERT_TRUE(out.ok() && weights.ok());
  const TensorView *rows = out->find("rows");
  const TensorView *table = weights->find("bert/table");
  ASSERT_TRUE(rows && table);
  for (size_t i = 0; i < ids_.size(); ++i) {
    EXPECT_EQ(std::memcmp(rows->data + 16 * i,
                          table->data + 16 * static_cast<size_t>(ids_[i]), 16),
              0);
  }
  // The same through a plan that is not trained, where weights are mapped.
  for (const char *plan : {"train.plan", "infer.plan"}) {
    ExecOptions second = options("predict", plan);
    second.weights = first.saveWeights;
    second.expectedOutput = first.output;
    second.atol = second.rtol = 0;
    second.repeat = 3;
    auto result = exec(second);
    ASSERT_TRUE(result.ok()) << result.status().message();
    EXPECT_EQ(result->mismatches, 0);
    EXPECT_EQ(result->milliseconds.size(), 3u);
    ASSERT_EQ(result->comparisons.size(), 1u);
    EXPECT_EQ(result->comparisons[0].elements, 128);
  }
}

TEST_F(ExecTest, comparesWithTolerance) {
  ExecOptions first = options("predict");
  first.output = folder_ + "/out.safetensors";
  ASSERT_EQ(message(first), "");
  auto out = SafeTensorsFile::open(first.output);
  std::vector<float> values(128);
  std::memcpy(values.data(), out->find("rows")->data, 512);
  values[5] += 0.25f;
  inputs("expected.safetensors", DataType::F32, {4, 8, 4}, values.data(),
         "rows");
  ExecOptions second = options("predict");
  second.expectedOutput = folder_ + "/expected.safetensors";
  auto result = exec(second);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->mismatches, 1);
  EXPECT_NEAR(result->comparisons[0].maxAbsolute, 0.25, 1e-6);
  second.atol = 0.3;
  EXPECT_EQ(exec(second)->mismatches, 0);
  values[7] = NAN;
  inputs("expected.safetensors", DataType::F32, {4, 8, 4}, values.data(),
         "rows");
  EXPECT_EQ(exec(second)->mismatches, 1);
}

TEST_F(ExecTest, takesInt64ThatFits) {
  ExecOptions narrow = options("predict");
  narrow.output = folder_ + "/narrow.safetensors";
  ASSERT_EQ(message(narrow), "");
  std::vector<int64_t> wide(ids_.begin(), ids_.end());
  inputs("wide.safetensors", DataType::I64, {4, 8}, wide.data());
  ExecOptions second = options("predict");
  second.input = folder_ + "/wide.safetensors";
  second.expectedOutput = narrow.output;
  EXPECT_EQ(exec(second)->mismatches, 0);
  wide[3] = int64_t{1} << 40;
  inputs("wide.safetensors", DataType::I64, {4, 8}, wide.data());
  EXPECT_THAT(message(second), HasSubstr("element 3 is 1099511627776"));
}

TEST_F(ExecTest, suppliesTheGeneratorAndChangesVariables) {
  ExecOptions step = options("train_step");
  step.saveWeights = folder_ + "/a.safetensors";
  ASSERT_EQ(message(step), "");
  step.saveWeights = folder_ + "/b.safetensors";
  ASSERT_EQ(message(step), "");
  EXPECT_EQ(*readFile(folder_ + "/a.safetensors"),
            *readFile(folder_ + "/b.safetensors"));
  step.deterministic = true;
  ASSERT_EQ(message(step), "");
  EXPECT_NE(*readFile(folder_ + "/a.safetensors"),
            *readFile(folder_ + "/b.safetensors"));
  // The accumulators come back with the weights.
  step.weights = folder_ + "/a.safetensors";
  step.saveWeights = folder_ + "/c.safetensors";
  ASSERT_EQ(message(step), "");
  EXPECT_NE(*readFile(folder_ + "/b.safetensors"),
            *readFile(folder_ + "/c.safetensors"));
}

TEST_F(ExecTest, refusesInputsThatDoNotFit) {
  EXPECT_THAT(message(options("nope")),
              HasSubstr("no entry 'nope'; it has train_step, "
                        "apply_gradients, evaluate, predict"));
  ExecOptions missing = options("apply_gradients");
  missing.input.clear();
  EXPECT_EQ(message(missing), "no --input: entry apply_gradients also needs "
                              "learning_rate (f32 []), update_step (i32 [])");
  inputs("short.safetensors", DataType::I32, {4, 7}, ids_.data());
  ExecOptions wrong = options("predict");
  wrong.input = folder_ + "/short.safetensors";
  EXPECT_THAT(message(wrong),
              HasSubstr("input_ids is I32 [4,7], the plan takes i32 [4,8]"));
  inputs("extra.safetensors", DataType::I32, {4, 8}, ids_.data(), "ids");
  wrong.input = folder_ + "/extra.safetensors";
  EXPECT_THAT(message(wrong), HasSubstr("tensor ids is no input of entry "
                                        "predict, which takes input_ids"));
  wrong = options("predict");
  wrong.weights = wrong.input;
  EXPECT_THAT(message(wrong), HasSubstr("is a weight of the plan, which has "
                                        "bert/table"));
  ids_[0] = 64; // one past the table
  inputs("out.safetensors", DataType::I32, {4, 8}, ids_.data());
  wrong = options("predict");
  wrong.input = folder_ + "/out.safetensors";
  EXPECT_THAT(message(wrong), HasSubstr("64"));
}

TEST_F(ExecTest, benchMeasuresTrainingWithItsOptimizer) {
  BenchOptions bench;
  bench.plan = folder_ + "/train.plan";
  bench.steps = 3;
  bench.ceiling = false;
  auto result = bertc::bench(bench);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->entry, "train_step");
  EXPECT_GT(result->tokensPerSecond, 0);
  EXPECT_NEAR(result->tokensPerSecond, 8 * result->sequencesPerSecond,
              1e-6 * result->tokensPerSecond);
  EXPECT_GT(result->applyGradientsMs, 0);
  EXPECT_GT(result->applyGradientsPassMs, 0);
  EXPECT_NEAR(result->applyRatio * result->applyGradientsPassMs,
              result->applyGradientsMs, 1e-6 * result->applyGradientsMs);
  EXPECT_GT(result->applyGradientsTrafficMs, 0);
  EXPECT_NEAR(result->applyTrafficRatio * result->applyGradientsTrafficMs,
              result->applyGradientsMs, 1e-6 * result->applyGradientsMs);
  EXPECT_GT(result->peakRssBytes, 0u);
  ASSERT_FALSE(result->byKind.empty());
  for (const rt::KindTime &kind : result->byKind) {
    EXPECT_EQ(kind.calls % 3, 0u) << kind.kind;
  }
  bench.entry = "nope";
  EXPECT_THAT(bertc::bench(bench).status().message(), HasSubstr("'nope'"));
  bench.steps = 0;
  EXPECT_THAT(bertc::bench(bench).status().message(), HasSubstr("--steps"));
}

} // namespace
