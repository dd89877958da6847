// SPDX-License-Identifier: Apache-2.0
//
// TFRecord: bytes as TensorFlow writes them, and every kind of damage.
#include "io/TfRecord.h"
#include "test/unit/io/TestSupport.h"

#include <gmock/gmock.h>

namespace bertc {
namespace {

using test::errorOf;
using ::testing::HasSubstr;

std::string writeRecords(const std::string &path,
                         const std::vector<std::string> &records) {
  auto writer = TfRecordWriter::create(path);
  EXPECT_OK(writer);
  for (const std::string &record : records) {
    EXPECT_OK(writer->append(record));
  }
  auto info = writer->finish();
  EXPECT_OK(info);
  EXPECT_EQ(info->records, records.size());
  std::string bytes = test::get(path);
  EXPECT_EQ(info->bytes, bytes.size());
  EXPECT_EQ(info->sha256, toHex(Sha256::of(bytes.data(), bytes.size())));
  return bytes;
}

struct ReadResult {
  std::vector<std::string> records;
  std::string error = "no error";
  uint64_t skipped = 0;
};

ReadResult readRecords(const std::string &path, uint64_t skip, bool direct) {
  ReadResult result;
  TfRecordReader::Options options;
  options.skipCorrupt = skip;
  options.direct = direct;
  auto reader = TfRecordReader::open(path, options);
  EXPECT_OK(reader);
  std::string_view record;
  for (;;) {
    auto more = reader->next(&record);
    if (!more.ok()) {
      EXPECT_EQ(more.status().code(), StatusCode::Corrupt);
      EXPECT_THAT(more.status().message(), HasSubstr(path));
      result.error = more.status().message();
      break;
    }
    if (!*more) {
      break;
    }
    result.records.emplace_back(record);
  }
  result.skipped = reader->skippedCount();
  return result;
}

/// Through the page cache and past it, which must make no difference.
ReadResult readRecords(const std::string &path, uint64_t skip = 0) {
  ReadResult cached = readRecords(path, skip, false);
  ReadResult direct = readRecords(path, skip, true);
  EXPECT_EQ(cached.records, direct.records);
  EXPECT_EQ(cached.error, direct.error);
  EXPECT_EQ(cached.skipped, direct.skipped);
  return cached;
}

// A file made by TensorFlow 2's TFRecordWriter with the records "", "abc".
TEST(TfRecord, BytesAreTensorFlows) {
  test::TemporaryFolder folder;
  std::string bytes = writeRecords(folder.file("a"), {"", "abc"});
  const unsigned char golden[] = {
      0,    0,    0,    0,    0,   0,   0,   0,    0x29, 0x03, 0x98, 0x07,
      0xd8, 0xea, 0x82, 0xa2, 3,   0,   0,   0,    0,    0,    0,    0,
      0xb0, 0x99, 0x49, 0x0e, 'a', 'b', 'c', 0x6e, 0x57, 0xf1, 0x21};
  EXPECT_EQ(bytes, std::string(reinterpret_cast<const char *>(golden),
                               sizeof(golden)));
}

TEST(TfRecord, RoundTripsAllSizes) {
  test::TemporaryFolder folder;
  test::Seeded random(4);
  std::vector<std::string> records;
  for (int i = 0; i < 200; ++i) {
    records.push_back(random.bytes(random.below(3000)));
  }
  records.push_back(random.bytes((3 << 20) + 5)); // larger than the buffer
  records.push_back("end");
  std::string path = folder.file("a");
  writeRecords(path, records);
  EXPECT_EQ(readRecords(path).records, records);
  auto offsets = recordOffsets(path);
  ASSERT_OK(offsets);
  ASSERT_EQ(offsets->size(), records.size());
  auto reader = TfRecordReader::open(path);
  ASSERT_OK(reader);
  for (int i = 0; i < 50; ++i) {
    size_t which = random.below(records.size());
    ASSERT_OK(reader->seek((*offsets)[which]));
    std::string_view record;
    auto more = reader->next(&record);
    ASSERT_OK(more);
    EXPECT_EQ(record, records[which]);
  }
  EXPECT_THAT(errorOf(reader->seek(1u << 30)), HasSubstr("cannot continue"));
}

TEST(TfRecord, FramedBlocksEqualSingleRecords) {
  test::TemporaryFolder folder;
  std::string framed;
  frameRecord("one", &framed);
  frameRecord("two", &framed);
  auto writer = TfRecordWriter::create(folder.file("b"));
  ASSERT_OK(writer);
  ASSERT_OK(writer->appendFramed(framed, 2));
  ASSERT_OK(writer->finish());
  EXPECT_EQ(writeRecords(folder.file("a"), {"one", "two"}),
            test::get(folder.file("b")));
}

TEST(TfRecord, EveryTruncationIsSeenExceptAtBoundaries) {
  test::TemporaryFolder folder;
  std::string path = folder.file("a");
  std::string bytes = writeRecords(path, {"first", "second one", "x"});
  auto offsets = recordOffsets(path);
  ASSERT_OK(offsets);
  for (size_t length = 0; length < bytes.size(); ++length) {
    test::put(path, bytes.substr(0, length));
    bool boundary =
        length == 0 || length == (*offsets)[1] || length == (*offsets)[2];
    ReadResult result = readRecords(path);
    EXPECT_EQ(result.error == "no error", boundary) << length;
    EXPECT_EQ(recordOffsets(path).ok(), boundary) << length;
    if (!boundary) {
      EXPECT_THAT(result.error, HasSubstr("truncated"));
    }
  }
}

TEST(TfRecord, EveryBitFlipIsSeenAndNamed) {
  test::TemporaryFolder folder;
  std::string path = folder.file("a");
  std::string bytes = writeRecords(path, {"first", "second one", "x"});
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    test::put(path, damaged);
    ReadResult result = readRecords(path);
    EXPECT_THAT(result.error, HasSubstr("offset")) << bit;
    EXPECT_THAT(result.error, HasSubstr("the checksum of the ")) << bit;
  }
}

TEST(TfRecord, SkipsCorruptRecordsWithinTheBudget) {
  test::TemporaryFolder folder;
  std::string path = folder.file("a");
  std::string bytes = writeRecords(path, {"one", "two", "three", "four"});
  bytes[12] ^= 1;         // data of "one"
  bytes[19 * 2 + 3] ^= 1; // length of "three"
  test::put(path, bytes);
  ReadResult result = readRecords(path, 2);
  EXPECT_EQ(result.error, "no error");
  EXPECT_EQ(result.skipped, 2u);
  EXPECT_EQ(result.records, (std::vector<std::string>{"two", "four"}));
  result = readRecords(path, 1);
  EXPECT_THAT(result.error, HasSubstr("after skipping 1 corrupt records"));
  EXPECT_EQ(result.records, (std::vector<std::string>{"two"}));
  EXPECT_THAT(readRecords(path).error,
              HasSubstr("offset 0: the checksum of the data is wrong"));
}

TEST(TfRecord, MutationsNeverCrashAndNeverPassWrongData) {
  test::TemporaryFolder folder;
  test::Seeded random(5);
  std::string path = folder.file("a");
  std::vector<std::string> records = {"alpha", "", "gamma gamma", "d"};
  std::string bytes = writeRecords(path, records);
  for (int i = 0; i < 4000; ++i) {
    test::put(path, test::mutate(bytes, random));
    ReadResult result = readRecords(path, random.below(4));
    for (const std::string &record : result.records) {
      EXPECT_THAT(records, ::testing::Contains(record));
    }
  }
}

TEST(TfRecord, MissingFileIsNotFound) {
  auto reader = TfRecordReader::open("/nonexistent/file");
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.status().code(), StatusCode::NotFound);
}

} // namespace
} // namespace bertc
