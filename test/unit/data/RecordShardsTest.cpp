// SPDX-License-Identifier: Apache-2.0
#include "data/RecordShards.h"

#include <gmock/gmock.h>

#include "io/Files.h"
#include "test/unit/data/TestFolder.h"

namespace bertc {
namespace {

using ::testing::ElementsAre;

TEST(PretrainEncoder, PadsToTheFixedShapes) {
  InstanceOptions options;
  options.maxSeqLength = 8;
  options.maxPredictionsPerSeq = 3;
  PretrainEncoder encoder(options, 0);
  PretrainInstance instance;
  instance.ids = {2, 7, 3, 4, 9, 3};
  instance.firstSegment = 3;
  instance.isRandomNext = true;
  instance.maskedPositions = {3};
  instance.maskedLabels = {8};
  std::string record;
  encoder.encode(instance, &record);
  ExampleView example;
  ASSERT_TRUE(example.parse(record).ok());
  EXPECT_EQ(example.features().size(), 7U);
  EXPECT_THAT(example.find("input_ids")->int64s(),
              ElementsAre(2, 7, 3, 4, 9, 3, 0, 0));
  EXPECT_THAT(example.find("input_mask")->int64s(),
              ElementsAre(1, 1, 1, 1, 1, 1, 0, 0));
  EXPECT_THAT(example.find("segment_ids")->int64s(),
              ElementsAre(0, 0, 0, 1, 1, 1, 0, 0));
  EXPECT_THAT(example.find("masked_lm_positions")->int64s(),
              ElementsAre(3, 0, 0));
  EXPECT_THAT(example.find("masked_lm_ids")->int64s(), ElementsAre(8, 0, 0));
  EXPECT_THAT(example.find("masked_lm_weights")->floats(),
              ElementsAre(1, 0, 0));
  EXPECT_THAT(example.find("next_sentence_labels")->int64s(), ElementsAre(1));
}

/// Writes records "0", "1", ... in slices of seven.
Status writeNumbers(ShardWriter &writer, int count) {
  std::string framed;
  std::vector<size_t> ends;
  for (int i = 0; i < count; ++i) {
    frameRecord(std::to_string(i), &framed);
    ends.push_back(framed.size());
    if (ends.size() == 7 || i + 1 == count) {
      BERTC_RETURN_IF_ERROR(writer.append(framed, ends));
      framed.clear();
      ends.clear();
    }
  }
  return writer.finish();
}

std::string recordsOf(const std::string &path) {
  StatusOr<TfRecordReader> reader = TfRecordReader::open(path);
  EXPECT_TRUE(reader.ok()) << reader.status().message();
  std::string joined;
  std::string_view record;
  for (;;) {
    StatusOr<bool> more = reader->next(&record);
    EXPECT_TRUE(more.ok());
    if (!more.ok() || !*more) {
      return joined;
    }
    joined += (joined.empty() ? "" : " ") + std::string(record);
  }
}

TEST(ShardWriter, ShardsAreContiguousAndEven) {
  TestFolder folder;
  ShardTarget target;
  target.folder = folder.file("out");
  target.shards = 3;
  StatusOr<ShardWriter> writer = ShardWriter::create(target, 10);
  ASSERT_TRUE(writer.ok()) << writer.status().message();
  ASSERT_TRUE(writeNumbers(*writer, 10).ok());
  EXPECT_FALSE(fileExists(folder.file("out/part-00000-of-00003.tfrecord")));
  ASSERT_TRUE(writer->publish({{"seed", "1"}}).ok());
  EXPECT_EQ(recordsOf(folder.file("out/part-00000-of-00003.tfrecord")),
            "0 1 2 3");
  EXPECT_EQ(recordsOf(folder.file("out/part-00001-of-00003.tfrecord")),
            "4 5 6");
  EXPECT_EQ(recordsOf(folder.file("out/part-00002-of-00003.tfrecord")),
            "7 8 9");
  EXPECT_TRUE(verifyManifest(folder.file("out"), ManifestCheck::Hashes).ok());
  EXPECT_EQ(folder.names(),
            "out out/part-00000-of-00003.tfrecord "
            "out/part-00001-of-00003.tfrecord "
            "out/part-00002-of-00003.tfrecord out_manifest.json");
}

TEST(ShardWriter, NothingIsLeftWithoutPublish) {
  TestFolder folder;
  ShardTarget target;
  target.folder = folder.file("out");
  {
    StatusOr<ShardWriter> writer = ShardWriter::create(target, 10);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE(writeNumbers(*writer, 10).ok());
  }
  EXPECT_EQ(folder.names(), "");
}

TEST(ShardWriter, NamedFilesEachGetAManifest) {
  TestFolder folder;
  ShardTarget target;
  target.files = {folder.file("a.tfrecord"), folder.file("b.tfrecord")};
  StatusOr<ShardWriter> writer = ShardWriter::create(target, 3);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writeNumbers(*writer, 3).ok());
  EXPECT_FALSE(fileExists(target.files[0]));
  ASSERT_TRUE(writer->publish({}).ok());
  EXPECT_EQ(recordsOf(target.files[0]), "0 1");
  EXPECT_EQ(recordsOf(target.files[1]), "2");
  EXPECT_TRUE(verifyManifest(target.files[0], ManifestCheck::Hashes).ok());
  EXPECT_TRUE(verifyManifest(target.files[1], ManifestCheck::Hashes).ok());
}

TEST(ShardWriter, FolderWithContentIsRefused) {
  TestFolder folder;
  ASSERT_TRUE(makeDirectories(folder.file("out")).ok());
  ShardTarget target;
  target.folder = folder.file("out");
  EXPECT_TRUE(ShardWriter::check(target).ok());
  folder.write("out/x", "");
  Status status = ShardWriter::check(target);
  EXPECT_EQ(status.code(), StatusCode::FailedPrecondition);
  EXPECT_EQ(status.message(), folder.file("out") +
                                  ": already there and not an empty folder; "
                                  "remove it or name another output folder");
}

TEST(ShardWriter, LeftoversOfDeadRunsAreRemoved) {
  TestFolder folder;
  // No process has a number this large.
  ASSERT_TRUE(makeDirectories(folder.file(".out.partial-999999999")).ok());
  folder.write(".out.partial-999999999/part", "x");
  ShardTarget target;
  target.folder = folder.file("out");
  StatusOr<ShardWriter> writer = ShardWriter::create(target, 1);
  ASSERT_TRUE(writer.ok());
  EXPECT_FALSE(directoryExists(folder.file(".out.partial-999999999")));
}

TEST(ShardWriter, FewerRecordsThanShardsMakeFewerShards) {
  TestFolder folder;
  ShardTarget target;
  target.folder = folder.file("out");
  target.shards = 8;
  StatusOr<ShardWriter> writer = ShardWriter::create(target, 2);
  ASSERT_TRUE(writer.ok());
  EXPECT_EQ(writer->shardCount(), 2U);
}

} // namespace
} // namespace bertc
