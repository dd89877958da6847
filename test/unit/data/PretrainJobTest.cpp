// SPDX-License-Identifier: Apache-2.0
#include "data/PretrainJob.h"

#include <csignal>
#include <set>

#include <gtest/gtest.h>

#include "data/InspectJob.h"
#include "io/Files.h"
#include "support/Signals.h"
#include "test/unit/data/TestFolder.h"

namespace bertc {
namespace {

PretrainJobOptions jobOptions(const TestFolder &folder) {
  PretrainJobOptions options;
  options.inputs = {genesisPath};
  options.vocabFile = vocabPath;
  options.outputDir = folder.file("records");
  options.dupeFactor = 2;
  options.shards = 3;
  options.quiet = true;
  return options;
}

Json run(const PretrainJobOptions &options) {
  StatusOr<Json> summary = runPretrainJob(options);
  EXPECT_TRUE(summary.ok()) << summary.status().message();
  return summary.ok() ? *summary : Json();
}

Status runForError(const PretrainJobOptions &options) {
  StatusOr<Json> summary = runPretrainJob(options);
  EXPECT_FALSE(summary.ok());
  return summary.ok() ? Status() : summary.status();
}

/// All shards of a folder, one after another.
std::string bytesOf(const std::string &folder) {
  StatusOr<std::vector<std::string>> names = listFiles(folder);
  EXPECT_TRUE(names.ok()) << names.status().message();
  std::string bytes;
  for (const std::string &name : *names) {
    bytes += name + ":" + TestFolder::readPath(folder + "/" + name);
  }
  return bytes;
}

StatusOr<Json> verify(const std::string &path) {
  InspectJobOptions options;
  options.inputs = {path};
  options.verify = true;
  options.vocabFile = vocabPath;
  options.quiet = true;
  options.limit = 1000000;
  return runInspectJob(options);
}

TEST(PretrainJob, RecordsVerifyAndAreCounted) {
  TestFolder folder;
  Json summary = run(jobOptions(folder));
  StatusOr<Json> checked = verify(folder.file("records"));
  ASSERT_TRUE(checked.ok()) << checked.status().message();
  EXPECT_EQ((*checked)["records"], summary["training"]["records"]);
  EXPECT_EQ((*checked)["files"], 3);
  EXPECT_EQ((*checked)["manifests"], 1);
  EXPECT_EQ((*checked)["max_seq_length"], 128);
  EXPECT_EQ((*checked)["max_predictions_per_seq"], 20);
  EXPECT_EQ(summary["documents"], 8);
  EXPECT_EQ(summary["sentences"], 206);
}

TEST(PretrainJob, SameBytesAtAnyJobsAndMemory) {
  TestFolder folder;
  PretrainJobOptions options = jobOptions(folder);
  run(options);
  std::string first = bytesOf(folder.file("records"));
  for (int jobs : {2, 5}) {
    options.jobs = jobs;
    options.memoryLimit = 128U << 20;
    options.outputDir = folder.file("again" + std::to_string(jobs));
    run(options);
    EXPECT_EQ(bytesOf(options.outputDir), first);
  }
}

TEST(PretrainJob, SeedChangesTheRecords) {
  TestFolder folder;
  PretrainJobOptions options = jobOptions(folder);
  run(options);
  options.outputDir = folder.file("other");
  options.seed = 2;
  run(options);
  EXPECT_NE(bytesOf(folder.file("records")), bytesOf(folder.file("other")));
}

TEST(PretrainJob, PassesOverTheTextDiffer) {
  TestFolder folder;
  PretrainJobOptions options = jobOptions(folder);
  options.dupeFactor = 5;
  run(options);
  StatusOr<Json> checked = verify(folder.file("records"));
  ASSERT_TRUE(checked.ok());
  std::set<std::string> texts;
  for (const Json &record : (*checked)["shown"]) {
    texts.insert(record["text"].get<std::string>());
  }
  EXPECT_EQ(texts.size(), (*checked)["shown"].size());
}

TEST(PretrainJob, HeldOutDocumentsAreApart) {
  TestFolder folder;
  PretrainJobOptions options = jobOptions(folder);
  options.testSplit = 0.3;
  Json summary = run(options);
  EXPECT_TRUE(verify(folder.file("records/training")).ok());
  EXPECT_TRUE(verify(folder.file("records/test")).ok());
  EXPECT_EQ(summary["test"]["shards"], 1);
  EXPECT_GT(summary["test"]["records"].get<int>(), 0);
  EXPECT_LT(summary["test"]["records"].get<int>(),
            summary["training"]["records"].get<int>());
}

TEST(PretrainJob, FilesCanBeNamed) {
  TestFolder folder;
  PretrainJobOptions options = jobOptions(folder);
  options.outputDir.clear();
  options.outputFiles = {folder.file("a.tfrecord"), folder.file("b.tfrecord")};
  run(options);
  EXPECT_EQ(folder.names(), "a.tfrecord a.tfrecord.manifest.json b.tfrecord "
                            "b.tfrecord.manifest.json");
  StatusOr<Json> checked = verify(folder.file("a.tfrecord"));
  ASSERT_TRUE(checked.ok()) << checked.status().message();
  EXPECT_EQ((*checked)["manifests"], 1);
}

TEST(PretrainJob, InterruptionLeavesNothing) {
  TestFolder folder;
  installStopSignals();
  std::raise(SIGTERM);
  Status status = runForError(jobOptions(folder));
  resetStopRequest();
  EXPECT_EQ(status.message(), "interrupted; no records were written");
  EXPECT_EQ(folder.names(), "");
}

TEST(PretrainJob, FullOutputFolderIsRefusedBeforeAnyWork) {
  TestFolder folder;
  ASSERT_TRUE(makeDirectories(folder.file("records")).ok());
  folder.write("records/mine", "x");
  EXPECT_EQ(runForError(jobOptions(folder)).code(),
            StatusCode::FailedPrecondition);
  EXPECT_EQ(folder.read("records/mine"), "x");
}

TEST(PretrainJob, EmptyTextIsAnError) {
  TestFolder folder;
  PretrainJobOptions options = jobOptions(folder);
  options.inputs = {folder.write("empty.txt", "\n \n")};
  Status status = runForError(options);
  EXPECT_EQ(status.code(), StatusCode::Corrupt);
  EXPECT_EQ(status.message(), "no text in 1 input file(s) of 3 bytes; expected "
                              "one sentence a line in UTF-8");
}

TEST(PretrainJob, SplitWithoutDocumentsIsAnError) {
  TestFolder folder;
  PretrainJobOptions options = jobOptions(folder);
  options.inputs = {folder.write("one.txt", "one sentence\n")};
  options.testSplit = 0.01;
  Status status = runForError(options);
  EXPECT_EQ(status.code(), StatusCode::FailedPrecondition);
  EXPECT_EQ(status.message(),
            "the test split has no document: the text has 1 document(s) "
            "(separated by blank lines), too few for --test-split 0.01");
}

TEST(CheckPretrainOptions, NamesTheFlags) {
  TestFolder folder;
  PretrainJobOptions options = jobOptions(folder);
  options.outputFiles = {"x"};
  EXPECT_EQ(checkPretrainOptions(options).message(),
            "give either --output-dir or --output-file, one of them");
  options.outputDir.clear();
  options.testSplit = 0.5;
  EXPECT_EQ(checkPretrainOptions(options).message(),
            "--test-split needs --output-dir: the two splits go to its folders "
            "training and test");
  options.testSplit = 0;
  options.instance.maxSeqLength = 16;
  EXPECT_EQ(checkPretrainOptions(options).message(),
            "--max-predictions-per-seq 20 is more than the 13 tokens that "
            "--max-seq-length 16 leaves beside [CLS] and [SEP]");
}

} // namespace
} // namespace bertc
