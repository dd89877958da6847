// SPDX-License-Identifier: Apache-2.0
#include "tasks/ClassificationResults.h"

#include "test/unit/tasks/TaskTesting.h"

namespace bertc {
namespace {

ClassificationMetrics metricsOf(
    const std::vector<std::pair<int32_t, int32_t>> &labelsAndPredictions) {
  ClassificationMetrics metrics;
  for (auto [label, prediction] : labelsAndPredictions) {
    float scores[3] = {-1, -1, -1};
    scores[prediction] = 2;
    metrics.add(label, scores, 3);
  }
  return metrics;
}

TEST(ClassificationMetrics, AccuracyAndF1) {
  // Class 1: two found of three, one found wrongly.
  ClassificationMetrics metrics =
      metricsOf({{1, 1}, {1, 1}, {1, 0}, {0, 1}, {0, 0}, {2, 2}});
  EXPECT_EQ(metrics.count(), 6U);
  EXPECT_DOUBLE_EQ(metrics.accuracy(), 4.0 / 6);
  EXPECT_DOUBLE_EQ(metrics.f1(), 2.0 / 3);
}

TEST(ClassificationMetrics, NothingFoundIsZero) {
  EXPECT_EQ(metricsOf({{1, 0}, {0, 0}}).f1(), 0);
  EXPECT_EQ(metricsOf({{0, 0}}).f1(), 0);
  EXPECT_EQ(metricsOf({}).accuracy(), 0);
}

TEST(ClassificationMetrics, TheFirstOfEqualScoresIsThePrediction) {
  ClassificationMetrics metrics;
  const float scores[] = {0.5F, 0.5F};
  metrics.add(0, scores, 2);
  EXPECT_EQ(metrics.accuracy(), 1);
}

TEST(ClassificationResults, EvalResultsAreSortedLines) {
  TestFolder folder;
  Metrics metrics = {{"loss", 0.45205873F},
                     {"eval_accuracy", 0.8676471F},
                     {"global_step", int64_t{171}},
                     {"eval_loss", 0.5F}};
  ASSERT_TRUE(writeEvalResults(folder.file("eval_results.txt"), metrics).ok());
  EXPECT_EQ(folder.read("eval_results.txt"), "eval_accuracy = 0.8676471\n"
                                             "eval_loss = 0.5\n"
                                             "global_step = 171\n"
                                             "loss = 0.45205873\n");
}

TEST(ClassificationResults, TestResultsAreLinesOfProbabilities) {
  TestFolder folder;
  ASSERT_TRUE(writeTestResults(folder.file("test_results.tsv"),
                               {0.25F, 0.75F, 0.99995F, 5e-5F}, 2)
                  .ok());
  EXPECT_EQ(folder.read("test_results.tsv"), "0.25\t0.75\n0.99995\t5e-05\n");
  EXPECT_EQ(folder.names(), "test_results.tsv");
}

} // namespace
} // namespace bertc
