// SPDX-License-Identifier: Apache-2.0
#include "data/InspectJob.h"

#include <cmath>
#include <map>

#include <gmock/gmock.h>

#include "data/PretrainJob.h"
#include "data/RecordCheck.h"
#include "io/TfRecord.h"
#include "test/unit/data/TestFolder.h"

namespace bertc {
namespace {

using ::testing::HasSubstr;

class InspectJob : public ::testing::Test {
protected:
  void SetUp() override {
    PretrainJobOptions options;
    options.inputs = {genesisPath};
    options.vocabFile = vocabPath;
    options.outputDir = folder_.file("records");
    options.dupeFactor = 1;
    options.shards = 2;
    options.quiet = true;
    StatusOr<Json> summary = runPretrainJob(options);
    ASSERT_TRUE(summary.ok()) << summary.status().message();
  }

  StatusOr<Json> inspect(bool verify, const std::string &vocabFile = "") {
    InspectJobOptions options;
    options.inputs = {folder_.file("records")};
    options.verify = verify;
    options.vocabFile = vocabFile;
    options.quiet = true;
    return runInspectJob(options);
  }

  std::string shard() const { return "records/part-00001-of-00002.tfrecord"; }

  TestFolder folder_;
};

TEST_F(InspectJob, PrintsRecordsAndStatistics) {
  StatusOr<Json> document = inspect(false, vocabPath);
  ASSERT_TRUE(document.ok()) << document.status().message();
  EXPECT_EQ((*document)["shown"].size(), 3U);
  std::string text = inspectText(*document);
  EXPECT_THAT(text, HasSubstr("[CLS]"));
  EXPECT_THAT(text, HasSubstr("[MASK]("));
  EXPECT_THAT(text, HasSubstr("sequence length 128, 20 predictions at most"));
  uint64_t binned = 0;
  for (const Json &bin : (*document)["length_histogram"]) {
    binned += bin["records"].get<uint64_t>();
  }
  EXPECT_EQ(binned, (*document)["records"].get<uint64_t>());
}

// Against the same sum over the answers of the records themselves.
TEST_F(InspectJob, UnigramEntropyIsThatOfTheAnswers) {
  std::map<int64_t, double> answers;
  double predictions = 0;
  for (const char *name : {"records/part-00000-of-00002.tfrecord",
                           "records/part-00001-of-00002.tfrecord"}) {
    StatusOr<TfRecordReader> reader = TfRecordReader::open(folder_.file(name));
    ASSERT_TRUE(reader.ok()) << reader.status().message();
    std::string_view bytes;
    while (*reader->next(&bytes)) {
      ExampleView example;
      ASSERT_TRUE(example.parse(bytes).ok());
      StatusOr<PretrainRecord> record = readPretrainRecord(example);
      ASSERT_TRUE(record.ok());
      for (size_t i = 0; i < record->predictions(); ++i) {
        ++answers[record->maskedIds[i]];
        ++predictions;
      }
    }
  }
  double entropy = 0;
  for (const auto &[id, count] : answers) {
    entropy -= count / predictions * std::log(count / predictions);
  }
  StatusOr<Json> document = inspect(false);
  ASSERT_TRUE(document.ok()) << document.status().message();
  EXPECT_GT(entropy, 1.0);
  EXPECT_NEAR((*document)["unigram_entropy"].get<double>(), entropy, 1e-9);
}

TEST_F(InspectJob, FlippedByteIsFoundByItsChecksum) {
  std::string bytes = folder_.read(shard());
  bytes[bytes.size() / 2] ^= 4;
  folder_.write(shard(), bytes);
  StatusOr<Json> document = inspect(false);
  ASSERT_FALSE(document.ok());
  EXPECT_EQ(document.status().code(), StatusCode::Corrupt);
  EXPECT_THAT(document.status().message(), HasSubstr(shard()));
  EXPECT_THAT(document.status().message(), HasSubstr("checksum"));
}

TEST_F(InspectJob, FileCutBetweenRecordsIsFoundByItsManifest) {
  StatusOr<std::vector<uint64_t>> offsets =
      recordOffsets(folder_.file(shard()));
  ASSERT_TRUE(offsets.ok());
  folder_.write(shard(), folder_.read(shard()).substr(0, offsets->back()));
  EXPECT_TRUE(inspect(false).ok());
  StatusOr<Json> document = inspect(true);
  ASSERT_FALSE(document.ok());
  EXPECT_EQ(document.status().code(), StatusCode::Corrupt);
  EXPECT_THAT(document.status().message(),
              HasSubstr("part-00001-of-00002.tfrecord"));
}

TEST_F(InspectJob, IdsBeyondTheVocabularyAreFound) {
  StatusOr<Json> document =
      inspect(true, folder_.write("small.txt", numberedVocabulary(50)));
  ASSERT_FALSE(document.ok());
  EXPECT_THAT(document.status().message(), HasSubstr("record 0 at offset 0"));
  EXPECT_THAT(document.status().message(),
              HasSubstr("outside the vocabulary of 50 tokens"));
}

TEST_F(InspectJob, FolderWithoutRecordsIsAnError) {
  InspectJobOptions options;
  options.inputs = {folder_.path()};
  StatusOr<Json> document = runInspectJob(options);
  ASSERT_FALSE(document.ok());
  EXPECT_EQ(document.status().code(), StatusCode::NotFound);
}

} // namespace
} // namespace bertc
