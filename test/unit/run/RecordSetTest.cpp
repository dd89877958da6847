// SPDX-License-Identifier: Apache-2.0
#include "run/RecordSet.h"

#include "io/Manifest.h"
#include "test/unit/run/RecordFiles.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace bertc;
using testing::HasSubstr;

namespace {

std::string readNumber(const RecordSet &records, uint64_t index) {
  std::string buffer;
  std::string_view bytes;
  Status status = records.read(index, &buffer, &bytes);
  if (!status.ok()) {
    return status.message();
  }
  ExampleView example;
  EXPECT_TRUE(example.parse(bytes).ok());
  return std::to_string(example.find("input_ids")->int64s()[0]);
}

void flipByte(const std::string &path, uint64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  char byte = static_cast<char>(file.get());
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(static_cast<char>(byte ^ 1));
}

TEST(RecordSetTest, numbersRecordsFileByFile) {
  std::string folder = test::freshFolder();
  test::writeRecords(folder + "/b.tfrecord", 3, 2);
  test::writeRecords(folder + "/a.tfrecord", 0, 3);
  auto records = RecordSet::open({folder}, {});
  ASSERT_TRUE(records.ok()) << records.status().message();
  ASSERT_EQ((*records)->size(), 5u);
  for (uint64_t i = 0; i < 5; ++i) {
    EXPECT_EQ(readNumber(**records, i), std::to_string(i));
  }
}

TEST(RecordSetTest, namesFileAndOffsetOfACorruptRecord) {
  std::string folder = test::freshFolder();
  std::string path = folder + "/a.tfrecord";
  uint64_t bytes = test::writeRecords(path, 0, 3).bytes;
  flipByte(path, bytes - 20);
  auto records = RecordSet::open({path}, {});
  ASSERT_TRUE(records.ok());
  EXPECT_EQ(readNumber(**records, 1), "1");
  std::string message = readNumber(**records, 2);
  EXPECT_THAT(message, HasSubstr(path + ", record at offset "));
  EXPECT_THAT(message, HasSubstr("checksum of the record's bytes"));
}

TEST(RecordSetTest, skipsCorruptRecordsWithinTheBudget) {
  std::string folder = test::freshFolder();
  std::string path = folder + "/a.tfrecord";
  uint64_t bytes = test::writeRecords(path, 0, 4).bytes;
  flipByte(path, bytes / 4 + 40); // inside record 1
  RecordSet::Options options;
  options.skipCorrupt = 1;
  auto records = RecordSet::open({path}, options);
  ASSERT_TRUE(records.ok()) << records.status().message();
  EXPECT_EQ((*records)->skipped(), 1u);
  ASSERT_EQ((*records)->size(), 3u);
  EXPECT_EQ(readNumber(**records, 0), "0");
  EXPECT_EQ(readNumber(**records, 1), "2");
  EXPECT_EQ(readNumber(**records, 2), "3");

  flipByte(path, bytes - 20); // a second one is too much
  EXPECT_EQ(RecordSet::open({path}, options).status().code(),
            StatusCode::Corrupt);
}

TEST(RecordSetTest, refusesASetThatIsNotItsManifests) {
  std::string folder = test::freshFolder();
  RecordFileInfo a = test::writeRecords(folder + "/a.tfrecord", 0, 3);
  RecordFileInfo b = test::writeRecords(folder + "/b.tfrecord", 3, 3);
  ASSERT_TRUE(writeManifest(manifestPath(folder), makeManifest({a, b})).ok());
  ASSERT_TRUE(RecordSet::open({folder}, {}).ok());
  ASSERT_TRUE(removeFile(folder + "/b.tfrecord").ok());
  auto records = RecordSet::open({folder}, {});
  EXPECT_EQ(records.status().code(), StatusCode::Corrupt);
  EXPECT_THAT(records.status().message(), HasSubstr("b.tfrecord"));
  ASSERT_TRUE(removeFile(manifestPath(folder)).ok());
}

TEST(RecordSetTest, refusesASetWithoutRecords) {
  std::string folder = test::freshFolder();
  test::writeRecords(folder + "/a.tfrecord", 0, 0);
  auto records = RecordSet::open({folder + "/a.tfrecord"}, {});
  EXPECT_EQ(records.status().code(), StatusCode::Corrupt);
  EXPECT_THAT(records.status().message(), HasSubstr("no record in 1 file"));
}

TEST(RecordSetTest, identityFollowsContentNotPlace) {
  std::string folder = test::freshFolder();
  ASSERT_TRUE(makeDirectories(folder + "/x").ok());
  ASSERT_TRUE(makeDirectories(folder + "/y").ok());
  test::writeRecords(folder + "/x/a.tfrecord", 0, 3);
  test::writeRecords(folder + "/y/a.tfrecord", 0, 3);
  auto x = RecordSet::open({folder + "/x"}, {});
  auto y = RecordSet::open({folder + "/y"}, {});
  EXPECT_EQ((*x)->identity().digest, (*y)->identity().digest);
  test::writeRecords(folder + "/y/a.tfrecord", 0, 4);
  auto longer = RecordSet::open({folder + "/y"}, {});
  EXPECT_NE((*x)->identity().digest, (*longer)->identity().digest);
}

} // namespace
