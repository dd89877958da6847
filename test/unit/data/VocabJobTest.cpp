// SPDX-License-Identifier: Apache-2.0
#include "data/VocabJob.h"

#include <csignal>

#include <gtest/gtest.h>

#include "support/Signals.h"
#include "test/unit/data/TestFolder.h"

namespace bertc {
namespace {

VocabJobOptions jobOptions(const TestFolder &folder) {
  VocabJobOptions options;
  options.inputs = {genesisPath};
  options.outputFile = folder.file("vocab.txt");
  options.vocabSize = 600;
  options.quiet = true;
  return options;
}

TEST(VocabJob, WritesALoadableVocabularyOfTheSizeAskedFor) {
  TestFolder folder;
  StatusOr<Json> summary = runVocabJob(jobOptions(folder));
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  EXPECT_EQ((*summary)["tokens"], 600);
  EXPECT_EQ((*summary)["schema_version"], 1);
  StatusOr<Vocabulary> vocabulary = Vocabulary::load(folder.file("vocab.txt"));
  ASSERT_TRUE(vocabulary.ok());
  EXPECT_EQ(vocabulary->size(), 600U);
  EXPECT_GE(vocabulary->id("lord"), 0);
}

TEST(VocabJob, SameBytesAtAnyNumberOfJobs) {
  TestFolder folder;
  std::string text;
  for (int i = 0; i < 300; ++i) {
    text += TestFolder::readPath(genesisPath);
  }
  VocabJobOptions options = jobOptions(folder);
  options.inputs = {folder.write("text", text)};
  ASSERT_TRUE(runVocabJob(options).ok());
  std::string first = folder.read("vocab.txt");
  options.jobs = 3;
  ASSERT_TRUE(runVocabJob(options).ok());
  EXPECT_EQ(folder.read("vocab.txt"), first);
}

TEST(VocabJob, TextWithoutWordsIsAnError) {
  TestFolder folder;
  VocabJobOptions options = jobOptions(folder);
  options.inputs = {folder.write("empty.txt", "\n\n")};
  StatusOr<Json> summary = runVocabJob(options);
  EXPECT_EQ(summary.status().code(), StatusCode::Corrupt);
  EXPECT_EQ(folder.names(), "empty.txt");
}

TEST(VocabJob, InterruptionLeavesNothing) {
  TestFolder folder;
  installStopSignals();
  std::raise(SIGTERM);
  StatusOr<Json> summary = runVocabJob(jobOptions(folder));
  resetStopRequest();
  EXPECT_EQ(summary.status().message(),
            "interrupted; no vocabulary was written");
  EXPECT_EQ(folder.names(), "");
}

} // namespace
} // namespace bertc
