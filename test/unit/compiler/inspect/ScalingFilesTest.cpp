// SPDX-License-Identifier: Apache-2.0
//
// Measurements that the model of scaling reads.
#include "compiler/inspect/ScalingFiles.h"

#include "io/Files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bertc {
namespace {

using testing::HasSubstr;

class ScalingFiles : public testing::Test {
protected:
  /// A file of this test that holds `text`.
  std::string write(const std::string &text) {
    std::string path =
        testing::TempDir() + "scaling-" +
        testing::UnitTest::GetInstance()->current_test_info()->name();
    auto file = AtomicFile::create(path);
    EXPECT_TRUE(file.ok() && file->append(text).ok() && file->commit().ok());
    return path;
  }
  std::string errorOf(const std::string &text) {
    return readMeasuredStep(write(text)).status().message();
  }
};

const char *bench(const char *entry) {
  static std::string text;
  text = std::string(R"({"schema": "bertc.bench", "schema_version": 1,
    "entry": ")") +
         entry + R"(", "threads": 2, "sequences": 8, "step_ms_median": 2000,
    "apply_gradients_ms": 150, "step_after_apply_ms": 2050})";
  return text.c_str();
}

std::string parameters(int workers, int packed) {
  return "DLLL {\"type\":\"METADATA\",\"metric\":\"x\"}\n"
         "DLLL {\"type\":\"LOG\",\"step\":\"PARAMETER\",\"data\":{"
         "\"plan_sha256\":\"abc\",\"num_accumulation_steps\":4,\"packed\":" +
         std::to_string(packed) +
         ",\"train_batch_size\":8,\"threads\":2,\"workers\":" +
         std::to_string(workers) + "}}\n";
}

std::string update(const std::string &step, double rate) {
  return "DLLL {\"type\":\"LOG\",\"step\":" + step +
         ",\"data\":{\"throughput_train\":" + std::to_string(rate) + "}}\n";
}

TEST_F(ScalingFiles, BenchGivesStepAndUpdate) {
  auto step = readMeasuredStep(write(bench("train_step")));
  ASSERT_TRUE(step.ok()) << step.status().message();
  EXPECT_DOUBLE_EQ(step->stepSeconds, 2);
  EXPECT_DOUBLE_EQ(step->updateSeconds, 0.2);
  EXPECT_EQ(step->sequences, 8);
  EXPECT_EQ(step->threads, 2);
  EXPECT_FALSE(step->accumulation);
  EXPECT_THAT(errorOf(bench("predict")), HasSubstr("expected train_step"));
}

TEST_F(ScalingFiles, LogGivesItsSteadyThroughput) {
  std::string run = parameters(1, 0) + update("1", 1) + update("2", 4) +
                    update("3", 4) + update("[]", 16);
  auto step = readMeasuredStep(write(run));
  ASSERT_TRUE(step.ok()) << step.status().message();
  EXPECT_DOUBLE_EQ(step->stepSeconds, 0.5);
  EXPECT_EQ(step->updateSeconds, 0);
  EXPECT_EQ(step->accumulation, 4);
  EXPECT_EQ(step->planSha256, "abc");
}

TEST_F(ScalingFiles, ShortLogGivesTheUpdatesAfterTheFirst) {
  // Means of times: 1/4 and 1/2 second a sequence.
  std::string run = parameters(1, 0) + update("1", 1) + update("2", 4) +
                    update("3", 2) + update("[]", 0);
  auto step = readMeasuredStep(write(run));
  ASSERT_TRUE(step.ok()) << step.status().message();
  EXPECT_DOUBLE_EQ(step->stepSeconds, 3);
}

TEST_F(ScalingFiles, LastRunOfALogCounts) {
  std::string run =
      parameters(2, 0) + update("[]", 1) + parameters(1, 0) + update("[]", 8);
  auto step = readMeasuredStep(write(run));
  ASSERT_TRUE(step.ok()) << step.status().message();
  EXPECT_DOUBLE_EQ(step->stepSeconds, 1);
}

TEST_F(ScalingFiles, RefusesOtherFiles) {
  EXPECT_THAT(errorOf(""), HasSubstr("neither a result of bert-run bench"));
  EXPECT_THAT(errorOf("{}"), HasSubstr("key \"schema\" is missing"));
  EXPECT_THAT(errorOf("{\"schema\": \"bertc.plan\", \"schema_version\": 1}"),
              HasSubstr("schema is bertc.plan 1, expected bertc.bench 1"));
  EXPECT_THAT(errorOf("DLLL {"), HasSubstr("line 1"));
  EXPECT_THAT(errorOf(parameters(2, 0) + update("[]", 8)),
              HasSubstr("a run of 2 ranks, packed 0, expected one rank"));
  EXPECT_THAT(errorOf(parameters(1, 3) + update("[]", 8)),
              HasSubstr("packed 3"));
  EXPECT_THAT(errorOf(parameters(1, 0) + update("1", 8)),
              HasSubstr("no throughput of updates after the first"));
}

TEST_F(ScalingFiles, LinksSayWhereTheyAre) {
  std::string text = R"({"schema": "bertc.links", "schema_version": 1,
    "ranks": 2, "hosts": 2, "precision": "bf16", "bandwidth": 1e9,
    "latency": 2e-5})";
  auto links = readMeasuredLinks(write(text));
  ASSERT_TRUE(links.ok()) << links.status().message();
  EXPECT_EQ(links->link.bandwidth, 1e9);
  EXPECT_EQ(links->link.latency, 2e-5);
  EXPECT_EQ(links->hosts, 2);
  EXPECT_EQ(links->precision, "bf16");
  EXPECT_THAT(readMeasuredLinks(write("{\"schema\": \"bertc.links\", "
                                      "\"schema_version\": 1, "
                                      "\"bandwidth\": -1}"))
                  .status()
                  .message(),
              HasSubstr("key \"bandwidth\" is -1, expected at least 1"));
}

} // namespace
} // namespace bertc
